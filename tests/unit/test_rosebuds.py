"""The demo set's promises that do not need a model: form, determinism, truth, errors."""

from __future__ import annotations

import io
import json
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from core.errors import InvalidInput
from core.sources import rosebuds
from core.sources.rosebuds import LABELS, draw, generate, image_name, sidecar


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float32)


def test_pictures_are_square_jpegs_of_the_size_asked_for():
    for size_px in (32, 96, 160, 224):
        image = draw(4, size_px)
        with Image.open(io.BytesIO(image.data)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (size_px, size_px))


def test_an_image_depends_on_seed_and_index_only():
    listed = list(generate(n_per_class=2, size_px=48, seed=3))
    assert [image.name for image in listed] == [image_name(i) for i in range(14)]
    assert draw(9, 48, seed=3) == listed[9]
    assert list(islice(generate(n_per_class=500, size_px=48, seed=3), 14)) == listed
    assert draw(9, 48, seed=4).data != listed[9].data


def test_the_scene_does_not_depend_on_the_size():
    large = Image.fromarray(pixels(draw(12, 160).data).astype(np.uint8)).reduce(2)
    small = pixels(draw(12, 80).data)
    assert np.abs(np.asarray(large, dtype=np.float32) - small).mean() < 6


def test_no_two_images_are_the_same_file():
    images = [image.data for seed in (0, 1) for image in generate(6, 48, seed)]
    assert len(set(images)) == len(images)


def test_generation_is_lazy():
    assert next(generate(n_per_class=10**6)).name == image_name(0)


def test_every_stage_has_a_picture_with_colour_contrast():
    for index in range(len(LABELS)):
        picture = pixels(draw(index).data)
        assert picture.std() > 12
        assert picture[60:100, 60:100].std(axis=(0, 1)).max() > 8


def test_open_buds_are_red_and_closed_ones_green():
    def redness(index: int) -> float:
        middle = pixels(draw(index).data)[55:95, 65:95].mean(axis=(0, 1))
        return float(middle[0] - middle[1])

    closed = [redness(7 * n + stage) for n in range(4) for stage in (1, 2, 3, 4)]
    opened = [redness(7 * n + stage) for n in range(4) for stage in (5, 6)]
    assert max(closed) < min(opened)


def test_the_sidecar_tells_the_truth_about_the_images():
    truth = json.loads(sidecar(n_per_class=3, size_px=40, seed=5))
    images = list(generate(n_per_class=3, size_px=40, seed=5))
    assert list(truth["images"]) == [image.name for image in images]
    for image in images:
        entry = truth["images"][image.name]
        assert entry["reviews"][0] == image.label
        assert entry["true_label"] == LABELS[int(entry["growth"])]
        assert len(entry["reviews"]) == len(truth["meta"]["reviewers"]) == 3


def test_the_sidecar_names_what_was_built_in():
    meta = json.loads(sidecar(n_per_class=1, seed=2))["meta"]
    assert meta["merge_pairs"] == [["Arveja", "Garbanzo"], ["Separando", "Corte"]]
    assert meta["detail_pair"] == ["Bola", "Rayando"]
    assert meta["labels"] == list(LABELS)
    assert (meta["seed"], meta["version"]) == (2, rosebuds.VERSION)


def test_true_stages_are_equally_frequent():
    images = json.loads(sidecar(n_per_class=20))["images"].values()
    assert set(Counter(entry["true_label"] for entry in images).values()) == {20}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_per_class": 0}, "n_per_class is too small"),
        ({"size_px": 31}, "32 to 512 pixels"),
        ({"size_px": 513}, "32 to 512 pixels"),
        ({"seed": -1}, "seed is out of range"),
    ],
)
def test_arguments_out_of_range_are_refused_at_once(arguments, words):
    with pytest.raises(InvalidInput, match=words):
        generate(**arguments)
    with pytest.raises(InvalidInput, match=words):
        sidecar(**arguments)


def test_a_negative_index_is_refused():
    with pytest.raises(InvalidInput, match="index is out of range"):
        draw(-1)
