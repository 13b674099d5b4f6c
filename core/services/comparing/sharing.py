"""The question that several models share: that of the coarsest classes among theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.errors import InvalidInput
from core.language import t
from core.records import HeldOut
from core.services.classes.mapping import HELD_OUT
from core.services.comparing import questions
from core.services.comparing.questions import Model, Question
from core.store.database import Workspace


def same_question(ws: Workspace, models: Sequence[Model], split: str) -> Question:
    """Return the question that all of these models answer: that of the coarsest classes.

    Raises
    ------
    InvalidInput
        If there is none, or `split` is neither val nor test.
    """
    held_out = _held_out(split)
    for asked in questions.questions(models):
        if not questions.takes_part(ws, asked, models)[1]:
            return replace(asked, split=held_out)
    raise InvalidInput(
        t("these models do not answer the same question"),
        expected=t("models over the same classes, or over classes that one of them merged"),
        received=", ".join(
            t("{run} over {classes}", run=model.id, classes=", ".join(model.run.classes))
            for model in models
        ),
        todo=t("choose models with the same classes"),
    )


def _held_out(split: str) -> HeldOut:
    if split == "val":
        return "val"
    if split == "test":
        return "test"
    raise InvalidInput(
        t("models are compared on images that they have not learned from"),
        expected=t("{a} or {b}", a=HELD_OUT[0], b=HELD_OUT[1]),
        received=repr(split),
    )
