"""Proposals in plain sentences: what they are called, and what changes for the business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.language import Sentence, phrase, t, tn
from core.records import CascadeRecord, ClassMapRecord

VERDICTS = {  # what a merge or a cascade is judged to be -> what to tell whoever decides
    "merge": phrase("The evidence speaks for it."),
    "do not merge": phrase("The evidence speaks against it."),
    "not enough images to tell": phrase("There are not enough images to tell."),
    "baseline": phrase("Every label stays a class of its own: there is nothing to gain or lose."),
    "pays": phrase("The experts pay."),
    "no measurable gain": phrase("No gain can be measured."),
    "does harm": phrase("The experts do harm."),
    "nothing is deferred": phrase("No image reaches an expert: nothing changes."),
}
SPEAKS = {  # ... -> which way the evidence points
    "merge": "for",
    "pays": "for",
    "do not merge": "against",
    "does harm": "against",
    "not enough images to tell": "neither",
    "no measurable gain": "neither",
    "baseline": "neither",
    "nothing is deferred": "neither",
}
UNMEASURED = phrase("It was not measured yet: that takes a model over the labels as they are.")
NOT_MEASURED = phrase("not measured yet")
KINDS = (  # so that they are translated where they are quoted
    *(phrase("merge"), phrase("do not merge"), phrase("not enough images to tell")),
    *(phrase("baseline"), phrase("pays"), phrase("no measurable gain"), phrase("does harm")),
    phrase("nothing is deferred"),
)
_MOST = 3  # groups or pairs named in a title


def groups(class_of: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the labels of each class, classes in order of first appearance."""
    found: dict[str, list[str]] = {}
    for label, name in class_of.items():
        found.setdefault(name, []).append(label)
    return found


def merged(record: ClassMapRecord) -> list[list[str]]:
    """Return the labels of each class that has more than one."""
    return [labels for labels in groups(record.class_of).values() if len(labels) > 1]


def joined(labels: Sequence[str]) -> str:
    """Return "A, B and C" in the language of the reader.

    >>> joined(["A", "B", "C"])
    'A, B and C'
    """
    *first, last = labels
    return t("{first} and {last}", first=", ".join(first), last=last) if first else last


def class_map_title(record: ClassMapRecord) -> str:
    """Return "Treat Rayando and Separando as one class"."""
    its = merged(record)
    n_classes = len(groups(record.class_of))
    if not its:
        return tn("Keep {n} class as it is", "Keep all {n} classes as they are", n_classes)
    if len(its) == 1:
        return t("Treat {labels} as one class", labels=joined(its[0]))
    named = "; ".join(" + ".join(labels) for labels in its[:_MOST])
    return t(
        "Merge {n_labels} labels into {n_classes} classes: {merged}",
        n_labels=len(record.class_of),
        n_classes=n_classes,
        merged=named if len(its) <= _MOST else named + " …",
    )


def class_map_changes(record: ClassMapRecord) -> tuple[str, ...]:
    """Return what can no longer be told apart, what is only called otherwise, what stays."""
    said, n_same = [], 0
    for name, labels in groups(record.class_of).items():
        if len(labels) > 1:
            said.append(
                t(
                    "{labels} can no longer be told apart: the answer for each is “{name}”.",
                    labels=joined(labels),
                    name=name,
                )
            )
        elif labels == [name]:
            n_same += 1
        else:
            said.append(t("{label} is called “{name}”.", label=labels[0], name=name))
    if n_same:
        said.append(tn("{n} class stays as it is.", "{n} classes stay as they are.", n_same))
    return tuple(said)


def cascade_title(figures: Mapping[str, Any]) -> str:
    """Return "Let an expert break ties between Bola and Rayando"."""
    pairs = [joined(row["pair"]) for row in figures["pairs"]]
    if len(pairs) == 1:
        return t("Let an expert break ties between {pair}", pair=pairs[0])
    return t(
        "Let {n} experts break ties: {pairs}",
        n=len(pairs),
        pairs="; ".join(pairs[:_MOST]) + (" …" if len(pairs) > _MOST else ""),
    )


def cascade_changes(record: CascadeRecord, figures: Mapping[str, Any]) -> tuple[str, ...]:
    """Return who answers which images."""
    said: list[str] = [
        t(
            "The generalist still answers {share:.1%} of the images by itself.",
            share=(figures["n_answered"] - figures["n_expert"]) / figures["n_images"],
        )
    ]
    said += [_asked(row, figures["rule"]) for row in figures["pairs"]]
    if record.plan["person"]:
        said.append(
            t(
                "{share:.1%} of the images are left to a person: those with a confidence below "
                "{confidence:.0%}.",
                share=figures["person_rate"],
                confidence=record.plan["person"],
            )
        )
    else:
        said.append(t("No image is left to a person."))
    return tuple(said)


def _asked(row: Mapping[str, Any], rule: str) -> Sentence:
    pair = joined(row["pair"])
    if not row["n_deferred"]:
        return t("The expert for {pair} is never asked.", pair=pair)
    if rule == "learned":
        return t(
            "Where it hesitates between {pair} and a gain is expected, an expert for these classes "
            "is asked: {share:.1%} of the images.",
            pair=pair,
            share=row["deferral_rate"],
        )
    return t(
        "Where it hesitates between {pair} and is less than {tau:.0%} sure, an expert for these "
        "classes is asked: {share:.1%} of the images.",
        pair=pair,
        tau=row["tau"],
        share=row["deferral_rate"],
    )
