"""Hypothesis strategies that several tests share: what valid input looks like, and its corners."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from core.analysis.class_map import ClassMap

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")),
    min_size=1,
    max_size=8,
).filter(str.strip)


def label_sets(max_size: int = 7) -> st.SearchStrategy[tuple[str, ...]]:
    """Ordered label sets: one or more different names."""
    return st.lists(NAMES, min_size=1, max_size=max_size, unique=True).map(tuple)


@st.composite
def class_maps(draw, labels: tuple[str, ...] | None = None) -> ClassMap:
    """Class maps over drawn (or given) labels, with everything from no merge to one class."""
    labels = draw(label_sets()) if labels is None else labels
    names = draw(st.lists(NAMES, min_size=1, max_size=len(labels)))
    return ClassMap(labels, tuple(draw(st.sampled_from(names)) for _ in labels))


@st.composite
def confusions(draw, n_classes: int | None = None, max_count: int = 30) -> np.ndarray:
    """Confusion matrices (row = true) that count at least one image; rows may be empty."""
    k = draw(st.integers(1, 6)) if n_classes is None else n_classes
    cells = draw(st.lists(st.integers(0, max_count), min_size=k * k, max_size=k * k))
    matrix = np.array(cells, dtype=np.int64).reshape(k, k)
    if matrix.sum() == 0:
        matrix[0, draw(st.integers(0, k - 1))] = 1
    return matrix


@st.composite
def distributions(draw, n: int, n_classes: int) -> np.ndarray:
    """Probabilities (n, n_classes) from small whole weights, so that exact ties are frequent."""
    weights = draw(
        st.lists(
            st.lists(st.integers(0, 8), min_size=n_classes, max_size=n_classes),
            min_size=n,
            max_size=n,
        )
    )
    table = np.array(weights, dtype=np.float64).reshape(n, n_classes)
    table[table.sum(axis=1) == 0] = 1.0
    return table / table.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class CascadeInput:
    """What `cascade.sweep` takes."""

    probs: np.ndarray
    y: np.ndarray
    pairs: list[tuple[int, ...]]
    expert_probs: list[np.ndarray]


@st.composite
def cascade_inputs(draw) -> CascadeInput:
    """A generalist and experts for some pairs; experts know nothing (NaN) of other images."""
    k, n = draw(st.integers(2, 5)), draw(st.integers(1, 25))
    probs = draw(distributions(n, k))
    if draw(st.booleans()):
        probs = probs.astype(np.float32)
    y = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    groups = [g for size in (2, 3) for g in combinations(range(k), size)]
    chosen = draw(st.lists(st.sampled_from(groups), unique=True, max_size=3))
    apart = [g for i, g in enumerate(chosen) if all(len({*g} & {*h}) < 2 for h in chosen[:i])]
    pairs = [tuple(draw(st.permutations(group))) for group in apart]
    experts = []
    for pair in pairs:
        q = draw(distributions(n, len(pair)))
        top_two = np.argsort(-probs, axis=1, kind="stable")[:, :2]
        foreign = [not set(row) <= set(pair) for row in top_two.tolist()]
        q[foreign] = np.nan
        experts.append(q)
    return CascadeInput(probs, y, pairs, experts)


TAUS = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 1000).map(lambda i: i / 1000))
