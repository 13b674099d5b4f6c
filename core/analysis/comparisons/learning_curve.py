"""Would more training images help? Accuracy against their number, and what it promises beyond.

The error of a learner falls with the number of training images n about as a + b n^-c. Fits on
random parts of the training images show where on this curve one stands; the curve goes on a little
further than they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Bools, Floats, Ints, level_share
from core.analysis.comparisons.power_law import PowerLaw, check_fits, fit_many, fit_power_law
from core.errors import InvalidInput
from core.language import t

FACTORS = (2, 4)  # times the present number; beyond the last nothing is said
LEAST_GAIN = 0.0005  # a twentieth of a point: what prints as nothing counts as nothing
_N_DRAWN = 60

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True, eq=False)
class LearningCurve:
    """Accuracy against the number of training images, measured and expected.

    Attributes
    ----------
    n_test : int
        Images that every fit answered.
    sizes, n_fits : array of int64, shape (n_sizes,)
        Training images, ascending, and how many fits there were with so many.
    accuracies : list of Estimate, length n_sizes
        As measured: the mean over the fits.
    law : PowerLaw
    drawn, expected : array of float64, shape (n_drawn,)
        Numbers of training images from the smallest size to the last factor, and the accuracy
        that the law expects.
    band : array of float64, shape (n_drawn, 2)
        95 % interval of `expected`.
    reached, gains : mapping of factor to Estimate
        Accuracy at so many times the present number, and what that is above the law's present.
    """

    n_test: int
    sizes: Ints
    n_fits: Ints
    accuracies: list[Estimate]
    law: PowerLaw
    drawn: Floats
    expected: Floats
    band: Floats
    reached: Mapping[int, Estimate]
    gains: Mapping[int, Estimate]

    @property
    def n_train(self) -> int:
        """Training images there are."""
        return int(self.sizes[-1])

    @property
    def promises(self) -> bool:
        """Whether the interval of the gain at twice the images is above nothing."""
        return self.gains[FACTORS[0]].interval[0] >= LEAST_GAIN


def learning_curve(
    n_train: ArrayLike,
    right: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> LearningCurve:
    """Fit a learning curve and say what two and four times the images would bring.

    Parameters
    ----------
    n_train : array of int, shape (n_fits,)
        Training images of each fit; at least 3 different numbers. The largest is the present one.
    right : array of bool, shape (n_fits, n_test)
        Which test images each fit answered rightly; the same images in the same order.

    Raises
    ------
    InvalidInput
        If there is no test image, shapes do not fit, or there are fewer than 3 different sizes.

    Notes
    -----
    Each resample draws test images anew, the same for all fits, because all fits answered them:
    an image that is hard for every fit moves the whole curve and no gain. It then adds what the
    draw of training images does. Its variance is z/n for n images, and z is how much more fits of
    one size differ than their answers to so many test images explain; parts of all images are
    drawn without replacement, so they differ by z (1/n - 1/N) only. Each size gets its own draw,
    and the whole curve that of the N images there are. Then the law is fitted again, and the
    intervals are percentiles.

    Resampled curves may have an asymptote below zero. Two to four times the images are far from
    any asymptote, and holding it at zero flattens curves that still fall steadily: where the error
    falls as n^-0.3, intervals of the gain then held the truth in 88 % of simulations, and in 96 %
    without. One image is added to the test images, in equal parts wrong throughout, right from each
    size on, and right throughout: where all fits agree, no resample would show that others may not.

    The interval knows nothing of curves that are no power law.
    """
    n, answers = np.asarray(n_train, dtype=np.int64), _answers(right)
    check_fits(n, answers.shape[:1])
    sizes, size_of, n_fits = np.unique(n, return_inverse=True, return_counts=True)
    share = np.stack([answers[size_of == k].mean(axis=0) for k in range(len(sizes))])
    rng = np.random.default_rng(seed)
    errors = _resampled(sizes, n_fits, share, draw_variance(n, answers), n_resamples, rng)
    law, curves = fit_power_law(n, 1.0 - answers.mean(axis=1)), fit_many(sizes, n_fits, errors)
    tails = [(1.0 - level_share(level)) / 2.0, (1.0 + level) / 2.0]
    ends = sizes[-1] * np.array(FACTORS)
    drawn = np.geomspace(sizes[0], ends[-1], _N_DRAWN)
    expected, at_ends = 1.0 - law.error(ends), 1.0 - curves.error(ends)
    gain = expected - (1.0 - law.error(sizes[-1]))
    gains = at_ends - (1.0 - curves.error(sizes[-1:]))
    return LearningCurve(
        n_test=answers.shape[1],
        sizes=sizes,
        n_fits=n_fits.astype(np.int64),
        accuracies=_estimates(share.mean(axis=1), 1.0 - errors, tails),
        law=law,
        drawn=drawn,
        expected=1.0 - law.error(drawn),
        band=np.quantile(1.0 - curves.error(drawn), tails, axis=0).T,
        reached=dict(zip(FACTORS, _estimates(expected, at_ends, tails), strict=True)),
        gains=dict(zip(FACTORS, _estimates(gain, gains, tails), strict=True)),
    )


def draw_variance(n_train: Ints, right: Bools) -> float:
    """Return z: the accuracy of a fit on n images drawn at random has variance z/n.

    Notes
    -----
    By moments, from the sizes with two fits or more and pooled over them, the small ones first:
    they were drawn most freely. 0 where fits of one size differ no more than the finite number of
    test images explains.
    """
    n_all, n_test = n_train.max(), right.shape[1]
    above = total = 0.0
    for n in np.unique(n_train):
        rows = right[n_train == n].astype(np.float64)
        freely, n_more = 1.0 / n - 1.0 / n_all, len(rows) - 1
        if not n_more or not freely:
            continue
        between = rows.mean(axis=1).var(ddof=1)
        by_images = rows.var(axis=0, ddof=1).mean() - between  # how fits differ about an image
        above += n_more * freely * (between - by_images / n_test)
        total += n_more * freely**2
    return float(max(0.0, above / total)) if total else 0.0


def _resampled(
    sizes: Ints, n_fits: Ints, share: Floats, z: float, n_resamples: int, rng: np.random.Generator
) -> Floats:
    """Return mean errors at each size as other images would give them, (n_resamples, n_sizes)."""
    n_sizes, n_test = share.shape
    kinds, n_of_kind = np.unique(share, axis=1, return_counts=True)
    added = np.tri(n_sizes + 1, n_sizes, -1)[:, ::-1].T  # right from none, one, ... size on
    weights = np.concatenate([n_of_kind, np.full(n_sizes + 1, 1.0 / (n_sizes + 1))])
    images = rng.multinomial(n_test, weights / weights.sum(), size=n_resamples) / n_test
    accuracy = images @ np.concatenate([kinds, added], axis=1).T
    own = rng.normal(size=accuracy.shape) * np.sqrt(z / (sizes * n_fits))
    common = rng.normal(size=(n_resamples, 1)) * np.sqrt(z / sizes[-1])
    return np.asarray(np.clip(1.0 - accuracy + own + common, 0.0, 1.0))


def _estimates(values: Floats, resampled: Floats, tails: list[float]) -> list[Estimate]:
    """Return each value with percentiles of its column; the value is never outside."""
    low, high = np.quantile(resampled, tails, axis=0)
    bounds = zip(np.minimum(low, values), np.maximum(high, values), strict=True)
    return [
        Estimate(float(v), (float(lo), float(hi)))
        for v, (lo, hi) in zip(values, bounds, strict=True)
    ]


def _answers(right: ArrayLike) -> Bools:
    answers = np.asarray(right)
    if answers.ndim != 2 or answers.dtype != np.bool_ or not answers.shape[1]:
        raise InvalidInput(
            t("right must say right or wrong for each fit and test image"),
            expected=t("booleans of shape (n_fits, n_test), at least one image"),
            received=t(
                "shape {shape} of {dtype}", shape=str(answers.shape), dtype=str(answers.dtype)
            ),
        )
    return answers
