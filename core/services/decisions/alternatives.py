"""What else could be done than what is proposed, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.language import t, text
from core.services.decisions import wording
from core.services.decisions.listing import Kind, Proposal
from core.services.decisions.telling import Figures


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something else that could be done.

    Attributes
    ----------
    name : str
    n_classes : int or None
    accuracy, kappa : float or None
        On test images.
    verdict : str
        In words.
    proposal : str or None
        Its id, where it is proposed itself.
    """

    name: str
    n_classes: int | None
    accuracy: float | None
    kappa: float | None
    verdict: str
    proposal: str | None = None


def merges(
    ranked: Iterable[Figures], known: Iterable[Sequence[Sequence[str]]]
) -> tuple[Alternative, ...]:
    """Tell what other merges of the same answers are worth, but those that are proposed."""
    proposals = [_as_set(groups) for groups in known]
    return tuple(
        Alternative(
            name=(
                ", ".join(" + ".join(group) for group in row["merges"])
                or t("no merge: the labels as they are")
            ),
            n_classes=row["n_classes"],
            accuracy=(row["answers"] or {}).get("accuracy"),
            kappa=(row["answers"] or {}).get("kappa"),
            verdict=t("as it is today") if row["verdict"] == "baseline" else t(row["verdict"]),
        )
        for row in ranked
        if _as_set(row["merges"]) not in proposals
    )


def _as_set(groups: Sequence[Sequence[str]]) -> set[frozenset[str]]:
    return {frozenset(group) for group in groups}


def proposed(others: Iterable[Proposal], kind: Kind) -> tuple[Alternative, ...]:
    """Tell what else is proposed of the same kind."""
    return tuple(
        Alternative(
            name=other.title,
            n_classes=other.figures.get("n_classes"),
            accuracy=(other.figures.get("after") or {}).get("accuracy"),
            kappa=(other.figures.get("after") or {}).get("kappa"),
            verdict=t(other.figures.get("verdict") or wording.NOT_MEASURED),
            proposal=other.id,
        )
        for other in others
        if other.kind == kind
    )


def instead_of_experts(figures: Figures) -> tuple[Alternative, ...]:
    """Tell what could be done instead: nothing, chance, or a second opinion of the same kind."""
    before = figures["before"] or {}
    n_classes, alone = figures["n_classes"], before.get("accuracy")
    found = [
        Alternative(
            t("the generalist alone"), n_classes, alone, before.get("kappa"), t("as it is today")
        )
    ]
    if figures["person"]:  # the others are counted over all images, the proposal over some
        return tuple(found)
    found.append(
        Alternative(
            t("ask the experts about as many images at random"),
            n_classes,
            _plus(alone, figures["random"]["gain"]),
            None,
            t("{gain} expected", gain=text.points(figures["random"]["gain"])),
        )
    )
    if figures["ensemble"] is not None:
        gain = figures["ensemble"]["gain"]
        found.append(
            Alternative(
                t("ask a second generalist about the same images"),
                n_classes,
                _plus(alone, gain),
                None,
                t("{gain} measured", gain=text.points(gain)),
            )
        )
    return tuple(found)


def _plus(accuracy: float | None, gain: float) -> float | None:
    return None if accuracy is None else accuracy + gain
