"""Class maps: total functions label -> class. Merging is a map; labels are never rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Floats, Ints, class_indices, probabilities
from core.errors import InvalidInput
from core.language import t


@dataclass(frozen=True, slots=True)
class ClassMap:
    """A total function from ordered labels to classes.

    Parameters
    ----------
    labels : tuple of str, length n_labels
        In order, without repeats.
    class_of : tuple of str, length n_labels
        The class of each label, aligned to `labels`.

    Raises
    ------
    InvalidInput
        When labels repeat, are empty, or the two tuples differ in length.

    Notes
    -----
    Classes are ordered by their first appearance in label order; that order is the order of
    the columns of every probability table and confusion matrix under this map. Two maps with
    equal `labels` and `class_of` are equal.

    Examples
    --------
    >>> stages = ClassMap.from_merges(("rice", "pea", "ball"), [("rice", "pea")])
    >>> stages.classes
    ('rice+pea', 'ball')
    >>> stages.apply([0, 1, 2]).tolist()
    [0, 0, 1]
    """

    labels: tuple[str, ...]
    class_of: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise InvalidInput(
                t("a class map names each label once"),
                expected=t("one or more different labels"),
                received=repr(self.labels),
            )
        if len(self.labels) != len(self.class_of):
            raise InvalidInput(
                t("a class map is total"),
                expected=t("{n} classes, one for each label", n=len(self.labels)),
                received=str(len(self.class_of)),
            )
        if not all(name.strip() for name in (*self.labels, *self.class_of)):
            raise InvalidInput(
                t("a label or class has no name"), expected=t("names with a character")
            )

    @classmethod
    def identity(cls, labels: Sequence[str]) -> ClassMap:
        """Return the map in which every label is a class of its own."""
        return cls(tuple(labels), tuple(labels))

    @classmethod
    def from_mapping(cls, labels: Sequence[str], class_of: Mapping[str, str]) -> ClassMap:
        """Return the map that sends each of `labels` to `class_of[label]`.

        Raises
        ------
        InvalidInput
            When a label has no class, or `class_of` knows a label that does not exist.
        """
        missing = [label for label in labels if label not in class_of]
        unknown = sorted(set(class_of) - set(labels))
        if missing or unknown:
            raise InvalidInput(
                t("a class map gives every label of the data set a class"),
                expected=", ".join(labels),
                received=t("without {labels}", labels=str(missing))
                if missing
                else t("also {labels}", labels=str(unknown)),
            )
        return cls(tuple(labels), tuple(class_of[label] for label in labels))

    @classmethod
    def from_merges(
        cls,
        labels: Sequence[str],
        merges: Sequence[Sequence[str]],
        names: Sequence[str | None] | None = None,
    ) -> ClassMap:
        """Return the map that joins each group of labels and leaves the others alone.

        Parameters
        ----------
        labels : sequence of str
            In order.
        merges : sequence of sequences of str
            Disjoint groups of labels.
        names : sequence of str or None, optional
            A name for each group; without one it is the labels, in label order, joined by "+",
            so that equal merges have equal names.

        Raises
        ------
        InvalidInput
            When a group names an unknown label, groups overlap, or the name of a group is
            already that of another class (that would merge silently).
        """
        class_of = {label: label for label in labels}
        given = [None] * len(merges) if names is None else list(names)
        if len(given) != len(merges):
            raise InvalidInput(
                t("names must be one for each merge"),
                expected=str(len(merges)),
                received=str(len(given)),
            )
        seen: set[str] = set()
        taken: list[str] = []
        for group, name in zip(merges, given, strict=True):
            _check_group(group, class_of, seen)
            seen |= set(group)
            joined = name or "+".join(label for label in labels if label in group)
            class_of.update(dict.fromkeys(group, joined))
            taken.append(joined)
        untouched = [label for label in labels if label not in seen]
        repeated = sorted({name for name in taken if (taken + untouched).count(name) > 1})
        if repeated:
            raise InvalidInput(
                t("two classes would have one name"),
                expected=t("a new name for each merge"),
                received=", ".join(repeated),
            )
        return cls(tuple(labels), tuple(class_of[label] for label in labels))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, ordered by first appearance in label order."""
        return tuple(dict.fromkeys(self.class_of))

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.classes)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The labels of each class, classes and labels in order."""
        pairs = list(zip(self.labels, self.class_of, strict=True))
        return {name: tuple(x for x, c in pairs if c == name) for name in self.classes}

    def class_index(self) -> Ints:
        """Return the class number of each label: int64 (n_labels,)."""
        index = {name: number for number, name in enumerate(self.classes)}
        return np.array([index[name] for name in self.class_of], dtype=np.int64)

    def matrix(self) -> Floats:
        """Return M: (n_labels, n_classes), 1 where the label belongs to the class, else 0."""
        return np.eye(self.n_classes, dtype=np.float64)[self.class_index()]

    def apply(self, y_labels: ArrayLike) -> Ints:
        """Return the class number of each image from its label number: int64 (n_images,).

        Raises
        ------
        InvalidInput
            When a label number is outside [0, n_labels).
        """
        return self.class_index()[class_indices(y_labels, len(self.labels), "y_labels")]

    def compose(self, other: ClassMap) -> ClassMap:
        """Return "first this map, then `other`", a map from this map's labels.

        Raises
        ------
        InvalidInput
            When the labels of `other` are not the classes of this map (their order is free).

        Notes
        -----
        Composition is associative and `identity` is neutral on both sides.
        """
        if set(other.labels) != set(self.classes):
            raise InvalidInput(
                t("class maps do not fit together"),
                expected=t("a map of the classes {classes}", classes=", ".join(self.classes)),
                received=t("a map of {labels}", labels=", ".join(other.labels)),
            )
        then = dict(zip(other.labels, other.class_of, strict=True))
        return ClassMap(self.labels, tuple(then[name] for name in self.class_of))

    def merge_confusion(self, confusion: ArrayLike) -> NDArray[Any]:
        """Return the confusion matrix of the same answers under this map: M^T C M.

        Parameters
        ----------
        confusion : array, shape (n_labels, n_labels)
            Row = true, column = predicted; integers stay integers.

        Raises
        ------
        InvalidInput
            When the matrix has another size than the labels.

        Notes
        -----
        Merging never lowers the accuracy of the same answers: the diagonal only gains. Compare
        kappa or bits, not accuracy, across maps with different numbers of classes.
        """
        C = np.asarray(confusion)
        n = len(self.labels)
        if C.shape != (n, n):
            raise InvalidInput(
                t("the confusion matrix does not belong to these labels"),
                expected=t("shape {shape}", shape=str((n, n))),
                received=t("shape {shape}", shape=str(C.shape)),
            )
        M = self.matrix().astype(C.dtype)
        return np.asarray(M.T @ C @ M)

    def merge_probabilities(self, probs: ArrayLike) -> NDArray[Any]:
        """Return P M: the probability of a class is the sum of its labels'.

        Parameters
        ----------
        probs : array, shape (n_images, n_labels)

        Returns
        -------
        array, shape (n_images, n_classes), of the dtype of `probs`

        Raises
        ------
        InvalidInput
            When rows are no distributions over the labels.
        """
        P = probabilities(probs)
        if P.shape[1] != len(self.labels):
            raise InvalidInput(
                t("the probabilities do not belong to these labels"),
                expected=t("{n} columns", n=len(self.labels)),
                received=str(P.shape[1]),
            )
        return np.asarray(P @ self.matrix().astype(P.dtype))


def _check_group(group: Sequence[str], known: Mapping[str, str], seen: set[str]) -> None:
    """Raise unless a merge names two or more known labels that no other merge names."""
    unknown = [label for label in group if label not in known]
    if unknown:
        raise InvalidInput(
            t("a merge names a label that does not exist"),
            expected=t("labels among {labels}", labels=", ".join(known)),
            received=", ".join(unknown),
        )
    if len(set(group)) < 2 or len(set(group)) != len(group):
        raise InvalidInput(
            t("a merge joins two or more different labels"), received="+".join(group) or t("none")
        )
    if seen & set(group):
        raise InvalidInput(
            t("a label can be in one merge only"), received=", ".join(sorted(seen & set(group)))
        )
