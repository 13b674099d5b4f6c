"""The cascade under its sliders: what moves with them, what is promised, and saving it."""

from __future__ import annotations

import streamlit as st

from core.analysis.cascades.routes import Thresholds
from core.language import phrase, t, tn
from core.records import Dataset
from core.services.cascades import reporting, saving
from core.services.cascades.guaranteeing import Promise
from core.services.cascades.members import Members
from core.services.workspace import Workspace
from pages.parts import cascade_live, cascade_outcome, cascade_promise
from pages.parts.cascade_live import Cell
from pages.ui import messages, names, state
from pages.ui.confusion_panel import CELL_PAGE
from pages.ui.gallery import gallery

HOW_TO = phrase("Rows are true classes, columns what was answered. Click a cell for its images.")


@st.fragment
def steer(ws: Workspace, dataset: Dataset, members: Members, split: str) -> None:
    """Draw the sliders and all that follows; only this runs again when they are let go."""
    with messages.guard():
        ids = [members.generalist.id, *(expert.id for expert in members.experts), members.rule]
        key = f"cascade-{'-'.join(ids)}"
        thresholds = cascade_live.thresholds_of(members, key)
        st.subheader(t("The threshold"), anchor=False)
        room = st.container()
        st.markdown(t("**A threshold with a guarantee**"))
        promise = cascade_promise.ask(ws, members, thresholds)
        cascade_promise.tell(promise, thresholds, key)
        held = promise.thresholds
        with room:
            cell = cascade_live.desk(
                members, thresholds, key, split, promised=None if held is None else held.person
            )
            if cell is None:
                st.caption(t(HOW_TO))
            else:
                _images(ws, dataset, members, thresholds, split, cell, key)
        report = reporting.report(ws, members, thresholds)
        cascade_outcome.verdict(members, report)
        cascade_outcome.accounting(members, report[split], split)
        cascade_outcome.controls(report)
        _save(ws, members, thresholds, promise)


def _images(
    ws: Workspace,
    dataset: Dataset,
    members: Members,
    thresholds: Thresholds,
    split: str,
    cell: Cell,
    key: str,
) -> None:
    """Draw the images of the chosen cell."""
    found = reporting.cell_positions(
        members, thresholds, (cell.true, cell.said), split=split, route=cell.route
    )
    true = messages.plain(members.classes[cell.true])
    if cell.said == len(members.classes):
        said = t("left to a person")
    elif cell.said == cell.true:
        said = t("recognised")
    else:
        said = t("taken for **{name}**", name=messages.plain(members.classes[cell.said]))
    st.markdown(
        tn(
            "{n:,} {split} image of **{true}**, {said}",
            "{n:,} {split} images of **{true}**, {said}",
            len(found),
            split=t(names.SPLITS[split]),
            true=true,
            said=said,
        )
    )
    gallery(
        ws,
        dataset,
        found,
        f"{key}-{split}-{cell.route}-{cell.true}-{cell.said}",
        page_size=CELL_PAGE,
        empty=t("No image is in this cell."),
    )


def _save(ws: Workspace, members: Members, thresholds: Thresholds, promise: Promise) -> None:
    """Draw the button that keeps the cascade."""
    if st.button(
        t("Save this cascade"),
        key="save-cascade",
        type="primary",
        icon=":material/save:",
        help=t("Keeps members and thresholds together, for Predict and for the command line."),
    ):
        best = (members.best_tau,) * len(members.experts)
        tuned = thresholds.taus in (best, members.best_taus)
        record = saving.save(
            ws,
            members,
            thresholds,
            tau_from="validation" if tuned else "hand",
            promise=promise,
        )
        state.flash(t("Saved {name}.", name=names.cascade(record)))
        st.rerun()
