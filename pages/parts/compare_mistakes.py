"""Compare, mistakes: the surest errors, those all models share, and what one alone gets right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.language import text
from core.records import Dataset
from core.services.comparing import mistakes
from core.services.comparing.mistakes import Worth
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.parts import compare_slices, downloads, mistake_images
from pages.ui import cached, meaning, messages, names, pickers

SURE = 0.05  # a smaller p is called a difference
VIEWS = ["Most confident", "Wrong for all", "Right for one only", "Slices"]


def show(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    models: Sequence[Model],
    said: Sequence[Answers],
) -> None:
    """Draw one of the four ways to look at mistakes."""
    called = {model.id: names.short_model(model) for model in models}
    view = st.segmented_control(
        "Where is it wrong?",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="mistakes_view",
        bind="query-params",
    )
    if view == "Wrong for all":
        _shared(ws, dataset, question, called, said)
    elif view == "Right for one only":
        _alone(ws, dataset, question, called, said)
    else:
        chosen = pickers.one("Model", called, "mistakes_of") if len(said) > 1 else said[0].model
        (its,) = (one for one in said if one.model == chosen)
        if view == "Slices":
            compare_slices.show(ws, dataset, question, its, called[chosen])
        else:
            _surest(ws, dataset, question, called[chosen], its)


def _surest(ws: Workspace, dataset: Dataset, question: Question, name: str, its: Answers) -> None:
    """Draw a model's errors, those it was surest of first."""
    rows = cached.surest_errors(ws, question, its.model)
    st.markdown(
        f"**{messages.plain(name)}** is wrong on {len(rows):,} of "
        f"{_on(question, len(its.y))}, those it was surest of first. Under each image: what it "
        "says instead, and how sure it is."
    )
    mistake_images.show(
        ws, dataset, question, [its], rows, "surest", "It makes no mistake on these images."
    )


def _shared(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    called: Mapping[str, str],
    said: Sequence[Answers],
) -> None:
    """Draw the images that all models get wrong, and send them to review."""
    if _too_few(said):
        return
    found = cached.shared_errors(ws, question, tuple(called))
    n_same = int(found.same.sum())
    who = "Both" if len(said) == 2 else f"All {len(said)}"
    st.markdown(
        f"{who} models are wrong on {len(found.rows):,} of "
        f"{_on(question, len(said[0].y))}; with mistakes that have nothing in common it would be "
        f"about {found.expected:.0f}. On {n_same:,} of them all give the same wrong answer, and "
        "these come first: perhaps it is the label that is wrong, and a person should look."
    )
    mistake_images.show(
        ws, dataset, question, said, found.rows, "shared", "No image is wrong for all."
    )


def _alone(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    called: Mapping[str, str],
    said: Sequence[Answers],
) -> None:
    """Draw what the models could reach together, and the images that only one gets right."""
    if _too_few(said):
        return
    found = cached.worth(ws, question, tuple(called))
    st.markdown(messages.plain(worth_sentence(found, list(called.values()), question.split)))
    _worth_table(found, list(called.values()), question.split)
    downloads.csv(
        "Download the table", lambda: mistakes.worth_table(said, found, question.split), "worth"
    )
    chosen = pickers.one("Right only for", called, "right_only_for")
    rows = found.alone[list(called).index(chosen)]
    st.markdown(
        f"{text.count(len(rows), 'image')} that only **{messages.plain(called[chosen])}** gets "
        "right, the surest first. Under each image: what the others say."
    )
    others = [its for its in said if its.model != chosen]
    empty = "There is none: whatever it gets right, another model gets right, too."
    mistake_images.show(ws, dataset, question, others, rows, f"alone-{chosen}", empty)


def worth_sentence(found: Worth, called: Sequence[str], split: str) -> str:
    """Say what joining the models could gain, and what their plain average does."""
    best, together = found.own[found.best], found.any_right
    said = (
        f"At least one of the {len(called)} models is right on {text.percent(together.accuracy)} "
        f"({text.interval(together.ci)}) of {together.n_images:,} {names.SPLITS[split]} images: no "
        "rule that picks one of their answers can do better. "
        f"The best of them on these images, {called[found.best]}, reaches "
        f"{text.percent(best.accuracy)}. The plain average of their probabilities reaches "
        f"{text.percent(found.averaged.accuracy)} ({text.interval(found.averaged.ci)}), "
    )
    gain = f"{text.points(found.gain)} ({meaning.spread(found.gain_ci)})"
    if found.gain_p >= SURE:
        return f"{said}{gain}: a difference that chance explains."
    return f"{said}{gain}: {'it pays' if found.gain > 0 else 'it does harm'}."


def _worth_table(found: Worth, called: Sequence[str], split: str) -> None:
    """Draw how often each model is right, and how often it alone."""
    shares = [*found.own, found.any_right, found.averaged]
    on = f" On {found.any_right.n_images:,} {names.SPLITS[split]} images."
    st.dataframe(
        pd.DataFrame(
            {
                "model": [*called, "Any of them right", "Average of their probabilities"],
                "accuracy": [100 * share.accuracy for share in shares],
                "interval": [text.interval(share.ci) for share in shares],
                "alone": [*(f"{len(rows):,}" for rows in found.alone), "", ""],
            }
        ),
        hide_index=True,
        alt="Accuracy of the chosen models, alone and together",
        column_config={
            "model": "Model",
            "accuracy": st.column_config.NumberColumn("Accuracy", format="%.1f %%", help=on),
            "interval": st.column_config.TextColumn("95 % interval", help="Wilson's." + on),
            "alone": st.column_config.TextColumn(
                "Right alone", help="Images that only this model gets right." + on
            ),
        },
    )


def _too_few(said: Sequence[Answers]) -> bool:
    """Say so where there is only one model."""
    if len(said) > 1:
        return False
    st.caption("Choose a second model above to see what they have in common.")
    return True


def _on(question: Question, n_images: int) -> str:
    return f"{n_images:,} {names.SPLITS[question.split]} images"
