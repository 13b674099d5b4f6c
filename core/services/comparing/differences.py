"""Is one model really better than another? The same images, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from core.analysis.comparisons import paired
from core.errors import InvalidInput
from core.services.comparing import questions
from core.services.comparing.questions import Answers
from core.services.runs.training import summary
from core.store.database import Workspace


def compare(ws: Workspace, model_ids: Sequence[str], *, split: str = "test") -> dict[str, Any]:
    """Compare runs and cascades on the same images, pair by pair, by the question they share.

    Returns
    -------
    dict
        split, classes, `runs`: figures of their own; `pairs`: see `pairs_of`.

    Raises
    ------
    InvalidInput
        If fewer than two models are named, one twice, or they share no question; if `split` is
        neither val nor test.
    """
    if len(model_ids) < 2 or len(set(model_ids)) != len(model_ids):
        raise InvalidInput(
            "a comparison takes two or more different runs", received=", ".join(model_ids) or "none"
        )
    models = [questions.find(ws, model_id) for model_id in model_ids]
    question = questions.same_question(ws, models, split)
    return {
        "split": split,
        "classes": list(question.classes),
        "runs": [summary(model.run) for model in models],
        "pairs": pairs_of([questions.answers(ws, question, model) for model in models]),
    }


def pairs_of(said: Sequence[Answers]) -> list[dict[str, Any]]:
    """Compare every two of some models by their answers to one question.

    Returns
    -------
    list of dict
        a, b, n_images, difference (accuracy of a less that of b), ci, mcnemar_p, holm_p.
    """
    pairs = [_pair(a, b) for a, b in combinations(said, 2)]
    for pair, p in zip(pairs, paired.holm([pair["mcnemar_p"] for pair in pairs]), strict=True):
        pair["holm_p"] = float(p)
    return pairs


def _pair(a: Answers, b: Answers) -> dict[str, Any]:
    difference, ci = paired.paired_difference(a.right, b.right)
    return {
        "a": a.model,
        "b": b.model,
        "n_images": len(a.y),
        "difference": float(difference),
        "ci": [float(bound) for bound in ci],
        "mcnemar_p": float(paired.mcnemar_exact(a.right, b.right)),
    }
