"""What a model sees in the pictures, measured without a backbone: five looks, a detail, speed."""

from __future__ import annotations

import io
import json
import time

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.sources.rosebuds import LABELS, draw, generate, sidecar

SIZE_PX = 160
pytestmark = pytest.mark.slow


def drawn(stages: tuple[int, ...], n_each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (n_images, size_px, size_px, 3) and true stages (n_images,)."""
    pairs = [(7 * n + stage, stage) for n in range(n_each) for stage in stages]
    pictures = []
    for index, _ in pairs:
        with Image.open(io.BytesIO(draw(index, SIZE_PX, seed).data)) as picture:
            pictures.append(np.asarray(picture.convert("RGB"), dtype=np.float32))
    return np.stack(pictures), np.array([stage for _, stage in pairs])


def fine_detail(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Return, for each image, how strong the finest sideways detail is in the bud's middle.

    `factor` makes the picture that much smaller first, by block means; (n_images, 12).
    """
    middle = pixels[:, 40:112, 44:116].mean(axis=-1)
    n, side, _ = middle.shape
    blocks = middle.reshape(n, side // factor, factor, side // factor, factor).mean(axis=(2, 4))
    curvature = np.abs(np.diff(blocks, n=2, axis=2))
    return np.quantile(curvature.reshape(n, -1), np.linspace(0.05, 0.99, 12), axis=1).T


def accuracy(features: np.ndarray, y: np.ndarray) -> float:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    return float(cross_val_score(model, features, y, cv=5).mean())


def test_the_detail_pair_differs_in_fine_detail_that_small_pictures_lose():
    for seed in (0, 1):
        pixels, y = drawn((3, 4), n_each=80, seed=seed)
        close, far = accuracy(fine_detail(pixels, 1), y), accuracy(fine_detail(pixels, 4), y)
        assert close > 0.85
        assert far < close - 0.1


def test_the_detail_pair_has_the_same_colours_on_average():
    pixels, y = drawn((3, 4), n_each=80, seed=0)
    colour = pixels[:, 40:112, 44:116].mean(axis=(1, 2))  # (n_images, 3)
    assert accuracy(colour, y) < 0.62


def test_labels_follow_the_truth_at_the_default_size():
    images = json.loads(sidecar(seed=0))["images"].values()
    wrong = [entry["true_label"] != entry["reviews"][0] for entry in images]
    assert len(wrong) == 150 * len(LABELS)
    assert 0.04 < np.mean(wrong) < 0.08


def test_the_default_set_is_drawn_in_twenty_seconds_of_one_core():
    started = time.process_time()
    n_images = sum(1 for _ in generate())
    assert n_images == 1050
    assert time.process_time() - started < 20
