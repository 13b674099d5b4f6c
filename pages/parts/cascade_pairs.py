"""Which pairs deserve an expert: what a generalist confuses, what could be gained, who answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset, Run
from core.services.cascades import pairs as pair_service
from core.services.cascades.pairs import ConfusedPair
from core.services.classes import advising
from core.services.runs import training
from core.services.workspace import Workspace
from pages.parts import cascade_live, train_jobs
from pages.ui import cached, job_panel, messages, names, pickers, state

N_SHOWN = 6  # pairs; further down there is little to gain
_WIDTHS = (6, 5, 4, 5)  # of the columns, in parts
_SHARPER = phrase("at twice the resolution")


class Recipe(NamedTuple):
    """What new experts are trained with."""

    algorithm: str
    sharper: bool


def confused(ws: Workspace, dataset: Dataset, generalist: Run, experts: Sequence[Run]) -> int:
    """Draw the confused pairs and return how many there are.

    An expert that is missing is trained with one click.
    """
    pairs = cached.confused_pairs(
        ws, generalist.id, advising.last_review(ws, generalist.id), tuple(e.id for e in experts)
    )
    n_val = generalist.metrics["val"]["n_images"]
    if not pairs:
        st.success(
            tn(
                "This run confuses nothing on {n:,} validation image.",
                "This run confuses nothing on {n:,} validation images.",
                n_val,
            )
        )
        return 0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown(t("**What the generalist confuses**"), width="stretch")
        recipe = _recipe(generalist)
    with st.container(border=True, gap="small", key="aligned-pairs"):
        _heads(n_val)
        for pair in pairs[:N_SHOWN]:
            _row(ws, generalist, pair, experts, recipe)
    st.caption(_counted(n_val, len(pairs) - N_SHOWN))
    _group(ws, generalist, recipe)
    for job in train_jobs.train_jobs(ws, dataset):
        if job.params.get("pair") and job.state in ("queued", "running", "failed"):
            job_panel.show(ws, job)
    return len(pairs)


def _counted(n_val: int, n_more: int) -> str:
    """Say what the rows were counted on, and how many pairs are not shown."""
    images = tn("{n:,} validation image", "{n:,} validation images", n_val)
    if n_more <= 0:
        return t("Counted on {images}.", images=images)
    return tn(
        "Counted on {images}; {n:,} pair confused less often not shown.",
        "Counted on {images}; {n:,} pairs confused less often not shown.",
        n_more,
        images=images,
    )


def nothing_to_gain(generalist: Run) -> None:
    """Say that no expert can help, and where to go on."""
    st.write(t("Where nothing is confused, an expert has nothing to gain: this run answers alone."))
    st.page_link(
        "pages/predict.py",
        label=t("Try it on an image"),
        icon=":material/image_search:",
        query_params={"model": names.run(generalist)},
    )


def choose_experts(generalist: Run, experts: Sequence[Run]) -> list[str]:
    """Draw the choice of experts; at first the best of each pair, and each new one joins."""
    best = list({run.pair: run.id for run in reversed(names.ranked(experts))}.values())
    note = f"experts-{generalist.id}"
    known, picked = state.draft(note, (None, []))
    if state.draft("experts-for") not in (None, generalist.id):
        state.set_widget("experts", best)  # another generalist: its own experts, as at first
        cascade_live.forget(cascade_live.TAU, cascade_live.PERSON)
    state.set_draft("experts-for", generalist.id)
    new = [] if known is None else [i for i in best if i not in known]
    if new:
        pairs = {run.id: run.pair for run in experts}
        joined = {pairs[i]: i for i in [*picked, *new] if i in pairs}
        state.set_widget("experts", list(joined.values()))
        cascade_live.forget(cascade_live.TAU)
    chosen = pickers.several(
        t("Experts"),
        {run.id: names.run(run) for run in experts},
        "experts",
        default=best,
        placeholder=t("Choose at least one"),
        on_change=cascade_live.forget,
        args=(cascade_live.TAU,),
        help=t(
            "One expert a pair. An image is deferred only when its two most probable classes are "
            "the pair of one of these experts."
        ),
    )
    state.set_draft(note, ({run.id for run in experts}, chosen))
    return chosen


def _recipe(generalist: Run) -> Recipe:
    """Draw what new experts are trained with; at first what the generalist was."""
    titles = {a["name"]: a["title"] for a in training.algorithms()}
    chosen: str = st.segmented_control(
        t("Train experts with"),
        list(titles),
        default=generalist.algorithm if generalist.algorithm in titles else next(iter(titles)),
        required=True,
        format_func=lambda name: t(titles[name]),
        key="expert_algorithm",
        persist_state="session",
        help=t(
            "At first what the generalist was trained with. Another algorithm sees the pair with "
            "other eyes; the probe takes seconds."
        ),
    )
    if not pair_service.can_be_sharper(chosen):
        return Recipe(chosen, False)
    sharper = st.toggle(
        t(_SHARPER),
        key="expert_sharper",
        help=t(
            "Shows the expert images of twice the side that the algorithm takes by itself, as far "
            "as the data set has them. A pair often differs in fine detail. It takes about four "
            "times as long."
        ),
    )
    return Recipe(chosen, sharper)


def _columns() -> Sequence[Any]:
    """Return the cells of one row."""
    pair, confused, apart, expert = st.columns(_WIDTHS, vertical_alignment="center", wrap=False)
    with confused.container(gap=None):  # how often, and below it what that could gain
        n_confused, gain = st.container(), st.container()
    return pair, n_confused, gain, apart, expert


def _heads(n_val: int) -> None:
    """Draw what stands in each column."""
    pair, n_confused, gain, apart, expert = _columns()
    pair.caption(t("Pair"))
    n_confused.caption(
        t("Confused"),
        help=tn(
            "One taken for the other, in either direction; in brackets the share of all errors. On "
            "{n:,} validation image.",
            "One taken for the other, in either direction; in brackets the share of all errors. On "
            "{n:,} validation images.",
            n_val,
        ),
    )
    gain.caption(
        t("Gain at most"),
        help=t(
            "What an expert without any mistake would add to the validation accuracy. "
            "A real one adds less."
        ),
    )
    apart.caption(
        t("Overlap"),
        help=t(
            "Share of images that lie among those of the other class, by their nearest neighbours "
            "in the embedding, on training and validation images: 0 % is apart; about 50 % is one "
            "clump, which no expert on this backbone divides. Beside it, where reviewed: how well "
            "people agree on images of the pair: Krippendorff's alpha. Where they do not tell the "
            "two apart, no expert can be right."
        ),
    )
    expert.caption(
        t("Best expert"),
        help=t(
            "Accuracy of the best expert on the validation images of its two classes; guessing "
            "between two gives about half."
        ),
    )


def _row(
    ws: Workspace,
    generalist: Run,
    pair: ConfusedPair,
    experts: Sequence[Run],
    recipe: Recipe,
) -> None:
    """Draw one pair: how often it is confused, what an expert could gain, and who there is."""
    mine = [run for run in experts if run.pair and set(run.pair) == {pair.a, pair.b}]
    who, n_confused, gain, apart, expert = _columns()
    who.markdown(
        t(
            "**{a} / {b}** :small[{n:,} to learn from]",
            a=messages.plain(pair.a),
            b=messages.plain(pair.b),
            n=pair.n_train,
        )
    )
    n_confused.markdown(
        tn(
            "{n:,} image :small[({share:.0%})]",
            "{n:,} images :small[({share:.0%})]",
            pair.n_confused,
            share=pair.share_of_errors,
        )
    )
    gain.markdown(f"**{text.points(pair.oracle_gain)}**")
    said = text.percent(pair.overlap, 0)
    people = ""
    if pair.people is not None:
        people = " " + t(":small[people {alpha:.2f}]", alpha=pair.people[0])
    apart.markdown(said + people)
    with expert:
        if mine:
            _known(mine)
        if all(run.algorithm != recipe.algorithm for run in mine) or recipe.sharper:
            _train_button(ws, generalist, (pair.a, pair.b), recipe)


def _known(mine: Sequence[Run]) -> None:
    """Draw what the best expert of a pair reaches, and on how many images."""
    figures = max((run.metrics["val"] for run in mine), key=lambda val: val["accuracy"])
    st.markdown(
        tn(
            ":green[:material/check:] **{accuracy:.0%}** :small[of {n:,} image]",
            ":green[:material/check:] **{accuracy:.0%}** :small[of {n:,} images]",
            figures["n_images"],
            accuracy=figures["accuracy"],
        )
    )


def _group(ws: Workspace, generalist: Run, recipe: Recipe) -> None:
    """Offer an expert for three or more classes that are confused among each other."""
    if len(generalist.classes) < 4:
        return
    with st.expander(t("Three or more classes that are confused among each other")):
        chosen = st.multiselect(
            t("Classes of the expert"),
            generalist.classes,
            key="expert_group",
            help=t(
                "It is asked where the two most probable classes are among these, and divides "
                "what all of these have."
            ),
        )
        if not 3 <= len(chosen) < len(generalist.classes):
            most = len(generalist.classes) - 1
            st.caption(
                t(
                    "Choose 3 to {most} classes: of all of them the generalist is the expert.",
                    most=most,
                )
            )
            return
        ordered = [name for name in generalist.classes if name in chosen]
        _train_button(ws, generalist, ordered, recipe)


def _train_button(ws: Workspace, generalist: Run, classes: Sequence[str], recipe: Recipe) -> None:
    """Draw the button that trains an expert."""
    if st.button(t("Train expert"), key=f"train-expert-{'-'.join(classes)}"):
        with messages.guard() as outcome:
            request = pair_service.expert_request(
                ws, generalist, classes, recipe.algorithm, sharper=recipe.sharper
            )
            training.submit_training(ws, request)
        if outcome.ok:
            st.rerun()
