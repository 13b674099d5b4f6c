"""How many images it takes to tell two models apart, and what the images at hand can tell."""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.stats import norm

from core.analysis._checks import level_share
from core.errors import InvalidInput
from core.language import t

POWER = 0.8  # chance to find a difference that is there; the usual choice


def images_needed(
    difference: float, discordant_share: float, *, alpha: float = 0.05, power: float = POWER
) -> int | None:
    """Return how many images McNemar's exact test takes to find a difference of accuracy.

    Parameters
    ----------
    difference : float in [-1, 1]
        Accuracy of A less that of B.
    discordant_share : float in [0, 1]
        Share of images that exactly one of the two gets right; at least |difference|.
    alpha : float in (0, 1)
        Two-sided level of the test. Of one of m pairs that are corrected by Holm: 0.05 / m, the
        most that Holm can ask.
    power : float in (0, 1)
        Chance that the test finds the difference.

    Returns
    -------
    int or None
        None where the difference is 0: no number of images shows one.

    Raises
    ------
    InvalidInput
        When a share is out of range, or the difference is larger than the discordant share.

    Notes
    -----
    Connor's formula, with the correction for continuity that the exact test needs: its statistic
    is |b - c| - 1, not |b - c|. Where the models differ in one direction only it asks for more
    than 80 % power takes: b + c is small then, and the normal distribution a poor likeness.

    References
    ----------
    R. J. Connor, "Sample size for testing differences in proportions for the paired-sample
    design", Biometrics 43, 1987. J. L. Fleiss, B. Levin, M. C. Paik, "Statistical methods for
    rates and proportions", 3rd edition, 2003: the same correction for other shares.

    Examples
    --------
    >>> images_needed(0.05, 0.15), images_needed(-0.05, 0.15), images_needed(0.0, 0.15)
    (508, 508, None)
    """
    d = abs(difference)
    if not d <= discordant_share <= 1.0:
        raise InvalidInput(
            t("the discordant share is out of range"),
            expected=t("a share from |difference| to 1"),
            received=t(
                "{share} with a difference of {difference}",
                share=discordant_share,
                difference=difference,
            ),
        )
    if d == 0.0:
        return None
    return math.ceil(_needed(d, discordant_share, level_share(alpha), level_share(power)))


def smallest_difference(
    n_images: int, discordant_share: float, *, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """Return the smallest difference of accuracy that so many images can tell.

    Parameters
    ----------
    n_images : int
        Images that both models answered.
    discordant_share : float in [0, 1]
        Share of images that exactly one of the two gets right. A difference cannot be larger, so
        where these are too few, models are thought of that differ in one direction only.
    alpha, power : float in (0, 1)
        As for `images_needed`, whose inverse this is.

    Returns
    -------
    float in (0, 1], or None
        None where even models that are never both right or both wrong could not be told apart.

    Raises
    ------
    InvalidInput
        When a share is out of range.

    References
    ----------
    As `images_needed`.

    Examples
    --------
    >>> round(smallest_difference(508, 0.15), 3)
    0.05
    >>> smallest_difference(3, 0.5) is None
    True
    """
    if not 0.0 <= discordant_share <= 1.0:
        raise InvalidInput(
            t("the discordant share is out of range"), expected=t("a share in [0, 1]"),
            received=str(discordant_share),
        )  # fmt: skip
    level, chance = level_share(alpha), level_share(power)

    def missing(d: float) -> float:
        return _needed(d, max(d, discordant_share), level, chance) - n_images

    if missing(1.0) > 0.0:
        return None
    return float(brentq(missing, 1e-9, 1.0))


def _needed(d: float, discordant: float, alpha: float, power: float) -> float:
    """Return n with n d - 1 = z_alpha sqrt(n p) + z_power sqrt(n (p - d^2)), p discordant."""
    spread = norm.ppf(1.0 - alpha / 2.0) * math.sqrt(discordant)
    spread += norm.ppf(power) * math.sqrt(discordant - d * d)
    root = (spread + math.sqrt(spread * spread + 4.0 * d)) / (2.0 * d)
    return float(root * root)
