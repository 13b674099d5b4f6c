"""Costs of mistakes: a table that a person fills in; rankings and thresholds follow it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.analysis import mistake_costs as analysis
from core.language import t, text
from core.records import Dataset, MistakeCosts
from core.services.costs import entering
from core.services.workspace import Workspace
from pages.ui import messages, state


def show(ws: Workspace, dataset: Dataset) -> None:
    """Draw the table of costs with its form, and what was entered before."""
    entered = entering.history(ws, dataset.id)
    current = entered[0] if entered and entered[0].costs is not None else None
    said = t("Costs of mistakes") if current is None else t(
        "Costs of mistakes, in {unit} (version {n})",
        unit=messages.plain(current.unit), n=current.version,
    )  # fmt: skip
    with st.expander(said, icon=":material/payments:"):
        st.markdown(
            t(
                "What is lost when an image of the row is treated as the column? Without a table "
                "every mistake counts 1. With one, Classes shows what a merge saves, Compare what "
                "a model costs, and a cascade what it saves, at the cheapest thresholds."
            )
        )
        _form(ws, dataset, current)
        _before(entered)


def _form(ws: Workspace, dataset: Dataset, current: MistakeCosts | None) -> None:
    with st.form(f"costs-{dataset.id}", border=False):
        edited = st.data_editor(
            _table(dataset.labels, current),
            key=f"costs-table-{dataset.id}-{current.version if current else 0}",
            num_rows="fixed",
            column_config={"_index": st.column_config.TextColumn(t("true ↓  treated as →"))},
            alt=t("What each mistake costs: true class by row, treated as by column"),
        )
        unit, asking, who, why = st.columns([1, 1, 1, 2])
        with unit:
            unit_said = st.text_input(
                t("Unit"),
                value=current.unit if current else t("points"),
                max_chars=entering.MAX_UNIT,
                help=t("Money or points; only the name of it is kept."),
            )
        with asking:
            person = st.number_input(
                t("Asking a person"),
                value=current.person if current else None,
                min_value=0.0,
                max_value=analysis.MOST,
                placeholder=t("unknown"),
                help=t(
                    "What it costs to ask a person about an image, in the same unit. A cascade is "
                    "charged it wherever it asks one; without it, only its own answers are charged."
                ),
            )
        with who:
            name = st.text_input(t("Your name"), max_chars=entering.MAX_NAME)
        with why:
            reason = st.text_input(t("Where the figures come from"), max_chars=entering.MAX_WHY)
        with st.container(horizontal=True):
            save = st.form_submit_button(t("Save costs"), type="primary", icon=":material/save:")
            drop = current is not None and st.form_submit_button(
                t("Count every mistake alike again"), type="tertiary", icon=":material/undo:"
            )
    if not (save or drop):
        return
    with messages.guard() as outcome:
        costs = None if drop else edited.to_numpy(dtype=float).tolist()
        paid = None if drop else person
        entering.enter(ws, dataset.id, costs, person=paid, unit=unit_said, who=name, why=reason)
    if outcome.ok:
        state.flash(t("The costs were taken back.") if drop else t("The costs are saved."))
        st.rerun()


def _table(labels: Sequence[str], current: MistakeCosts | None) -> pd.DataFrame:
    costs = np.array(current.costs) if current and current.costs else 1.0 - np.eye(len(labels))
    return pd.DataFrame(costs, index=list(labels), columns=list(labels))


def _before(entered: Sequence[MistakeCosts]) -> None:
    for one in entered:
        what = t("taken back") if one.costs is None else t("entered, in {unit}", unit=one.unit)
        if one.person is not None:
            what = t(
                "entered, in {unit} ({person:,.2f} for asking a person)",
                unit=one.unit,
                person=one.person,
            )
        st.caption(
            messages.plain(
                t(
                    "Version {n}, {when}: {what} by {who}. {why}",
                    n=one.version,
                    when=text.ago(one.created_at),
                    what=what,
                    who=one.who or t("nobody named"),
                    why=one.why,
                )
            )
        )
