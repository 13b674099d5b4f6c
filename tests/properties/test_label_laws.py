"""Laws of agreement and consensus, and of text that must not become a formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.analysis.labels import agreement, label_consensus
from core.analysis.labels.coefficients import cohen_kappa, fleiss_kappa, krippendorff_alpha
from core.analysis.labels.votes import count_votes
from core.sources.formulas import defused, restored

N_CLASSES = 4


def votes(low=-1, min_people=1):
    shape = st.tuples(st.integers(1, 25), st.integers(min_people, 5))
    return hnp.arrays(np.int64, shape, elements=st.integers(low, N_CLASSES - 1))


@given(votes(), st.permutations(range(N_CLASSES)), st.randoms(use_true_random=False))
def test_alpha_knows_neither_names_nor_orders(table, names, rng):
    """Renaming classes, and shuffling people and images, changes nothing."""
    renamed = np.where(table >= 0, np.array(names)[table], -1)
    rows, columns = list(range(table.shape[0])), list(range(table.shape[1]))
    rng.shuffle(rows)
    rng.shuffle(columns)
    value = krippendorff_alpha(table, N_CLASSES)
    other = krippendorff_alpha(renamed[rows][:, columns], N_CLASSES)
    assert other == pytest.approx(value, nan_ok=True)
    assert not value > 1.0 + 1e-9


@given(votes(low=0, min_people=2))
def test_with_two_people_fleiss_and_alpha_differ_by_a_known_term(table):
    """Krippendorff 2011: alpha = 1 - (1 - 1/n)(1 - pi), n values; Fleiss' kappa of two is pi."""
    table = table[:, :2]
    alpha, pi = (
        krippendorff_alpha(table, N_CLASSES),
        fleiss_kappa(count_votes(table, N_CLASSES)),
    )
    n = table.size
    assert alpha == pytest.approx(1 - (1 - 1 / n) * (1 - pi), nan_ok=True)


@given(votes(low=0, min_people=2))
def test_cohens_kappa_is_the_same_both_ways_and_at_most_one(table):
    one, two = table[:, 0], table[:, 1]
    value = cohen_kappa(one, two, N_CLASSES)
    assert cohen_kappa(two, one, N_CLASSES) == pytest.approx(value, nan_ok=True)
    assert not value > 1.0 + 1e-9


@given(votes())
def test_every_number_of_disagreements_is_the_number_of_its_images(table):
    for pair in agreement.by_class_pair(table, N_CLASSES):
        behind = agreement.disagreed_on(table, N_CLASSES, classes=(pair.a, pair.b))
        assert behind.sum() == pair.n_disagreed > 0
    for pair in agreement.by_reviewer_pair(table, N_CLASSES):
        behind = agreement.disagreed_on(table, N_CLASSES, reviewers=(pair.a, pair.b))
        assert behind.sum() == pair.n_disagreed
        assert (pair.mostly is None) is (pair.n_disagreed == 0)


@given(votes())
def test_nobody_outvotes_the_majority(table):
    counts = count_votes(table, N_CLASSES)
    found = label_consensus.majority(table, N_CLASSES)
    for image, label in enumerate(found.labels):
        if counts[image].sum() == 0:
            assert label == -1
        else:
            assert counts[image, label] == counts[image].max()
            assert found.quality[image] == counts[image].max() / counts[image].sum()
            assert found.tied[image] == ((counts[image] == counts[image].max()).sum() > 1)


@given(votes())
def test_dawid_skene_labels_what_was_voted_on_with_a_share(table):
    found = label_consensus.dawid_skene(table, N_CLASSES)
    voted = (table >= 0).any(axis=1)
    assert ((found.labels >= 0) == voted).all()
    assert (np.isnan(found.quality) == ~voted).all()
    assert ((found.quality[voted] > 0) & (found.quality[voted] <= 1 + 1e-9)).all()
    assert (np.isnan(found.reviewer_quality) == (table < 0).all(axis=0)).all()


@given(st.text() | st.text(alphabet="'=+-@\t\r\x00a"))
def test_no_text_becomes_a_formula_and_all_come_back(text):
    written = defused(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\x00"))
    assert restored(written) == text
