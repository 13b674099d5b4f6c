"""Whether a decision still rests on what there is: what changed in its evidence, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.language import Sentence, phrase, t, text, tn

_FIGURES: dict[tuple[str, ...], tuple[Callable[[float], str], str]] = {  # how written, how called
    ("after", "accuracy"): (text.percent, phrase("accuracy as proposed")),
    ("before", "accuracy"): (text.percent, phrase("accuracy as it is today")),
    ("after", "kappa"): (lambda x: text.number(x, ".2f"), phrase("kappa as proposed")),
    ("before", "kappa"): (lambda x: text.number(x, ".2f"), phrase("kappa as it is today")),
    ("gain",): (text.points, phrase("net gain of the experts")),
}
_NAMED = 2  # figures that are spelt out; the others are counted


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Sentence, ...]:
    """Return what changed between two pieces of evidence, the causes before the figures.

    Parameters
    ----------
    before, now : mapping
        `Evidence.as_json`; empty exactly when both are equal.
    """
    ids = _ids(before["ids"], now["ids"])
    figures = _figures(before["figures"], now["figures"])
    if ids or figures:
        return (*ids, *figures)
    return () if before == now else (t("What was recorded about it changed."),)


def _ids(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Sentence]:
    """Return a sentence for each id that changed."""
    differ = [name for name in now if before.get(name) != now[name]]
    told: dict[str, Callable[[Any], Sentence | None]] = {
        "dataset": lambda _: t("It is now about another data set."),
        "images": lambda _: t("The images of the data set changed."),
        "newest_version": lambda its: t("Version {n} of this class map was saved since.", n=its),
        "newest_labels": lambda its: t("New labels were saved since: {name}.", name=its),
        "label_set": lambda its: t("The truth is now taken from other labels: {name}.", name=its),
        "archived": lambda its: _deleted(before.get("archived", ()), its),
        "generalist": _run,
        "best_run": _better,
        "judged_on": _judged,
    }
    said = [told[name](now[name]) for name in told if name in differ]
    return [sentence for sentence in said if sentence]


def _run(run: str | None) -> Sentence:
    if run is None:
        return t("The model behind the figures was deleted, and there is no other.")
    return t("The figures now come from another model, {run}.", run=run)


def _better(run: str | None) -> Sentence | None:
    return t("Another model is the most accurate now: {run}.", run=run) if run else None


def _deleted(before: Any, now: Any) -> Sentence:
    gone = [x for x in now if x not in before]
    if not gone:
        return t("What had been deleted was brought back.")
    return t("A part of it was deleted: {ids}.", ids=", ".join(gone))


def _judged(kind: str | None) -> Sentence | None:
    if kind is None:
        return None
    if kind == "crossval":
        return t("It is now judged on more images, by cross-validation.")
    return t("It is now judged on validation images alone.")


def _figures(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Sentence]:
    """Return a sentence for the verdict, for the first figures that changed, and for the rest."""
    differ = {name for name in {*before, *now} if before.get(name) != now.get(name)}
    said = []
    if "verdict" in differ and before.get("verdict") and now.get("verdict"):
        was, its = t(before["verdict"]), t(now["verdict"])
        said.append(t("The verdict was “{before}” and is “{now}” now.", before=was, now=its))
    if "cost" in differ:
        said.append(t("What mistakes cost was entered anew, or changed."))
    if "pairs" in differ and _people(before) != _people(now):
        said.append(t("Reviewers now agree more, or less, on the labels that become one."))
    n_named = 0
    for path, (written, name) in _FIGURES.items():
        was, its = _at(before, path), _at(now, path)
        if was is not None and its is not None and was != its and n_named < _NAMED:
            n_named += 1
            said.append(
                t(
                    "The {figure} was {before} and is {now} now.",
                    figure=t(name),
                    before=written(was),
                    now=written(its),
                )
            )
    if not said and differ:
        n = len(differ)
        said.append(tn("{n} figure changed.", "{n} figures changed.", n))
    return said


def _at(figures: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = figures
    for name in path:
        found = (found or {}).get(name)
    return found


def _people(figures: Mapping[str, Any]) -> list[Any]:
    return [pair.get("people") for pair in figures.get("pairs", ())]
