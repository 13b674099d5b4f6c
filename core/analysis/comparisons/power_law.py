"""How a learner's error falls with its training images, a + b n^-c: fitted to one curve or many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from core.analysis._checks import Floats, Ints
from core.errors import InvalidInput
from core.language import t

LEAST_SIZES = 3  # the law has three parameters
_EXPONENTS = (0.05, 2.0)  # nearly a logarithm to nearly a step; most that are reported lie in 0.2-1
_LOWEST = -1.0  # asymptote of a resampled curve, see `learning_curve`
_N_GRID = 40


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
    check_fits(n, errors.shape)
    rows, exponents = errors[None], np.geomspace(*_EXPONENTS, _N_GRID)

    def misfit(exponent: float) -> float:
        return float(_linear(n, n, rows, np.array([exponent]), 0.0)[2][0, 0])

    best = int(_linear(n, n, rows, exponents, 0.0)[2].argmin())
    bounds = exponents[[max(0, best - 1), min(_N_GRID - 1, best + 1)]]
    found = minimize_scalar(misfit, bounds=tuple(bounds), options={"xatol": 1e-6})
    c = float(found.x) if found.fun < misfit(exponents[best]) else float(exponents[best])
    a, b, _ = _linear(n, n, rows, np.array([c]), 0.0)
    return PowerLaw(float(a[0, 0]), float(b[0, 0] * n.max() ** c), c)


@dataclass(frozen=True, slots=True, eq=False)
class PowerLaws:
    """Many power laws, in multiples of the present number of images: (n_curves, 1) each."""

    asymptote: Floats
    scale: Floats
    exponent: Floats
    present: int

    def error(self, n_train: ArrayLike) -> Floats:
        """Return each curve's errors, (n_curves, n_numbers)."""
        x = np.asarray(n_train, dtype=np.float64) / self.present
        return np.asarray(np.clip(self.asymptote + self.scale * x**-self.exponent, 0.0, 1.0))


def fit_many(sizes: Ints, n_fits: Ints, errors: Floats) -> PowerLaws:
    """Fit a power law to each of many curves, as `fit_power_law`, on its grid of exponents only.

    Parameters
    ----------
    sizes, n_fits : array of int64, shape (n_sizes,)
        Training images, ascending, and how many fits each mean error stands for.
    errors : array of float64, shape (n_curves, n_sizes)
        Mean shares of test images that were answered wrongly.

    Returns
    -------
    PowerLaws
        With asymptotes in [-1, 1]; why they may be below zero says `learning_curve`.
    """
    exponents = np.geomspace(*_EXPONENTS, _N_GRID)
    a, b, misfits = _linear(sizes, sizes * n_fits, errors, exponents, _LOWEST)
    best = misfits.argmin(axis=1)[:, None]
    a, b = (np.take_along_axis(values, best, axis=1) for values in (a, b))
    return PowerLaws(a, b, exponents[best], int(sizes[-1]))


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


def check_fits(n_train: NDArray[np.number], shape: tuple[int, ...]) -> None:
    """Raise unless there is one number of training images a fit, of enough different ones.

    Raises
    ------
    InvalidInput
        If lengths differ, a number is not positive, or there are fewer than 3 different ones.
    """
    n_sizes = len(np.unique(n_train))
    if n_train.shape != shape or n_sizes < LEAST_SIZES or n_train.min() < 1:
        raise InvalidInput(
            t("these fits do not make a curve"),
            expected=t(
                "one number of training images for each fit, {n} different ones", n=LEAST_SIZES
            ),
            received=t(
                "{n} numbers, {n_sizes} different, for fits of shape {shape}",
                n=n_train.size,
                n_sizes=n_sizes,
                shape=str(shape),
            ),
        )
