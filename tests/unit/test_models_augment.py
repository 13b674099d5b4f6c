"""Augmentation: what changes, what stays, and that the preview shows what training does."""

from __future__ import annotations

import numpy as np
import pytest

from core.models import augment
from core.models.alexnet import AlexnetOptions
from core.models.cnn import CnnOptions
from core.models.probe import ProbeOptions

STILL = {"rotation_deg": 0.0, "shift_share": 0.0, "contrast_share": 0.0}


@pytest.fixture(scope="module")
def images():
    """Two images whose left half is dark and whose right half is bright."""
    x = np.full((2, 32, 32, 3), 60, np.uint8)
    x[:, :, 16:] = 180
    return x


def test_who_augments():
    assert augment.augments(CnnOptions) and augment.augments(AlexnetOptions)
    assert not augment.augments(ProbeOptions)


def test_nothing_asked_for_changes_nothing(images):
    seen, changed = augment.preview(images, CnnOptions(input_px=32, **STILL), 2, seed=0)
    assert np.array_equal(seen, images)
    assert np.array_equal(changed, np.repeat(images[:, None], 2, axis=1))


@pytest.mark.parametrize(
    "asked",
    [{"rotation_deg": 30.0}, {"shift_share": 0.3}, {"contrast_share": 0.5}, {"flip": True}],
)
def test_each_option_changes_images_and_differently_each_time(images, asked):
    options = CnnOptions(input_px=32, **(STILL | asked))
    _, changed = augment.preview(images, options, 8, seed=1)
    assert len({variant.tobytes() for variant in changed[0]}) > 1


def test_a_flip_is_a_mirror(images):
    _, changed = augment.preview(images, CnnOptions(input_px=32, flip=True, **STILL), 8, seed=0)
    kinds = {v.tobytes() for v in changed.reshape(-1, 32, 32, 3)}
    assert kinds == {images[0].tobytes(), images[0, :, ::-1].tobytes()}


def test_the_seed_decides_and_images_are_seen_as_small_as_in_training(images):
    options = AlexnetOptions(input_px=16, shift_share=0.2)
    first, again, other = (augment.preview(images, options, 3, seed)[1] for seed in (5, 5, 6))
    assert first.shape == (2, 3, 16, 16, 3) and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)
