"""Which pairs deserve an expert: what a generalist confuses, what could be gained, who answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.records import Dataset, Run
from core.services.cascades import members as cascades
from core.services.runs import training
from core.services.workspace import Workspace
from pages.parts import train_jobs
from pages.ui import job_panel, messages, names, pickers, state, text

N_SHOWN = 6  # pairs; further down there is little to gain
_WIDTHS = (6, 4, 4, 5)  # of the columns, in parts


def confused(ws: Workspace, dataset: Dataset, generalist: Run, experts: Sequence[Run]) -> int:
    """Draw the confused pairs and return how many there are.

    An expert that is missing is trained with one click.
    """
    pairs = cascades.confused_pairs(ws, generalist.id)
    n_val = generalist.metrics["val"]["n_images"]
    if not pairs:
        st.success(f"This run confuses nothing on {text.count(n_val, 'validation image')}.")
        return 0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown("**What the generalist confuses**", width="stretch")
        algorithm = _algorithm(generalist)
    with st.container(border=True, gap="small"):
        _heads()
        for pair in pairs[:N_SHOWN]:
            _row(ws, dataset, generalist, pair, experts, algorithm)
    rest = len(pairs) - N_SHOWN
    more = f"; {text.count(rest, 'pair')} confused less often not shown" if rest > 0 else ""
    st.caption(f"Counted on {text.count(n_val, 'validation image')}{more}.")
    for job in train_jobs.train_jobs(ws, dataset):
        if job.params.get("pair") and job.state in ("queued", "running", "failed"):
            job_panel.show(ws, job)
    return len(pairs)


def nothing_to_gain(generalist: Run) -> None:
    """Say that no expert can help, and where to go on."""
    st.write("Where nothing is confused, an expert has nothing to gain: this run answers alone.")
    st.page_link(
        "pages/predict.py",
        label="Try it on an image",
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
    state.set_draft("experts-for", generalist.id)
    new = [] if known is None else [i for i in best if i not in known]
    if new:
        pairs = {run.id: run.pair for run in experts}
        joined = {pairs[i]: i for i in [*picked, *new] if i in pairs}
        state.set_widget("experts", list(joined.values()))
    chosen = pickers.several(
        "Experts",
        {run.id: names.run(run) for run in experts},
        "experts",
        default=best,
        placeholder="Choose at least one",
        help="One expert a pair. An image is deferred only when its two most probable classes are "
        "the pair of one of these experts.",
    )
    state.set_draft(note, ({run.id for run in experts}, chosen))
    return chosen


def _algorithm(generalist: Run) -> str:
    """Draw what new experts are trained with; at first what the generalist was."""
    titles = {a["name"]: a["title"] for a in training.algorithms()}
    chosen: str = st.segmented_control(
        "Train experts with",
        list(titles),
        default=generalist.algorithm if generalist.algorithm in titles else next(iter(titles)),
        required=True,
        format_func=lambda name: titles[name],
        key="expert_algorithm",
        persist_state="session",
    )
    return chosen


def _columns() -> Sequence[Any]:
    """Return the cells of one row; rows never wrap, so that they read as a table."""
    return st.columns(_WIDTHS, vertical_alignment="center", wrap=False)


def _heads() -> None:
    """Draw what stands in each column."""
    pair, n_confused, gain, expert = _columns()
    pair.caption("Pair")
    n_confused.caption(
        "Confused",
        help="One taken for the other, in either direction; in brackets the share of all errors.",
    )
    gain.caption(
        "Gain at most",
        help="What an expert without any mistake would add to the validation accuracy. "
        "A real one adds less.",
    )
    expert.caption(
        "Best expert",
        help="Accuracy of the best expert on the validation images of its two classes; guessing "
        "between two gives about half.",
    )


def _row(
    ws: Workspace,
    dataset: Dataset,
    generalist: Run,
    pair: Mapping[str, Any],
    experts: Sequence[Run],
    algorithm: str,
) -> None:
    """Draw one pair: how often it is confused, what an expert could gain, and who there is."""
    a, b = pair["a"], pair["b"]
    mine = [run for run in experts if run.pair and set(run.pair) == {a, b}]
    who, n_confused, gain, expert = _columns()
    who.markdown(f"**{messages.plain(a)} / {messages.plain(b)}**")
    n_confused.markdown(
        f"{text.count(pair['n_confused'], 'image')} "
        f":small[({text.percent(pair['share_of_errors'], 0)})]"
    )
    gain.markdown(f"**{text.points(pair['oracle_gain'])}**")
    with expert:
        if mine:
            _known(mine)
        if all(run.algorithm != algorithm for run in mine):
            _train_button(ws, dataset, generalist, (a, b), algorithm)


def _known(mine: Sequence[Run]) -> None:
    """Draw what the best expert of a pair reaches, and on how many images."""
    figures = max((run.metrics["val"] for run in mine), key=lambda val: val["accuracy"])
    st.markdown(
        f":green[:material/check:] **{text.percent(figures['accuracy'], 0)}** "
        f":small[of {text.count(figures['n_images'], 'image')}]"
    )


def _train_button(
    ws: Workspace, dataset: Dataset, generalist: Run, pair: tuple[str, str], algorithm: str
) -> None:
    """Draw the button that trains the expert of a pair."""
    if st.button("Train expert", key=f"train-expert-{pair[0]}-{pair[1]}"):
        with messages.guard() as outcome:
            training.submit_training(ws, _request(dataset, generalist, pair, algorithm))
        if outcome.ok:
            st.rerun()


def _request(
    dataset: Dataset, generalist: Run, pair: tuple[str, str], algorithm: str
) -> training.TrainRequest:
    """Return the request for an expert with the generalist's classes and backbone."""
    backbone = generalist.config.get("backbone")
    return training.TrainRequest(
        dataset=dataset.id,
        algorithm=algorithm,
        class_map=generalist.class_map_id,
        pair=pair,
        **({"backbone": backbone} if backbone else {}),
    )
