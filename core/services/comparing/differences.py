"""Is one model really better than another? The same images, pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from core.analysis.comparisons import paired as tests_of_pairs
from core.analysis.comparisons.images_needed import images_needed, smallest_difference
from core.analysis.comparisons.paired_figures import joint_cells, paired_figures
from core.errors import InvalidInput
from core.language import t
from core.services.comparing import questions, sharing, wording
from core.services.comparing.questions import Answers
from core.services.runs.training import summary
from core.store.database import Workspace

ALPHA = 0.05  # a smaller p, corrected for the number of pairs, is called a difference
Pair = dict[str, Any]


def compare(ws: Workspace, model_ids: Sequence[str], *, split: str = "test") -> dict[str, Any]:
    """Compare runs and cascades on the same images, pair by pair, by the question they share.

    Returns
    -------
    dict
        split, classes, `runs`: figures of their own; `pairs`: see `pairs_of`, each with the
        sentence that a person needs.

    Raises
    ------
    InvalidInput
        If fewer than two models are named, one twice, or they share no question; if `split` is
        neither val nor test.
    """
    if len(model_ids) < 2 or len(set(model_ids)) != len(model_ids):
        raise InvalidInput(
            t("a comparison takes two or more different runs"),
            received=", ".join(model_ids) or t("none"),
        )
    models = [questions.find(ws, model_id) for model_id in model_ids]
    question = sharing.same_question(ws, models, split)
    pairs = pairs_of([questions.answers(ws, question, model) for model in models])
    called = {model.id: model.id for model in models}
    return {
        "split": split,
        "classes": list(question.classes),
        "runs": [summary(model.run) for model in models],
        "pairs": [{**pair, "sentence": sentence(pair, called)} for pair in pairs],
    }


def pairs_of(said: Sequence[Answers]) -> list[Pair]:
    """Compare every two of some models by their answers to one question: `paired`, `corrected`."""
    return corrected(paired(a, b) for a, b in combinations(said, 2))


def paired(a: Answers, b: Answers) -> Pair:
    """Compare two models by their answers to one question.

    Returns
    -------
    dict
        a, b, n_images, difference (accuracy of a less that of b), ci, n_only_a and n_only_b
        (images that only one gets right), mcnemar_p; figures: by name a, b, difference, ci (None
        where the answers never differ).
    """
    difference, ci = tests_of_pairs.paired_difference(a.right, b.right)
    figures = paired_figures(joint_cells(a.y, a.probs, b.probs))
    return {
        "a": a.model,
        "b": b.model,
        "n_images": len(a.y),
        "difference": float(difference),
        "ci": [float(bound) for bound in ci],
        "n_only_a": int((a.right & ~b.right).sum()),
        "n_only_b": int((b.right & ~a.right).sum()),
        "mcnemar_p": float(tests_of_pairs.mcnemar_exact(a.right, b.right)),
        "figures": {
            name: {
                "a": found.a,
                "b": found.b,
                "difference": found.difference,
                "ci": (
                    [float(bound) for bound in ci]  # one figure has one interval
                    if name == "accuracy"
                    else found.interval and list(found.interval)
                ),
            }
            for name, found in figures.items()
        },
    }


def corrected(pairs: Iterable[Pair]) -> list[Pair]:
    """Return pairs with what depends on how many there are.

    Returns
    -------
    list of dict
        Also n_pairs, holm_p, p_words (holm_p for a person), significant, n_needed (images in all
        that would tell a difference of this size with 80 % power; None where it is 0 or told
        already), smallest_difference (of accuracy that these images can tell, or None).

    Notes
    -----
    Power is counted at 0.05 / n_pairs, the most that Holm can ask of a pair.
    """
    rows = list(pairs)
    adjusted = tests_of_pairs.holm([pair["mcnemar_p"] for pair in rows])
    return [_corrected(pair, float(p), len(rows)) for pair, p in zip(rows, adjusted, strict=True)]


def _corrected(pair: Pair, holm_p: float, n_pairs: int) -> Pair:
    n, alpha = pair["n_images"], ALPHA / n_pairs
    discordant = (pair["n_only_a"] + pair["n_only_b"]) / n
    significant = holm_p < ALPHA
    needed = None if significant else images_needed(pair["difference"], discordant, alpha=alpha)
    return {
        **pair,
        "n_pairs": n_pairs,
        "holm_p": holm_p,
        "p_words": wording.often(holm_p),
        "significant": significant,
        "n_needed": needed,
        "smallest_difference": smallest_difference(n, discordant, alpha=alpha),
    }


def table(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return pairs from `corrected` as a table to take along: one row a pair and figure."""
    rows = [
        {
            "a": pair["a"],
            "b": pair["b"],
            "n_images": pair["n_images"],
            "figure": name,
            "value_a": figure["a"],
            "value_b": figure["b"],
            "difference": figure["difference"],
            "low": figure["ci"][0] if figure["ci"] else None,
            "high": figure["ci"][1] if figure["ci"] else None,
            "mcnemar_p": pair["mcnemar_p"],
            "holm_p": pair["holm_p"],
        }
        for pair in pairs
        for name, figure in pair["figures"].items()
    ]
    return pd.DataFrame(rows)


def sentence(pair: Mapping[str, Any], called: Mapping[str, str]) -> str:
    """Return what a pair from `corrected` says to a person.

    Parameters
    ----------
    called : mapping of model id to name
    """
    ahead = pair["difference"] >= 0
    better, worse = (called[pair[x]] for x in ("ab" if ahead else "ba"))
    ci = pair["ci"] if ahead else [-bound for bound in reversed(pair["ci"])]
    about = {
        "better": better,
        "worse": worse,
        "points": wording.points(abs(pair["difference"])),
        "span": wording.span(ci),
        "n": pair["n_images"],
    }
    if pair["significant"]:
        return t(
            "{better} is better than {worse} by {points} points ({span}) on the same {n:,} images; "
            "{luck}.",
            **about,
            luck=_luck(pair),
        )
    if pair["difference"] == 0:
        return t(
            "No difference can be told between {better} and {worse} on the same {n:,} images: both "
            "are right equally often ({span} points), so no number of images can be named that "
            "would tell them apart; {told_by}.",
            **about,
            told_by=_told_by(pair),
        )
    return t(
        "No difference can be told between {better} and {worse} on the same {n:,} images: {better} "
        "is ahead by {points} points ({span}), and {luck}. Too few images: a difference of this "
        "size would take about {n_needed} images in all, at least {n_more} more; {told_by}.",
        **about,
        luck=_luck(pair),
        n_needed=wording.rounded_up(pair["n_needed"]),
        n_more=wording.rounded_up(pair["n_needed"] - pair["n_images"]),
        told_by=_told_by(pair),
    )


def _luck(pair: Mapping[str, Any]) -> str:
    """Say how often chance alone would show what was seen."""
    often = wording.often(pair["holm_p"])
    if pair["n_pairs"] == 1:
        return t("if there were no difference you would see this {often}", often=often)
    return t(
        "if there were no difference you would see this {often}, all {n} pairs counted",
        often=often,
        n=pair["n_pairs"],
    )


def _told_by(pair: Mapping[str, Any]) -> str:
    """Say which difference these images could have told."""
    least = pair["smallest_difference"]
    if least is None:
        return t("so few images can tell no difference at all")
    return t("these can tell one of {points} points or more", points=wording.points(least))
