"""Class maps: construction, order, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.class_map import ClassMap
from core.errors import InvalidInput

STAGES = ("Arroz", "Arveja", "Garbanzo", "Bola")


def test_classes_are_ordered_by_first_appearance_in_label_order():
    one = ClassMap(("c", "a", "b"), ("late", "early", "late"))
    assert one.classes == ("late", "early")
    assert one.groups == {"late": ("c", "b"), "early": ("a",)}
    assert one.class_index().tolist() == [0, 1, 0]
    assert one.matrix().tolist() == [[1, 0], [0, 1], [1, 0]]


def test_merges_are_named_by_their_labels_in_label_order():
    one = ClassMap.from_merges(STAGES, [("Arveja", "Arroz")])
    assert one.classes == ("Arroz+Arveja", "Garbanzo", "Bola")
    named = ClassMap.from_merges(STAGES, [("Arroz", "Arveja")], ["small"])
    assert named.classes == ("small", "Garbanzo", "Bola")
    assert ClassMap.from_merges(STAGES, []) == ClassMap.identity(STAGES)


def test_a_merge_adds_up_counts_and_probabilities():
    one = ClassMap.from_merges(("a", "b", "c"), [("a", "b")])
    C = np.array([[5, 2, 0], [1, 4, 1], [0, 0, 7]])
    assert one.merge_confusion(C).tolist() == [[12, 1], [0, 7]]
    assert one.merge_confusion(C).dtype == C.dtype
    P = np.array([[0.25, 0.5, 0.25]], dtype=np.float32)
    assert one.merge_probabilities(P).tolist() == [[0.75, 0.25]]
    assert one.merge_probabilities(P).dtype == np.float32


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (lambda: ClassMap((), ()), "each label once"),
        (lambda: ClassMap(("a", "a"), ("x", "y")), "each label once"),
        (lambda: ClassMap(("a", "b"), ("x",)), "total"),
        (lambda: ClassMap(("a", " "), ("x", "y")), "no name"),
        (lambda: ClassMap.from_mapping(STAGES, {"Arroz": "x"}), "gives every label"),
        (lambda: ClassMap.from_mapping(("a",), {"a": "x", "b": "x"}), "also"),
        (lambda: ClassMap.from_merges(STAGES, [("Arroz", "Rice")]), "does not exist"),
        (lambda: ClassMap.from_merges(STAGES, [("Arroz",)]), "two or more"),
        (lambda: ClassMap.from_merges(STAGES, [("Arroz", "Arroz")]), "two or more"),
        (lambda: ClassMap.from_merges(STAGES, [STAGES[:2], STAGES[1:3]]), "one merge only"),
        (lambda: ClassMap.from_merges(STAGES, [STAGES[:2]], ["Bola"]), "one name"),
        (lambda: ClassMap.from_merges(STAGES, [STAGES[:2], STAGES[2:]], ["x", "x"]), "one name"),
        (lambda: ClassMap.from_merges(STAGES, [STAGES[:2]], []), "one for each merge"),
        (lambda: ClassMap.identity(STAGES).compose(ClassMap.identity("ab")), "fit together"),
        (lambda: ClassMap.identity(STAGES).apply([4]), "does not exist"),
        (lambda: ClassMap.identity(STAGES).merge_confusion(np.eye(3)), "does not belong"),
        (lambda: ClassMap.identity(STAGES).merge_probabilities(np.eye(3)), "do not belong"),
    ],
)
def test_what_is_no_class_map_is_refused_in_a_sentence(build, what):
    with pytest.raises(InvalidInput, match=what):
        build()
