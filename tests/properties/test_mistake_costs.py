"""The laws of what mistakes cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.analysis import mistake_costs
from core.analysis.merges import merge_costs, partitions
from core.analysis.metrics import wilson_interval
from core.errors import InvalidInput


@st.composite
def tables(draw) -> np.ndarray:
    n = draw(st.integers(2, 5))
    cells = draw(st.lists(st.integers(0, 9), min_size=n * n, max_size=n * n))
    costs = np.array(cells, dtype=float).reshape(n, n)
    np.fill_diagonal(costs, 0)
    assume(costs.any())
    return costs


@st.composite
def cases(draw):
    """Draw costs, a class of each label, true labels and answered classes."""
    costs = draw(tables())
    n = len(costs)
    classes = draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n))
    class_of = np.unique(classes, return_inverse=True)[1]
    n_images = draw(st.integers(1, 40))
    y = np.array(draw(st.lists(st.integers(0, n - 1), min_size=n_images, max_size=n_images)))
    said = draw(st.lists(st.integers(0, class_of.max()), min_size=n_images, max_size=n_images))
    return costs, class_of, y, np.array(said)


def _counts(y, said, n_labels, n_classes):
    counts = np.zeros((n_labels, n_classes), dtype=int)
    np.add.at(counts, (y, said), 1)
    return counts


@given(cases())
def test_the_mean_is_what_each_image_costs(case):
    costs, class_of, y, said = case
    shares = np.bincount(y, minlength=len(costs))
    treated = mistake_costs.treated_as(costs, class_of, shares)
    columns = costs[:, treated]
    each = [costs[label, treated[c]] for label, c in zip(y, said, strict=True)]
    found = mistake_costs.mean_cost(columns, _counts(y, said, *columns.shape))
    assert found.value == pytest.approx(np.mean(each))
    assert -1e-9 <= found.low <= found.value + 1e-9 <= found.high + 2e-9
    assert found.high <= columns.max() + 1e-9


@given(cases())
def test_a_class_is_treated_as_its_cheapest_label(case):
    costs, class_of, y, _ = case
    shares = np.bincount(y, minlength=len(costs))
    treated = mistake_costs.treated_as(costs, class_of, shares)
    for c, chosen in enumerate(treated):
        labels = np.flatnonzero(class_of == c)
        assert chosen in labels
        mine = y[np.isin(y, labels)]
        least = min(costs[mine, other].sum() for other in labels)
        assert costs[mine, chosen].sum() == pytest.approx(least)


@given(cases())
def test_a_merge_that_answers_as_well_costs_no_less(case):
    costs, class_of, y, _ = case
    shares = np.bincount(y, minlength=len(costs))
    treated = mistake_costs.treated_as(costs, class_of, shares)
    columns = costs[:, treated]
    perfect = mistake_costs.mean_cost(columns, _counts(y, class_of[y], *columns.shape))
    apart = mistake_costs.mean_cost(costs, _counts(y, y, *costs.shape))
    assert apart.value == 0 <= perfect.value


@given(cases(), st.randoms())
def test_what_a_merge_saves_is_what_each_image_costs_less(case, random):
    costs, class_of, y, _ = case
    said = np.array([random.randrange(len(costs)) for _ in y])
    counts, shares = _counts(y, said, len(costs), len(costs)), np.bincount(y, minlength=len(costs))
    found = merge_costs.saved_by(counts, class_of, costs, shares)
    treated = mistake_costs.treated_as(costs, class_of, shares)[class_of]
    before, after = costs[y, said], costs[y, treated[said]]
    assert found.treated_as == tuple(treated)
    assert (found.before, found.after) == pytest.approx((before.mean(), after.mean()))
    assert found.saved == pytest.approx(tuple(mistake_costs.saved(before, after)))


@given(cases(), st.floats(0.01, 1000))
def test_every_merge_of_a_ranking_saves_what_it_saves_alone_in_any_currency(case, rate):
    costs, _, y, _ = case
    k, said = len(costs), np.roll(y, 1)
    counts, rows = _counts(y, said, k, k), partitions.all_partitions(k)
    shares = np.bincount(y, minlength=k)
    found = merge_costs.saved_by_each(counts, rows, costs, shares)
    for row, saved in zip(rows, found, strict=True):
        treated = mistake_costs.treated_as(costs, row, shares)[row]
        assert saved == pytest.approx((costs[y, said] - costs[y, treated[said]]).mean(), abs=1e-9)
    other = merge_costs.saved_by_each(counts, rows, rate * costs, shares)
    assert other == pytest.approx(rate * found, rel=1e-6, abs=1e-6)


@given(cases())
def test_a_merge_of_answers_that_are_never_wrong_saves_nothing(case):
    costs, _, y, _ = case
    k = len(costs)
    rows = partitions.all_partitions(k)
    perfect, shares = _counts(y, y, k, k), np.bincount(y, minlength=k)
    found = merge_costs.saved_by_each(perfect, rows, costs, shares)
    assert found.max() <= 1e-12  # fewer classes alone are no saving
    assert found[0] == 0
    nothing = merge_costs.saved_by_each(perfect, rows, np.zeros((k, k)), shares)
    assert not nothing.any()


@given(st.integers(1, 200), st.data())
def test_where_every_mistake_costs_one_it_is_the_error_rate_with_wilsons_interval(n, data):
    wrong = data.draw(st.integers(1, n))
    counts = np.array([[n - wrong, wrong], [0, 0]])
    found = mistake_costs.mean_cost(1 - np.eye(2), counts)
    assert found.value == pytest.approx(wrong / n)
    assert found[1:] == pytest.approx(wilson_interval(wrong, n), abs=1e-9)


@given(cases(), st.floats(0.01, 1000))
def test_another_currency_changes_the_unit_only(case, rate):
    costs, class_of, y, said = case
    treated = mistake_costs.treated_as(costs, class_of, np.bincount(y, minlength=len(costs)))
    counts = _counts(y, said, len(costs), len(treated))
    one = mistake_costs.mean_cost(costs[:, treated], counts)
    other = mistake_costs.mean_cost(rate * costs[:, treated], counts)
    assert other == pytest.approx(tuple(rate * x for x in one))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60))
def test_what_is_saved_is_the_mean_of_the_differences_inside_its_interval(pairs):
    before, after = np.array(pairs, dtype=float).T
    found = mistake_costs.saved(before, after)
    assert found.value == pytest.approx((before - after).mean())
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    back = mistake_costs.saved(after, before)
    assert back.value == pytest.approx(-found.value)


@pytest.mark.parametrize(
    ("costs", "what"),
    [
        ([[0, 1]], "labels by labels"),
        ([[0, -1], [1, 0]], "cannot be used"),
        ([[0, np.nan], [1, 0]], "cannot be used"),
        ([[0, 1e12], [1, 0]], "cannot be used"),
        ([[1, 1], [1, 0]], "a right answer costs nothing"),
        ([[0, 0], [0, 0]], "no mistake costs anything"),
    ],
)
def test_costs_that_make_no_sense_are_refused(costs, what):
    with pytest.raises(InvalidInput, match=what):
        mistake_costs.checked(costs, 2)
