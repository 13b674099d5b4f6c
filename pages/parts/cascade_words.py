"""The words of the cascade's desk, which is drawn in the browser: `assets/cascade*.js` hold none.

Places in braces are filled in there, with numbers in the signs of the language.
"""

from __future__ import annotations

from core.language import phrase, t
from core.records import MistakeCosts

_WORDS = {
    "thresholds": phrase("Thresholds"),
    "best": phrase("best on validation"),
    "guaranteed": phrase("guaranteed"),
    "ask_expert": phrase("Ask the expert below"),
    "ask_expert_help": phrase(
        "Where the generalist is less confident than this and hesitates between the two classes of "
        "an expert, the expert is asked."
    ),
    "ask_person": phrase("Ask a person below"),
    "ask_person_help": phrase(
        "An answer that is less confident than this is left to a person, whoever gave it."
    ),
    "one_threshold": phrase("One threshold for all pairs"),
    "each_threshold": phrase("A threshold for each pair"),
    "whose": phrase("Whose answers the matrix shows"),
    "all": phrase("All answers"),
    "generalist": phrase("Generalist"),
    "experts": phrase("Experts"),
    "percent": phrase("{n} %"),
    "points": phrase("{n} points"),
    "span": phrase("{low} to {high} %"),
    "spread": phrase("{low} to {high} points"),
    "with_answers": phrase("{span}, {n} answers"),
    "of_answers": phrase("{k} of {n} answers"),
    "no_answers": phrase("{k} no expert answers"),
    "of": phrase("{k} of {n}"),
    "unknown": phrase("unknown"),
    "ms": phrase("{n} ms"),
    "money": phrase("{n} {unit}"),
    "change": phrase("{n} against the generalist"),
    "expert_unknown": phrase("an expert's is unknown"),
    "more_ms": phrase("+{n} ms for experts"),
    "summary": phrase(
        "Accuracy {accuracy}, net gain {gain}, {experts} to experts, {person} to a person."
    ),
    "matrix": phrase("Confusion matrix: true class by row, answer by column"),
    "corner": phrase("true ↓\nanswered →"),
    "person": phrase("a person"),
    "images": phrase("images"),
    "cell": phrase("{k} of {n} images of {true}, answered {answer} ({share})"),
    "cell_left": phrase("{k} of {n} images of {true}, left to a person ({share})"),
    "curve": phrase("Share of wrong answers against share answered without a person"),
    "answered": phrase("answered without a person"),
    "wrong": phrase("wrong answers"),
}
_CHEAPEST = phrase("cheapest on validation")
_MEANS = {
    "accuracy": (
        phrase("Accuracy"),
        phrase("Right among the answers given without a person; 95 % interval."),
    ),
    "gain": (
        phrase("Net gain"),
        phrase("Corrected less spoilt, among the answers given; paired 95 % interval."),
    ),
    "deferral": (
        phrase("Asked an expert"),
        phrase("Share of images that an expert is asked about."),
    ),
    "person": (
        phrase("Asked a person"),
        phrase("Share of images whose answer is not sure enough."),
    ),
    "recovery": (
        phrase("Recovery"),
        phrase("Of the answers of experts: wrong before, right now."),
    ),
    "breakage": (
        phrase("Breakage"),
        phrase("Of the answers of experts: right before, wrong now."),
    ),
    "cost": (
        phrase("Time per image"),
        phrase("The generalist's, and the experts' where they are asked."),
    ),
}
_MISTAKES = phrase("Cost of mistakes")
_ANSWERED_ONLY = phrase(
    "What an image answered without a person costs on average, by the costs entered on Decisions, "
    "and the change against the generalist alone on the same images. What asking a person costs "
    "nobody has entered."
)
_ALL = phrase(
    "What an image costs on average, by the costs entered on Decisions, with {person:,.2f} {unit} "
    "for each that a person is asked about, and the change against the generalist alone."
)


def words(*, by_cost: bool = False) -> dict[str, str]:
    """Return every word by the name that the browser knows it under.

    Parameters
    ----------
    by_cost : bool
        Whether the best thresholds are the cheapest, not the most accurate.
    """
    said: dict[str, str] = {name: t(word) for name, word in _WORDS.items()}
    return said | {"best": t(_CHEAPEST)} if by_cost else said


def means(costs: MistakeCosts | None = None) -> dict[str, list[str]]:
    """Return title and help of each figure; with `costs`, of what mistakes cost, too."""
    said: dict[str, list[str]] = {
        name: [t(title), t(help)] for name, (title, help) in _MEANS.items()
    }
    if costs is not None:
        told = t(_ANSWERED_ONLY)
        if costs.person is not None:
            told = t(_ALL, person=costs.person, unit=costs.unit)
        said["mistakes"] = [t(_MISTAKES), told]
    return said
