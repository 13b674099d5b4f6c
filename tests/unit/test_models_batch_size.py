"""Batch size: the rule's laws, and errors that mean a full memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import batch_size
from core.models.cnn import CnnOptions
from core.models.cost import Shape
from core.models.knn import KnnOptions

n_images = st.integers(1, 10**6)
memory = st.floats(1.0, 1e12)


@given(n_images, memory, memory)
def test_a_size_is_a_power_of_two_that_fits(n_train, image_bytes, free_bytes):
    size = batch_size.choose(n_train, image_bytes, free_bytes)
    assert 1 <= size <= batch_size.LARGEST and size & (size - 1) == 0
    assert size == 1 or size * image_bytes <= free_bytes / 2


@given(n_images, n_images, memory, memory)
def test_more_images_or_more_memory_never_make_it_smaller(n, more, image_bytes, free_bytes):
    size = batch_size.choose(n, image_bytes, free_bytes)
    assert batch_size.choose(n + more, image_bytes, free_bytes) >= size
    assert batch_size.choose(n, image_bytes, 2 * free_bytes) >= size


def test_only_zero_is_settled(monkeypatch):
    shape = Shape(5000, 300, 7, 64)
    monkeypatch.setattr(batch_size, "available_bytes", lambda: 64e9)
    assert batch_size.settle("cnn", CnnOptions(), shape) == CnnOptions()
    assert batch_size.settle("knn", KnnOptions(), shape) == KnnOptions()
    found = batch_size.settle("cnn", CnnOptions(batch_size=0), shape)
    assert found == CnnOptions(batch_size=64)
    monkeypatch.setattr(batch_size, "available_bytes", lambda: 100e6)
    assert batch_size.settle("cnn", CnnOptions(batch_size=0), shape).batch_size < 64


class ResourceExhaustedError(Exception):
    """As TensorFlow's."""


class XlaRuntimeError(RuntimeError):
    """As JAX'."""


class OutOfMemoryError(RuntimeError):
    """As PyTorch's."""


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (ResourceExhaustedError("OOM when allocating tensor with shape[32,96,55,55]"), True),
        (XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 17179869184 bytes"), True),
        (XlaRuntimeError("INVALID_ARGUMENT: shapes differ"), False),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("shapes differ"), False),
        (MemoryError(), True),
        (ValueError("the words out of memory in some name of a file"), False),
    ],
)
def test_a_full_memory_is_recognised(error, is_one):
    assert batch_size.is_out_of_memory(error) is is_one


def test_the_errors_of_the_backend_that_is_here_are_recognised():
    import tensorflow as tf

    full = tf.errors.ResourceExhaustedError(None, None, "failed to allocate memory")
    assert batch_size.is_out_of_memory(full)
    inner = tf.errors.InternalError(None, None, "CUDA_ERROR_OUT_OF_MEMORY: out of memory")
    assert batch_size.is_out_of_memory(inner)
    assert not batch_size.is_out_of_memory(tf.errors.InternalError(None, None, "no kernel"))
