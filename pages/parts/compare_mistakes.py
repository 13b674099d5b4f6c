"""Compare, mistakes: the surest errors, those all models share, and what one alone gets right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.comparing import mistakes
from core.services.comparing.mistakes import Worth
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.parts import compare_slices, downloads, figures_on, mistake_images, tables
from pages.ui import cached, meaning, messages, names, pickers

SURE = 0.05  # a smaller p is called a difference
SHARED, ALONE, SLICES = phrase("Wrong for all"), phrase("Right for one only"), phrase("Slices")
VIEWS = [phrase("Most confident"), SHARED, ALONE, SLICES]


def show(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    models: Sequence[Model],
    said: Sequence[Answers],
) -> None:
    """Draw one of the four ways to look at mistakes."""
    called = {model.id: names.short_model(model) for model in models}
    view = pickers.words(t("Where is it wrong?"), VIEWS, "mistakes_view")
    if view == SHARED:
        _shared(ws, dataset, question, called, said)
    elif view == ALONE:
        _alone(ws, dataset, question, called, said)
    else:
        chosen = pickers.one(t("Model"), called, "mistakes_of") if len(said) > 1 else said[0].model
        (its,) = (one for one in said if one.model == chosen)
        if view == SLICES:
            compare_slices.show(ws, dataset, question, its, called[chosen])
        else:
            _surest(ws, dataset, question, called[chosen], its)


def _surest(ws: Workspace, dataset: Dataset, question: Question, name: str, its: Answers) -> None:
    """Draw a model's errors, those it was surest of first."""
    rows = cached.surest_errors(ws, question, its.model)
    st.markdown(
        t(
            "**{name}** is wrong on {n:,} of {images}, those it was surest of first. Under each "
            "image: what it says instead, and how sure it is.",
            name=messages.plain(name),
            n=len(rows),
            images=figures_on.images(len(its.y), question.split),
        )
    )
    mistake_images.show(
        ws, dataset, question, [its], rows, "surest", t("It makes no mistake on these images.")
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
    who = t("Both models") if len(said) == 2 else t("All {n} models", n=len(said))
    st.markdown(
        t(
            "{who} are wrong on {n:,} of {images}; with mistakes that have nothing in common it "
            "would be about {expected:.0f}. On {n_same:,} of them all give the same wrong answer, "
            "and these come first: perhaps it is the label that is wrong, and a person should "
            "look.",
            who=who,
            n=len(found.rows),
            images=figures_on.images(len(said[0].y), question.split),
            expected=found.expected,
            n_same=n_same,
        )
    )
    mistake_images.show(
        ws, dataset, question, said, found.rows, "shared", t("No image is wrong for all.")
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
        t("Download the table"), lambda: mistakes.worth_table(said, found, question.split), "worth"
    )
    chosen = pickers.one(t("Right only for"), called, "right_only_for")
    rows = found.alone[list(called).index(chosen)]
    st.markdown(
        tn(
            "{n:,} image that only **{name}** gets right, the surest first. Under each image: what "
            "the others say.",
            "{n:,} images that only **{name}** gets right, the surest first. Under each image: "
            "what the others say.",
            len(rows),
            name=messages.plain(called[chosen]),
        )
    )
    others = [its for its in said if its.model != chosen]
    empty = t("There is none: whatever it gets right, another model gets right, too.")
    mistake_images.show(ws, dataset, question, others, rows, f"alone-{chosen}", empty)


def worth_sentence(found: Worth, called: Sequence[str], split: str) -> str:
    """Say what joining the models could gain, and what their plain average does."""
    best, together = found.own[found.best], found.any_right
    if found.gain_p >= SURE:
        verdict = t("a difference that chance explains")
    else:
        verdict = t("it pays") if found.gain > 0 else t("it does harm")
    return t(
        "At least one of the {n} models is right on {any:.1%} ({any_ci}) of {images}: no rule that "
        "picks one of their answers can do better. The best of them on these images, {name}, "
        "reaches {best:.1%}. The plain average of their probabilities reaches {average:.1%} "
        "({average_ci}), {gain} ({gain_ci}): {verdict}.",
        n=len(called),
        any=together.accuracy,
        any_ci=text.interval(together.ci),
        images=figures_on.images(together.n_images, split),
        name=called[found.best],
        best=best.accuracy,
        average=found.averaged.accuracy,
        average_ci=text.interval(found.averaged.ci),
        gain=text.points(found.gain),
        gain_ci=meaning.spread(found.gain_ci),
        verdict=verdict,
    )


def _worth_table(found: Worth, called: Sequence[str], split: str) -> None:
    """Draw how often each model is right, and how often it alone."""
    shares = [*found.own, found.any_right, found.averaged]
    on = f" {figures_on.on(found.any_right.n_images, split)}"
    st.dataframe(
        tables.written(
            pd.DataFrame(
                {
                    "model": [*called, t("Any of them right"), t("Average of their probabilities")],
                    "accuracy": [share.accuracy for share in shares],
                    "interval": [text.interval(share.ci) for share in shares],
                    "alone": [*(text.number(len(rows)) for rows in found.alone), "", ""],
                }
            ),
            {"accuracy": text.percent},
        ),
        hide_index=True,
        alt=t("Accuracy of the chosen models, alone and together"),
        column_config={
            "model": t("Model"),
            "accuracy": st.column_config.NumberColumn(t("Accuracy"), help=on.strip()),
            "interval": st.column_config.TextColumn(t("95 % interval"), help=t("Wilson's.") + on),
            "alone": st.column_config.TextColumn(
                t("Right alone"), help=t("Images that only this model gets right.") + on
            ),
        },
    )


def _too_few(said: Sequence[Answers]) -> bool:
    """Say so where there is only one model."""
    if len(said) > 1:
        return False
    st.caption(t("Choose a second model above to see what they have in common."))
    return True
