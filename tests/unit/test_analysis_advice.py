"""Overlap in the embedding, and the advice that joins it with the model's and people's signals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.analysis.merges.advice import Signals, advise
from core.analysis.merges.overlap import APART, MOST_IMAGES, overlap_share


def two_clouds(apart: float, n: tuple[int, int] = (80, 80)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], n)
    x = rng.normal(size=(len(y), 8))
    x[:, 0] += apart * y
    return x, y


def test_overlap_grows_from_none_to_a_half():
    shares = [overlap_share(*two_clouds(apart), (0, 1)) for apart in (0.0, 1.0, 2.0, 4.0, 9.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(0.5, abs=0.12) and shares[-2] < APART and shares[-1] == 0.0


def test_a_large_class_does_not_hide_a_small_one():
    found = overlap_share(*two_clouds(0.0, (300, 20)), (0, 1))
    assert found == pytest.approx(0.5, abs=0.15)


def test_other_classes_do_not_matter_and_order_neither():
    x, y = two_clouds(1.5)
    more = np.vstack([x, x + 0.01]), np.concatenate([y, y + 2])
    assert overlap_share(*more, (1, 0)) == overlap_share(x, y, (0, 1))


def test_a_class_of_one_image_has_no_neighbours():
    assert overlap_share(*two_clouds(1.0, (1, 9)), (0, 1)) is None


def test_large_pairs_are_sampled_alike_each_time():
    x, y = two_clouds(1.5, (MOST_IMAGES, MOST_IMAGES))
    found = [overlap_share(x, y, (0, 1), seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    assert found[0] == pytest.approx(found[2], abs=0.08)


MIXED = Signals(
    n_images=200,
    max_p=0.001,
    told_apart=0.1,
    told_apart_low=-0.1,
    told_apart_high=0.3,
    verdict="merge",
    itca_gain=0.05,
    itca_gain_low=-0.01,
    overlap=0.45,
    people=None,
)
TOLD = replace(
    MIXED, told_apart=0.7, told_apart_low=0.6, told_apart_high=0.8, verdict="do not merge"
)
UNSURE = replace(MIXED, verdict="not enough images to tell", itca_gain_low=-0.05)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (MIXED, "merge"),
        (replace(MIXED, overlap=None), "merge"),
        (replace(MIXED, people=(0.1, 0.0, 0.3)), "merge"),
        (replace(MIXED, people=(0.8, 0.7, 0.9)), "train an expert"),
        (replace(MIXED, overlap=0.05, verdict="do not merge"), "train an expert"),
        (replace(MIXED, max_p=0.2), "leave"),
        (TOLD, "train an expert"),
        (replace(TOLD, overlap=None), "train an expert"),
        (replace(TOLD, overlap=0.1), "relabel"),
        (replace(TOLD, people=(0.2, 0.1, 0.4)), "relabel"),
        (UNSURE, "collect more images"),
        (replace(UNSURE, itca_gain=0.0005), "leave"),
        (replace(UNSURE, itca_gain=0.0), "leave"),
    ],
)
def test_each_way_to_an_advice(given, what):
    found = advise(given)
    assert found.what == what and found.reason.endswith(".")
    assert (found.n_more is not None) == (what == "collect more images")


def test_an_interval_twice_as_wide_as_the_gain_asks_for_four_times_the_images():
    assert advise(UNSURE).n_more == 600  # 0.1 / 0.05 squared, less those that are there


def test_the_reason_names_every_signal():
    reason = advise(replace(MIXED, people=(0.1, 0.0, 0.3))).reason
    assert "kappa of 0.10" in reason and "45 %" in reason and "people: alpha 0.10" in reason
