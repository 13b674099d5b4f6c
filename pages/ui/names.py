"""What runs, class maps and cascades are called on screen.

Pickers bound to the address write these words into it. Names that people give can change, so the
words end in the id, by which `pickers` finds what an old link means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.language import phrase, t, tn
from core.records import CascadeRecord, ClassMapRecord, ExtendedModel, LabelSet, Run
from core.services.comparing.questions import Model, Question

AS_LABELLED = phrase("the labels as they are")
AS_IMPORTED = phrase("the labels of the import")
SPLITS = {"train": phrase("training"), "val": phrase("validation"), "test": phrase("test")}
SHORT_SPLITS = (phrase("train"), phrase("val"), phrase("test"))  # as files call them
EVIDENCE = SPLITS | {"crossval": phrase("cross-validated")}


def images(evidence: str, n: int) -> str:
    """Return "1,050 validation images" for a key of `EVIDENCE`."""
    return {
        "train": tn("{n:,} training image", "{n:,} training images", n),
        "val": tn("{n:,} validation image", "{n:,} validation images", n),
        "test": tn("{n:,} test image", "{n:,} test images", n),
        "crossval": tn("{n:,} cross-validated image", "{n:,} cross-validated images", n),
    }[evidence]


def run(member: Run) -> str:
    """Return "probe · 7 classes · seed 0 · run-0123456789ab", with a given name before it."""
    what = (
        t("{pair} expert", pair=" / ".join(member.pair))
        if member.pair
        else tn("{n:,} class", "{n:,} classes", len(member.classes))
    )
    words = t(
        "{algorithm} · {what} · seed {seed} · {id}",
        algorithm=member.algorithm,
        what=what,
        seed=member.seed,
        id=member.id,
    )
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
    name = given(member) or t(
        "{algorithm}, seed {seed}", algorithm=member.algorithm, seed=member.seed
    )
    return f"{name} ({_four(member)})"


def _four(member: Run | CascadeRecord) -> str:
    """Return the beginning of the hexadecimal digits of an id, which tells namesakes apart."""
    return member.id.rpartition("-")[2][:4]


def class_map(record: ClassMapRecord | None) -> str:
    """Return "five@2", or the words for the labels as they are."""
    return f"{record.name}@{record.version}" if record else t(AS_LABELLED)


def label_set(record: LabelSet | None) -> str:
    """Return "consensus@2", or the words for the labels of the import."""
    return f"{record.name}@{record.version}" if record else t(AS_IMPORTED)


def cascade(record: CascadeRecord) -> str:
    """Return "cascade at 0.62 with 2 experts · cas-0123456789ab", with a given name before it."""
    words = tn(
        "cascade at {tau:.3f} with {n} expert · {id}",
        "cascade at {tau:.3f} with {n} experts · {id}",
        len(record.experts),
        tau=record.tau,
        id=record.id,
    )
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
        return t("expert for {pair}", pair=" / ".join(asked.pair))
    n, names = len(asked.classes), ", ".join(asked.classes)
    if not asked.class_map_id:
        return tn("{n:,} class: {names}", "{n:,} classes: {names}", n, names=names)
    return tn(
        "{n:,} class of {class_map}: {names}",
        "{n:,} classes of {class_map}: {names}",
        n,
        class_map=class_map(maps[asked.class_map_id]),
        names=names,
    )


def short_model(member: Model) -> str:
    """Return the name of a run or a cascade for a chart or a sentence."""
    if member.cascade is None:
        return short(member.run)
    record = member.cascade
    return f"{record.name or t('cascade at {tau:.3f}', tau=record.tau)} ({_four(record)})"


def extended(record: ExtendedModel) -> str:
    """Return "prototypical taught Corte · 7 classes · model-0123456789ab"."""
    return tn(
        "{algorithm} taught {added} · {n:,} class · {id}",
        "{algorithm} taught {added} · {n:,} classes · {id}",
        len(record.classes),
        algorithm=record.algorithm,
        added=record.added,
        id=record.id,
    )


def record(member: Run | CascadeRecord | ExtendedModel) -> str:
    """Return the name of whatever answers: a run, a cascade or an extended model."""
    if isinstance(member, ExtendedModel):
        return extended(member)
    return cascade(member) if isinstance(member, CascadeRecord) else run(member)


def groups(class_of: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the labels of each class, classes in order of first appearance."""
    found: dict[str, list[str]] = {}
    for label, name in class_of.items():
        found.setdefault(name, []).append(label)
    return found


def both(items: Sequence[str]) -> str:
    """Return "a and b", "a and b and c"."""
    found = items[0]
    for item in items[1:]:
        found = t("{first} and {second}", first=found, second=item)
    return found


def listing(items: Sequence[str], most: int = 8) -> str:
    """Return "a, b, c" or, for a long list, its beginning and how many more there are."""
    rest = len(items) - most
    listed = ", ".join(items[:most])
    return t("{listed} and {n:,} more", listed=listed, n=rest) if rest > 0 else listed
