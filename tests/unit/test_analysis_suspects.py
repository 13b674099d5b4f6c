from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.analysis.labels import suspects
from core.errors import InvalidInput


def spoiled(n=900, n_classes=3, share=0.1, seed=0):
    """True classes, labels of which some are swapped between 0 and 1, and a good model."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n)
    labels = truth.copy()
    swap = (rng.random(n) < share) & (truth < 2)
    labels[swap] = 1 - truth[swap]
    logits = 4.0 * np.eye(n_classes)[truth] + rng.normal(0, 1, (n, n_classes))
    return truth, labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_wrong_labels_are_found_with_what_they_should_be():
    truth, labels, probs = spoiled()
    found = suspects.find_suspects(labels, probs)
    wrong = labels != truth
    assert roc_auc_score(wrong, found.score) > 0.97
    assert (found.suspected & wrong).sum() / wrong.sum() > 0.8
    assert (found.suspected & wrong).sum() / found.suspected.sum() > 0.8
    hit = found.suspected & wrong
    assert (found.suggested[hit] == truth[hit]).mean() > 0.95
    assert (found.suggested != labels).all()


def test_the_most_suspicious_come_first():
    _, labels, probs = spoiled()
    found = suspects.find_suspects(labels, probs)
    assert (np.diff(found.score[found.order]) <= 0).all()
    assert set(found.order) == set(np.flatnonzero(found.suspected))
    np.testing.assert_allclose(found.score, 1 - probs[np.arange(len(labels)), labels])


def test_clean_labels_are_hardly_suspected():
    truth, _, probs = spoiled()
    assert suspects.find_suspects(truth, probs).suspected.mean() < 0.03


def test_overlap_names_the_pair_that_was_swapped():
    truth, labels, probs = spoiled()
    first = suspects.overlapping_classes(labels, probs)[0]
    assert (first.a, first.b) == (0, 1)
    assert first.n_images == round(first.share * len(labels))
    assert abs(first.n_images - (labels != truth).sum()) < 25


@pytest.mark.parametrize("n", [0, 5])
def test_one_class_or_no_image_is_no_reason_to_suspect(n):
    labels, probs = np.zeros(n, dtype=int), np.full((n, 2), 0.5)
    assert not suspects.find_suspects(labels, probs).suspected.any()
    assert suspects.overlapping_classes(labels, probs) == []


def test_probabilities_of_other_images_are_refused():
    with pytest.raises(InvalidInput, match="same images"):
        suspects.find_suspects([0, 1], np.full((3, 2), 0.5))


def test_twins_are_all_found_once_across_blocks():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2_300, 24)).astype(np.float32)
    y = rng.integers(0, 3, 2_300)
    planted = [(3, 1_500), (1_023, 1_024), (10, 11), (2_000, 2_299)]
    for a, b in planted:
        x[b] = 2.5 * x[a] + rng.normal(0, 0.02, 24)
        y[b] = (y[a] + 1) % 3
    x[500] = x[501] = x[502]  # equal, and equally named
    y[500] = y[501] = y[502]
    x[7] = x[8] = 0.0
    found = suspects.twins_named_apart(x, y, min_cosine=0.98)
    assert {(a, b) for a, b, _ in found} == set(planted)
    cosines = [cosine for _, _, cosine in found]
    assert cosines == sorted(cosines, reverse=True) and max(cosines) <= 1.0
    assert suspects.twins_named_apart(x, y, min_cosine=0.98, n_most=2) == found[:2]


def test_embeddings_with_holes_are_refused():
    with pytest.raises(InvalidInput, match="finite"):
        suspects.twins_named_apart([[np.nan, 1.0]], [0])
