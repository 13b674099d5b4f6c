"""A class map being composed: merge, name, split, undo, redo. Pure functions on frozen drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InvalidInput
from core.language import t
from pages.ui import names

NAME_LENGTH = 64


@dataclass(frozen=True)
class Draft:
    """The classes as they are now, and the way back and forth; aligned to the labels."""

    labels: tuple[str, ...]
    class_of: tuple[str, ...]
    past: tuple[tuple[str, ...], ...] = ()
    future: tuple[tuple[str, ...], ...] = ()

    @property
    def mapping(self) -> dict[str, str]:
        """The class of each label, in label order."""
        return dict(zip(self.labels, self.class_of, strict=True))

    @property
    def groups(self) -> dict[str, list[str]]:
        """The labels of each class."""
        return names.groups(self.mapping)

    @property
    def partition(self) -> tuple[int, ...]:
        """The number of each label's class, classes in order of first appearance."""
        order = {name: number for number, name in enumerate(self.groups)}
        return tuple(order[name] for name in self.class_of)

    @property
    def merged(self) -> dict[str, list[str]]:
        """The classes of two or more labels."""
        return {name: labels for name, labels in self.groups.items() if len(labels) > 1}

    @property
    def changed(self) -> bool:
        """Whether any label is in a class of another name."""
        return self.labels != self.class_of


def fresh(labels: Sequence[str]) -> Draft:
    """Return the draft in which every label is a class of its own."""
    return Draft(tuple(labels), tuple(labels))


def merge(draft: Draft, classes: Sequence[str], name: str = "") -> Draft:
    """Return the draft with some of its classes joined, named by their labels unless told.

    Raises
    ------
    InvalidInput
        If fewer than two classes are named, or the name is too long or taken by another class or
        by a label outside the merge.
    """
    if len(classes) < 2:
        raise InvalidInput(
            t("a merge joins two or more classes"),
            expected=t("two classes"),
            received=str(len(classes)),
        )
    inside = [x for x, c in zip(draft.labels, draft.class_of, strict=True) if c in classes]
    new = name.strip() or "+".join(inside)
    _check_name(draft, new, {*inside, *classes}, given=bool(name))
    return _step(draft, tuple(new if c in classes else c for c in draft.class_of))


def rename(draft: Draft, name: str, new: str) -> Draft:
    """Return the draft with one of its classes called `new`; without a name, by its labels.

    Raises
    ------
    InvalidInput
        If the name is too long or taken by another class or by a label outside this one.
    """
    inside = draft.groups[name]
    given = new.strip()
    new = given or "+".join(inside)
    _check_name(draft, new, {*inside, name}, given=bool(given))
    return _step(draft, tuple(new if c == name else c for c in draft.class_of))


def check_neighbours(draft: Draft, classes: Sequence[str]) -> None:
    """Refuse to join classes between which another one stands in the order of the labels.

    Raises
    ------
    InvalidInput
        With the class that stands between.
    """
    at = [i for i, c in enumerate(draft.class_of) if c in classes]
    between = [c for c in draft.class_of[min(at) : max(at) + 1] if c not in classes]
    if between:
        raise InvalidInput(
            t("{classes} are not neighbours", classes=names.both(classes)),
            expected=t("classes beside each other, because the stages are ordered"),
            received=t("{name} between them", name=between[0]),
            todo=t("merge {name} too, or switch ordered stages off", name=between[0]),
        )


def apart(draft: Draft) -> str | None:
    """Return the first merged class whose labels are not neighbours, None where all are."""
    for name in draft.merged:
        at = [i for i, c in enumerate(draft.class_of) if c == name]
        if at[-1] - at[0] >= len(at):
            return name
    return None


def from_partition(labels: Sequence[str], partition: Sequence[int]) -> dict[str, str]:
    """Return label -> class, each class named by its labels.

    >>> from_partition(["a", "b", "c"], [0, 1, 1])
    {'a': 'a', 'b': 'b+c', 'c': 'b+c'}
    """
    inside: dict[int, list[str]] = {}
    for label, group in zip(labels, partition, strict=True):
        inside.setdefault(group, []).append(label)
    return {x: "+".join(inside[g]) for x, g in zip(labels, partition, strict=True)}


def split(draft: Draft, name: str) -> Draft:
    """Return the draft with one class taken apart into its labels."""
    pairs = zip(draft.labels, draft.class_of, strict=True)
    return _step(draft, tuple(x if c == name else c for x, c in pairs))


def replace(draft: Draft, class_of: Mapping[str, str]) -> Draft:
    """Return the draft with all classes taken from a saved class map."""
    return _step(draft, tuple(class_of[label] for label in draft.labels))


def reset(draft: Draft) -> Draft:
    """Return the draft with every label a class of its own; can be undone."""
    return _step(draft, draft.labels)


def undo(draft: Draft) -> Draft:
    """Return the draft one change earlier."""
    if not draft.past:
        return draft
    *past, last = draft.past
    return Draft(draft.labels, last, tuple(past), (draft.class_of, *draft.future))


def redo(draft: Draft) -> Draft:
    """Return the draft with the last undone change made again."""
    if not draft.future:
        return draft
    first, *future = draft.future
    return Draft(draft.labels, first, (*draft.past, draft.class_of), tuple(future))


def _step(draft: Draft, class_of: tuple[str, ...]) -> Draft:
    """Return the draft after a change; no change leaves no trace."""
    if class_of == draft.class_of:
        return draft
    return Draft(draft.labels, class_of, (*draft.past, draft.class_of), ())


def _check_name(draft: Draft, new: str, own: set[str], *, given: bool) -> None:
    """Refuse a name that others have (`own` are this class's), or that a person made too long."""
    if new in {*draft.labels, *draft.class_of} - own:
        raise InvalidInput(
            t("this name is taken"),
            expected=t("a name that no other class has"),
            received=repr(new),
        )
    if given and len(new) > NAME_LENGTH:
        raise InvalidInput(
            t("this name is too long"),
            expected=t("at most {n} characters", n=NAME_LENGTH),
            received=f"{len(new)}",
        )
