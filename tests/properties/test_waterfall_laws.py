"""The arithmetic of the waterfall: steps add up, and chance is what all merges of a size give."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.comparisons import paired
from core.analysis.comparisons.waterfall import chance_joined, corrected, gain
from core.analysis.merges import merging
from tests.strategies import confusions


@st.composite
def levels(draw):
    """What up to six models in a row get right of the same images."""
    n, n_levels = draw(st.integers(1, 40)), draw(st.integers(2, 6))
    rows = st.lists(st.booleans(), min_size=n, max_size=n)
    return [np.array(draw(rows)) for _ in range(n_levels)]


@given(levels())
def test_steps_add_up_to_the_whole_exactly(right):
    steps = [gain(after, before) for before, after in pairwise(right)]
    total = gain(right[-1], right[0])
    assert sum(step.n_won - step.n_lost for step in steps) == total.n_won - total.n_lost
    assert {step.n_images for step in steps} == {total.n_images}
    assert abs(sum(step.value for step in steps) - total.value) < 1e-12


@given(levels())
def test_the_interval_of_a_step_is_that_of_every_paired_comparison(right):
    found = gain(right[1], right[0])
    value, interval = paired.paired_difference(right[1], right[0])
    assert (found.value, (found.low, found.high)) == (value, interval)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_chance_joins_a_pair_as_often_as_merges_of_these_sizes_do(groups):
    ways = {tuple(way) for way in permutations(groups)}
    first_two = [way[0] == way[1] for way in ways] if len(groups) > 1 else [False]
    assert abs(chance_joined(groups) - np.mean(first_two)) < 1e-12


@given(confusions(), st.data())
def test_what_chance_gives_is_the_mean_gain_of_all_merges_of_these_sizes(confusion, data):
    k = len(confusion)
    groups = np.array(data.draw(st.lists(st.integers(0, k - 1), min_size=k, max_size=k)))
    cells = np.indices(confusion.shape).reshape(2, -1)
    y, said = (np.repeat(part, confusion.ravel()) for part in cells)
    before, after = y == said, groups[y] == groups[said]
    found = corrected(after, before, groups)
    merge = merging.examine(merging.open_sandbox(confusion, [str(i) for i in range(k)]), groups)
    assert abs(found.beyond - merge.excess_gain) < 1e-9
    assert abs(found.by_itself - (merge.gain - merge.excess_gain)) < 1e-9
    assert abs(found.by_itself + found.beyond - gain(after, before).value) < 1e-12
    assert found.low - 1e-9 <= found.beyond <= found.high + 1e-9
