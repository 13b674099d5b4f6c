"""What runs, class maps and cascades are called on screen.

Pickers bound to the address write these words into it. Names that people give can change, so the
words end in the id, by which `pickers` finds what an old link means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.records import CascadeRecord, ClassMapRecord, ExtendedModel, LabelSet, Run
from core.services.comparing.questions import Model, Question

AS_LABELLED = "the labels as they are"
AS_IMPORTED = "the labels of the import"
SPLITS = {"train": "training", "val": "validation", "test": "test"}
EVIDENCE = {"val": "validation", "crossval": "cross-validated", "test": "test"}  # ... images


def run(member: Run) -> str:
    """Return "probe · 7 classes · seed 0 · run-0123456789ab", with a given name before it."""
    what = " / ".join(member.pair) + " expert" if member.pair else f"{len(member.classes)} classes"
    words = f"{member.algorithm} · {what} · seed {member.seed} · {member.id}"
    return _called(given(member), words)


def given(member: Run | CascadeRecord) -> str | None:
    """Return what people call a run or a cascade, if they do; a file may have named it, too."""
    if member.name or isinstance(member, CascadeRecord):
        return member.name
    return member.config.get("name")


def _called(name: str | None, words: str) -> str:
    return f"{name} · {words}" if name else words


def ranked(runs: Iterable[Run]) -> list[Run]:
    """Return runs in the order of every picker: the most accurate on validation first.

    Runs over the labels as they are come before those over merged classes, whose accuracy is
    higher by itself.
    """
    return sorted(runs, key=lambda m: (m.class_map_id is not None, -m.metrics["val"]["accuracy"]))


def short(member: Run) -> str:
    """Return the name of a run for a chart's legend: "probe, seed 0 (0123)", or the given one."""
    name = given(member) or f"{member.algorithm}, seed {member.seed}"
    return f"{name} ({_four(member)})"


def _four(member: Run | CascadeRecord) -> str:
    """Return the beginning of the hexadecimal digits of an id, which tells namesakes apart."""
    return member.id.rpartition("-")[2][:4]


def class_map(record: ClassMapRecord | None) -> str:
    """Return "five@2", or the words for the labels as they are."""
    return f"{record.name}@{record.version}" if record else AS_LABELLED


def label_set(record: LabelSet | None) -> str:
    """Return "consensus@2", or the words for the labels of the import."""
    return f"{record.name}@{record.version}" if record else AS_IMPORTED


def cascade(record: CascadeRecord) -> str:
    """Return "cascade at 0.62 with 2 experts · cas-0123456789ab", with a given name before it."""
    n = len(record.experts)
    words = f"cascade at {record.tau:.3f} with {n} expert{'s' * (n != 1)} · {record.id}"
    return _called(record.name, words)


def model(member: Model) -> str:
    """Return the name of a run or a cascade."""
    return cascade(member.cascade) if member.cascade else run(member.run)


def ranked_models(models: Iterable[Model]) -> list[Model]:
    """Return models in the order of every picker: the most accurate on validation first."""

    def of(member: Model) -> float:
        figures = member.cascade.report if member.cascade else member.run.metrics
        return float(figures["val"]["accuracy"])

    return sorted(models, key=of, reverse=True)


def question(asked: Question, maps: Mapping[str, ClassMapRecord]) -> str:
    """Return "7 classes: a, b, ..." or "5 classes of five@2: ..." or "expert for a / b"."""
    if asked.pair:
        return f"expert for {' / '.join(asked.pair)}"
    where = f" of {class_map(maps[asked.class_map_id])}" if asked.class_map_id else ""
    return f"{len(asked.classes)} classes{where}: {', '.join(asked.classes)}"


def short_model(member: Model) -> str:
    """Return the name of a run or a cascade for a chart or a sentence."""
    if member.cascade is None:
        return short(member.run)
    record = member.cascade
    return f"{record.name or f'cascade at {record.tau:.3f}'} ({_four(record)})"


def extended(record: ExtendedModel) -> str:
    """Return "prototypical taught Corte · 7 classes · model-0123456789ab"."""
    n = len(record.classes)
    return f"{record.algorithm} taught {record.added} · {n} classes · {record.id}"


def groups(class_of: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the labels of each class, classes in order of first appearance."""
    found: dict[str, list[str]] = {}
    for label, name in class_of.items():
        found.setdefault(name, []).append(label)
    return found


def listing(items: Sequence[str], most: int = 8) -> str:
    """Return "a, b, c" or, for a long list, its beginning and how many more there are."""
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest} more" if rest > 0 else "")
