"""Occlusion: every pixel is covered, and a model that looks at one place lights up there only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis import occlusion
from core.errors import InvalidInput


@settings(deadline=None)
@given(st.integers(1, 130))
def test_every_pixel_is_covered_by_patches_of_one_size(size_px):
    boxes = occlusion.patches(size_px)
    ones = occlusion.heat_map(np.ones(len(boxes)), boxes, size_px)
    assert (ones == 1).all()  # 0 where no patch lies
    sides = {part.stop - part.start for box in boxes for part in box}
    assert sides == {-(-size_px // 7)}
    assert min(p.start for box in boxes for p in box) == 0
    assert max(p.stop for box in boxes for p in box) == size_px


def test_one_patch_is_grey_in_each_copy_and_the_image_stays():
    image = np.zeros((21, 21, 3), np.uint8)
    boxes = occlusion.patches(21)
    parts = list(occlusion.covered(image, boxes, 16))
    copies = np.concatenate(parts)
    assert max(map(len, parts)) == 16 and len(copies) == len(boxes) and not image.any()
    for copy, box in zip(copies, boxes, strict=True):
        assert (copy[box] == occlusion.GREY).all() and (copy == 0).sum() == (441 - 9) * 3


@pytest.mark.parametrize("quarter", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_model_that_looks_at_one_quarter_lights_up_there_only(quarter):
    size_px = 56
    seen = np.zeros((size_px, size_px), bool)
    seen[quarter[0] * 28 : quarter[0] * 28 + 28, quarter[1] * 28 : quarter[1] * 28 + 28] = True
    image = np.full((size_px, size_px, 3), 255, np.uint8)

    def probability(images):
        return images[:, seen].mean(axis=(1, 2)) / 255

    boxes = occlusion.patches(size_px)
    drops = [
        probability(image[None])[0] - p
        for part in occlusion.covered(image, boxes, 16)
        for p in probability(part)
    ]
    heat = occlusion.heat_map(drops, boxes, size_px)
    reach = np.zeros_like(seen)  # where a patch may lie that touches the quarter
    for box in boxes:
        if seen[box].any():
            reach[box] = True
    assert (heat[~reach] == 0).all() and (~reach).sum() > size_px**2 / 2
    assert (heat[seen] > 0).all()


def test_drops_and_patches_must_fit():
    with pytest.raises(InvalidInput, match="do not fit"):
        occlusion.heat_map([1.0], occlusion.patches(10), 10)
    with pytest.raises(InvalidInput, match="size_px"):
        occlusion.patches(0)
