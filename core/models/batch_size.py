"""How many images in one step, when nobody says; and how an overfull memory is recognised.

References
----------
D. Masters and C. Luschi, "Revisiting Small Batch Training for Deep Neural Networks", 2018: batches
of 2 to 32 generalise best, and work over the widest range of step sizes.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from core.models.cost import Shape, cost
from core.models.machine import available_bytes

FOUND = 0  # the value of the option that asks for a size to be found
SMALLEST, LARGEST = 16, 64
_STEPS_WANTED = 64  # in an epoch: with fewer, as many epochs learn less
_MEMORY_SHARE = 0.5  # of what is free; the rest is for copies that nobody counts
_NAMES = ("resourceexhausted", "outofmemory", "memoryerror")
_WORDS = ("resource_exhausted", "out of memory", "out_of_memory")

_Options = TypeVar("_Options")


def choose(n_train: int, image_bytes: float, free_bytes: float) -> int:
    """Return the number of images in one step.

    Parameters
    ----------
    n_train : int
        Training images, 1 or more.
    image_bytes : float
        Memory that each image of a batch takes while the network learns from it.
    free_bytes : float
        Memory at hand.

    Returns
    -------
    int
        The power of two nearest to n_train / 64, between 16 and 64; halved until a batch fits into
        half of the memory, down to 1.

    Notes
    -----
    On scikit-learn's digits (16 px, a `cnn` of width 16, 12 epochs, one seed) batches of 16, 32 and
    64 reached 70, 61 and 46 % with 200 training images, and 97, 91 and 86 % with 1,258.

    Examples
    --------
    >>> [choose(n, 1e6, 8e9) for n in (100, 1200, 2000, 50_000)]
    [16, 16, 32, 64]
    >>> choose(50_000, 1e9, 8e9)
    4
    """
    size = SMALLEST
    while size < LARGEST and n_train / _STEPS_WANTED > size * 2**0.5:
        size *= 2
    while size > 1 and size * image_bytes > free_bytes * _MEMORY_SHARE:
        size //= 2
    return size


def settle(algorithm: str, options: _Options, shape: Shape) -> _Options:
    """Return the options with a batch size that was found, where 0 asks for one.

    Parameters
    ----------
    algorithm : str
        Key of `core.models.ALGORITHMS`.
    options : dataclass
        Its options; returned as they are unless their `batch_size` is 0.
    shape : Shape
        Of what will be learned from.
    """
    asked: Any = options
    if getattr(asked, "batch_size", None) != FOUND:
        return options
    image_bytes = cost(algorithm, asked, shape).image_bytes
    size = choose(shape.n_train, image_bytes, available_bytes())
    settled: _Options = dataclasses.replace(asked, batch_size=size)
    return settled


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether a backend says by this error that its memory is full.

    Notes
    -----
    By the names of its types and by what it says, so that no backend is imported: TensorFlow's
    ResourceExhaustedError, JAX' XlaRuntimeError with RESOURCE_EXHAUSTED, PyTorch's OutOfMemoryError
    (older: a RuntimeError that says "out of memory"), and Python's own MemoryError.

    Examples
    --------
    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("out of memory"))
    (True, False)
    """
    names = " ".join(kind.__name__ for kind in type(error).__mro__).lower()
    if any(name in names for name in _NAMES):
        return True
    of_backend = isinstance(error, RuntimeError) or "tensorflow" in type(error).__module__
    return of_backend and any(words in str(error).lower() for words in _WORDS)
