"""Would more training images help? Accuracy against their number, and what it promises beyond.

The error of a learner falls with the number of training images n about as a + b n^-c. Fits on
random parts of the training images show where on this curve one stands; the curve goes on a little
further than they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from core.analysis._checks import Bools, Floats, Ints, class_indices, level_share
from core.analysis.splits import assign_splits
from core.errors import InvalidInput, NotReady

REPEATS = (5, 4, 3, 2, 1)  # fits of each size, the smallest first: small parts differ most
FACTORS = (2, 4)  # times the present number; beyond the last nothing is said
LEAST_GAIN = 0.0005  # a twentieth of a point: what prints as nothing counts as nothing
_LEAST_SHARE = 0.1  # of the training images
_LEAST_OF_CLASS = 2  # images, in the smallest part
_LEAST_SIZES = 3  # the curve has three parameters
_EXPONENTS = (0.05, 2.0)  # nearly a logarithm to nearly a step; most that are reported lie in 0.2-1
_LOWEST = -1.0  # asymptote of a resampled curve, see `learning_curve`
_N_GRID, _N_DRAWN = 40, 60

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Error of a learner after n training images: asymptote + scale * n^-exponent."""

    asymptote: float
    scale: float
    exponent: float

    def error(self, n_train: ArrayLike) -> Floats:
        """Return the expected share of wrong answers, of the shape of `n_train`."""
        n = np.asarray(n_train, dtype=np.float64)
        return np.asarray(np.clip(self.asymptote + self.scale * n**-self.exponent, 0.0, 1.0))


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


def subsets(
    y: ArrayLike,
    *,
    groups: Sequence[str | None] | None = None,
    keys: Sequence[str] | None = None,
    seed: int,
) -> list[Ints]:
    """Draw the parts of the training images that a learning curve is fitted on.

    Parameters
    ----------
    y : array of int, shape (n_images,)
        Class of each training image, from 0.
    groups, keys : sequence, optional
        As in `core.analysis.splits.assign_splits`: a group is taken whole or not at all.
    seed : int
        Another seed, another draw.

    Returns
    -------
    list of array of int64
        Ascending rows; the smallest parts first, all images last. Sizes rise by a constant factor
        from a tenth (more where that would be fewer than 2 images of a class) to all.

    Raises
    ------
    NotReady
        If a class has fewer than 4 images, or groups leave fewer than 3 sizes.

    Notes
    -----
    Stratified. Without groups the parts of one repeat are nested. A part that lacks a class
    (groups can do that) is left out: it cannot be trained.
    """
    given = np.asarray(y)
    classes = class_indices(given, int(given.max(initial=0)) + 1, "y")
    n_of_class = np.bincount(classes)
    fewest = int(n_of_class[n_of_class > 0].min(initial=len(classes)))
    if fewest < 2 * _LEAST_OF_CLASS:
        raise _too_few(f"{fewest} of one class")
    smallest = max(_LEAST_SHARE, _LEAST_OF_CLASS / fewest)
    labels = [str(c) for c in classes.tolist()]
    parts = []
    for share, n_repeats in zip(np.geomspace(smallest, 1, len(REPEATS)), REPEATS, strict=True):
        for repeat in range(n_repeats):
            if share >= 1:
                parts.append(np.arange(len(classes), dtype=np.int64))
                continue
            drawn = assign_splits(
                labels,
                groups,
                shares=(share, 0.0, 1.0 - share),
                seed=int(np.random.SeedSequence((seed, repeat)).generate_state(1)[0]),
                keys=keys,
            )
            rows = np.flatnonzero(drawn == "train")
            if (np.bincount(classes[rows], minlength=len(n_of_class)) > 0).sum() == (
                n_of_class > 0
            ).sum():
                parts.append(rows)
    if len({len(rows) for rows in parts}) < _LEAST_SIZES:
        raise _too_few("groups so large that no small part has every class")
    return parts


def _too_few(received: str) -> NotReady:
    return NotReady(
        "there are too few training images for a learning curve",
        expected=f"{2 * _LEAST_OF_CLASS} or more of every class, in several groups",
        received=received,
        todo="add images, or merge the class into another",
    )


