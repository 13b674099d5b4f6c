"""What one image costs in a network: multiplications, parameters, numbers kept for learning.

The geometry is that of the modules that build the networks; tests hold the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.models.alexnet import FILTERS, ORIGINAL_FROM_PX
from core.models.cnn import SMALLEST_MAP_PX
from core.models.efficientnet_lite import DIM as EMBEDDING_DIM
from core.models.efficientnet_lite import STAGES, STEM

_N_BLOCKS = 4  # of Conv-4
_NORM_PARAMETERS = 4  # of each filter: scale, shift, mean, variance
_VALUES_KEPT = 3  # of each number of a map: before the norm, after it, after the ReLU


@dataclass(frozen=True, slots=True)
class Count:
    """What one image costs in some layers; counts of layers one after the other add up."""

    multiplications: float
    parameters: int
    values: float  # numbers that are kept until the gradient has passed

    def __add__(self, other: Count) -> Count:
        return Count(
            self.multiplications + other.multiplications,
            self.parameters + other.parameters,
            self.values + other.values,
        )


_NOTHING = Count(0.0, 0, 0.0)


def shrunk(size_px: int, input_px: int) -> int:
    """Return the side that a network sees, after averaging by a whole factor.

    Examples
    --------
    >>> shrunk(224, 64), shrunk(32, 64)
    (74, 32)
    """
    return size_px // max(1, size_px // input_px)


def head(dim: int, units: int, *, standardise: bool = False) -> Count:
    """Count a dense layer with a bias, perhaps after one that standardises."""
    parameters = (dim + 1) * units + (2 * dim if standardise else 0)
    return Count(dim * units, parameters, dim + units)


def cnn(side: int, width: int, n_classes: int) -> Count:
    """Count `core.models.cnn` for images of `side` pixels."""
    side = -(-side // (2 if side >= 64 else 1))
    total, filters, number = _convolve(side, 3, width, 3), width, 0
    while number < 4 and (side > SMALLEST_MAP_PX * 2 - 1 or number == 0):
        side, number = -(-side // 2), number + 1
        for n_in, kernel in ((filters, 1), (filters, 3), (2 * filters, 3)):
            total += _convolve(side, n_in, 2 * filters, kernel)
        filters *= 2
    return total + head(filters, n_classes)


def alexnet(
    side: int, width_share: float, dense_units: int, n_classes: int, *, norm: bool
) -> Count:
    """Count `core.models.alexnet`.

    Parameters
    ----------
    side : int
        Of the images, pixels.
    width_share, dense_units, norm
        Its options `width_share`, `dense_units` and `batch_norm`.
    n_classes : int
    """
    original, n_in, total = side >= ORIGINAL_FROM_PX, 3, _NOTHING
    for number, kernel in enumerate((11 if original else 5, 5, 3, 3, 3), start=1):
        filters = max(4, round(FILTERS[number - 1] * width_share))
        side = -(-side // (4 if original and number == 1 else 1))
        total += _convolve(side, n_in, filters, kernel, bias=True, norm=norm)
        if number <= 2 and not norm:
            total += Count(side**2 * filters**2, filters**2, 2 * side**2 * filters)
        if number in (1, 2, 5) and side >= 3:
            side = -(-side // 2)
        n_in = filters
    dim = n_in * side**2
    for _ in range(2):
        of_norm = _NORM_PARAMETERS * dense_units if norm else 0
        total += head(dim, dense_units) + Count(0, of_norm, 2 * dense_units)
        dim = dense_units
    return total + head(dim, n_classes)


def conv4(side: int, filters: int) -> tuple[Count, int]:
    """Count `core.models.conv4` for images of `side` pixels; also return its dimensions."""
    total, n_in = _NOTHING, 3
    for _ in range(_N_BLOCKS):
        total += _convolve(side, n_in, filters, 3, bias=True)
        n_in, side = filters, side // 2 if side >= 2 else side
    return total, filters * side**2


def transfer(side: int, n_blocks: int) -> tuple[Count, Count, int]:
    """Count the backbone of `core.models.transfer`, cut below its `n_blocks` last blocks.

    Returns
    -------
    below, top : Count
    map_values : int
        Numbers that pass the cut, for one image.
    """
    side = -(-side // 2)
    counts, maps, n_in = [_convolve(side, 3, STEM, 3)], [side**2 * STEM], STEM
    for stage in STAGES:
        for repeat in range(stage.repeats):
            wide = n_in * stage.expand
            block = _convolve(side, n_in, wide, 1) if stage.expand != 1 else _NOTHING
            side = -(-side // (stage.stride if repeat == 0 else 1))
            block += _convolve(side, 1, wide, stage.kernel)
            block += _convolve(side, wide, stage.filters, 1)
            counts, n_in = [*counts, block], stage.filters
            maps.append(side**2 * n_in)
    counts.append(_convolve(side, n_in, EMBEDDING_DIM, 1))
    cut = len(counts) - 1 - n_blocks
    below, top = sum(counts[:cut], _NOTHING), sum(counts[cut:], _NOTHING)
    return below, top, maps[cut - 1]


def _convolve(
    side: int, n_in: int, filters: int, kernel: int, *, bias: bool = False, norm: bool = True
) -> Count:
    """Count a convolution that leaves a map of `side` pixels, with its norm and ReLU.

    A depthwise convolution is one with a single input channel.
    """
    weights = kernel**2 * n_in * filters
    more = (filters if bias else 0) + (_NORM_PARAMETERS * filters if norm else 0)
    return Count(side**2 * weights, weights + more, _VALUES_KEPT * side**2 * filters)