def fit_power_law(n_train: ArrayLike, error: ArrayLike) -> PowerLaw:
    """Fit error = a + b n^-c by weighted least squares, each fit weighted by its n.

    Parameters
    ----------
    n_train : array of int, shape (n_fits,)
        Training images of each fit; at least 3 different numbers.
    error : array of float, shape (n_fits,)
        Share of test images that it got wrong.

    Returns
    -------
    PowerLaw
        With a in [0, 1], b >= 0 and c in [0.05, 2]. A curve that does not fall has b = 0.

    Raises
    ------
    InvalidInput
        If lengths differ, or there are fewer than 3 different sizes.

    Notes
    -----
    How much fits of one size differ falls about as 1/n, so n is the weight. Given c the rest is
    linear and solved at once; c is searched for on a grid and then between its neighbours.

    References
    ----------
    C. Cortes, L. Jackel, S. Solla, V. Vapnik, J. Denker, "Learning curves: asymptotic values and
    rate of convergence", NIPS 1993.
    T. Viering, M. Loog, "The shape of learning curves: a review", 2022.
    G. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate", 1973.

    Examples
    --------
    >>> law = fit_power_law([100, 200, 400, 800], [0.1 + 2 * n**-0.5 for n in (100, 200, 400, 800)])
    >>> round(law.asymptote, 3), round(law.scale, 3), round(law.exponent, 3)
    (0.1, 2.0, 0.5)
    """
    n, errors = np.asarray(n_train, dtype=np.float64), np.asarray(error, dtype=np.float64)
    _check_fits(n, errors.shape)
    rows, exponents = errors[None], np.geomspace(*_EXPONENTS, _N_GRID)

    def misfit(exponent: float) -> float:
        return float(_linear(n, n, rows, np.array([exponent]), 0.0)[2][0, 0])

    best = int(_linear(n, n, rows, exponents, 0.0)[2].argmin())
    bounds = exponents[[max(0, best - 1), min(_N_GRID - 1, best + 1)]]
    found = minimize_scalar(misfit, bounds=tuple(bounds), options={"xatol": 1e-6})
    c = float(found.x) if found.fun < misfit(exponents[best]) else float(exponents[best])
    a, b, _ = _linear(n, n, rows, np.array([c]), 0.0)
    return PowerLaw(float(a[0, 0]), float(b[0, 0] * n.max() ** c), c)


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
    _check_fits(n, answers.shape[:1])
    sizes, size_of, n_fits = np.unique(n, return_inverse=True, return_counts=True)
    share = np.stack([answers[size_of == k].mean(axis=0) for k in range(len(sizes))])
    rng = np.random.default_rng(seed)
    errors = _resampled(sizes, n_fits, share, draw_variance(n, answers), n_resamples, rng)
    law, curves = fit_power_law(n, 1.0 - answers.mean(axis=1)), _curves(sizes, n_fits, errors)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Curves:
    """Many power laws, in multiples of the present number of images: (n_curves, 1) each."""

    asymptote: Floats
    scale: Floats
    exponent: Floats
    present: int

    def error(self, n_train: ArrayLike) -> Floats:
        """Return each curve's errors, (n_curves, n_numbers)."""
        x = np.asarray(n_train, dtype=np.float64) / self.present
        return np.asarray(np.clip(self.asymptote + self.scale * x**-self.exponent, 0.0, 1.0))


def _curves(sizes: Ints, n_fits: Ints, errors: Floats) -> _Curves:
    """Fit a power law to each row of errors, (n_curves, n_sizes)."""
    exponents = np.geomspace(*_EXPONENTS, _N_GRID)
    a, b, misfits = _linear(sizes, sizes * n_fits, errors, exponents, _LOWEST)
    best = misfits.argmin(axis=1)[:, None]
    a, b = (np.take_along_axis(values, best, axis=1) for values in (a, b))
    return _Curves(a, b, exponents[best], int(sizes[-1]))


def _linear(
    n: NDArray[np.number], weights: NDArray[np.number], errors: Floats, c: Floats, lowest: float
) -> tuple[Floats, Floats, Floats]:
    """Return a, b and misfit of error = a + b (n / max n)^-c for each row and each exponent.

    With a >= lowest and b >= 0; `errors` is (n_rows, n), the answers are (n_rows, n_exponents).
    """
    x = (n / n.max()) ** -c[:, None]  # (n_exponents, n)
    w = weights / weights.sum()
    mean_x, mean_e = x @ w, (errors @ w)[:, None]
    spread = ((x - mean_x[:, None]) ** 2) @ w
    b = np.maximum(0.0, ((errors - mean_e) * w) @ x.T / spread)
    a = mean_e - b * mean_x
    held = np.maximum(0.0, ((errors - lowest) * w) @ x.T / (x**2 @ w))
    b, a = np.where(a < lowest, held, b), np.maximum(a, lowest)
    misfit = ((errors[:, None] - a[..., None] - b[..., None] * x) ** 2) @ w
    return a, b, misfit


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
            "right must say right or wrong for each fit and test image",
            expected="booleans of shape (n_fits, n_test), at least one image",
            received=f"shape {answers.shape} of {answers.dtype}",
        )
    return answers


def _check_fits(n_train: NDArray[np.number], shape: tuple[int, ...]) -> None:
    n_sizes = len(np.unique(n_train))
    if n_train.shape != shape or n_sizes < _LEAST_SIZES or n_train.min() < 1:
        raise InvalidInput(
            "these fits do not make a curve",
            expected=f"one number of training images for each fit, {_LEAST_SIZES} different ones",
            received=f"{n_train.size} numbers, {n_sizes} different, for fits of shape {shape}",
        )
