"""What is in this data set, and how do images get in? For whoever brings the images."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.language import text
from core.records import Dataset
from core.services import jobs
from core.services.data import datasets
from core.services.workspace import Workspace
from pages.parts import import_form
from pages.ui import cached, charts, gallery, job_panel, messages, shell, state

VIEWS = ["Look", "Balance", "Problems", "Import"]
ANY = "all"
SPLITS = (
    ("train", "Training", "Images that models learn from."),
    ("val", "Validation", "Images that decide when to stop and where a threshold lies."),
    ("test", "Test", "Images on which a finished model is judged."),
)
KINDS = {
    "unreadable": "cannot be read",
    "refused": "refused",
    "duplicate": "the same bytes again",
    "label_conflict": "the same bytes under another label",
    "unlabelled": "has no label",
}


def look(ws: Workspace, dataset: Dataset) -> None:
    """Show the images of one label and split."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Label",
            [ANY, *dataset.labels],
            key="label",
            bind="query-params",
            format_func=lambda name: "all labels" if name == ANY else name,
            width=260,
        )
        split = st.segmented_control(
            "Split",
            [ANY, "train", "val", "test"],
            default=ANY,
            required=True,
            key="split",
            bind="query-params",
            help="Models learn from train, are tuned on val, and are judged once on test.",
        )
    chosen = cached.where(ws, dataset.id, label=label, split=split, any_word=ANY)
    gallery.gallery(ws, dataset, chosen, f"look-{dataset.id}-{label}-{split}")


def balance(ws: Workspace, dataset: Dataset) -> None:
    """Show how many images each label has, split by split."""
    frame = cached.balance(ws, dataset.id)
    st.plotly_chart(
        charts.balance(frame), key="balance-chart", alt="Images of each label, stacked by split"
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "label": "Label",
            "train": "Training",
            "val": "Validation",
            "test": "Test",
            "total": "Total",
        },
        alt="Images of each label in each split",
    )
    st.caption(
        f"Splits are drawn with seed {dataset.seed}, every label alike; images of one group and "
        "equal files never sit in two splits. A split that the source names is kept."
    )


def problems(ws: Workspace, dataset: Dataset) -> None:
    """List every file that could not be taken as it was, with the reason."""
    found = datasets.problems(ws, dataset.id)
    if not found:
        st.success("Every file of the source was taken as it is.", icon=":material/check_circle:")
        return
    st.write(
        f"{text.count(len(found), 'file')} could not be taken as they were; all others are in the "
        "data set."
    )
    frame = pd.DataFrame(
        [{"File": p.file, "What": KINDS[p.kind], "Reason": p.reason} for p in found]
    )
    kinds = sorted(frame["What"].unique())
    shown = st.pills("Show", kinds, selection_mode="multi", default=kinds, key="problem-kinds")
    st.dataframe(
        frame[frame["What"].isin(shown)],
        hide_index=True,
        lazy=False,
        column_config={"Reason": st.column_config.TextColumn(width="large")},
        alt="Files with problems and the reason",
    )


def import_images(ws: Workspace) -> None:
    """Show the running import, or the forms; bring archived data sets back."""
    job_id = state.draft(import_form.JOB)
    job = jobs.get_job(ws, job_id) if job_id else job_panel.latest(ws, "import", active_only=True)
    if job is not None and job_id and job.state == "done":
        state.clear_draft(import_form.JOB)
        state.choose_dataset(job.params["name"])
        state.later("view", VIEWS[0])
        state.flash(f"{job.params['name']} is imported.")
        st.rerun()
    if not job_panel.show(ws, job, on_retry=lambda new: state.set_draft(import_form.JOB, new)):
        import_form.draw(ws)
    archived = [d for d in datasets.list_datasets(ws, archived=True) if d.archived_at]
    if archived:
        with st.expander(f"Archived data sets ({len(archived)})", icon=":material/inventory_2:"):
            for old in archived:
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.write(f"**{messages.plain(old.name)}**, {text.count(old.n_images, 'image')}")
                    if st.button("Bring back", key=f"restore-{old.id}", icon=":material/undo:"):
                        with messages.guard() as outcome:
                            datasets.restore_dataset(ws, old.id)
                        if outcome.ok:
                            state.choose_dataset(old.name)
                            state.flash(f"{old.name} is back.")
                            st.rerun()


def facts(ws: Workspace, dataset: Dataset) -> None:
    """Show the numbers of the set in one row, its note, and the archive button."""
    if dataset.note:
        st.info(messages.plain(dataset.note), icon=":material/info:")
    counted = cached.balance(ws, dataset.id)[["train", "val", "test"]].sum()
    with st.grid(6, min_column_width=110):
        st.metric("Images", f"{dataset.n_images:,}", border=True)
        st.metric(
            "Labels",
            f"{len(dataset.labels)}",
            border=True,
            help=messages.inline(", ".join(dataset.labels)),
        )
        for split, word, sentence in SPLITS:
            st.metric(word, f"{counted[split]:,}", border=True, help=sentence)
        st.metric(
            "Duplicates",
            f"{dataset.n_duplicates:,}",
            border=True,
            help="Files with the same bytes as another one; each is one image.",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"From {messages.plain(dataset.source)} · models see {dataset.size_px} × "
            f"{dataset.size_px} px · imported {text.ago(dataset.created_at)} · {dataset.id}"
        )
        if st.button(
            "Archive",
            icon=":material/archive:",
            type="tertiary",
            help="Hides this data set. Nothing is deleted; Import, at its end, brings it back.",
        ):
            with messages.guard() as outcome:
                datasets.archive_dataset(ws, dataset.id)
            if outcome.ok:
                state.later("view", VIEWS[3])
                state.flash(f"{dataset.name} is archived; it can be brought back.")
                st.rerun()


ws, dataset = shell.enter_without_dataset(
    "Data set", "What is in it, how it is split, and what could not be read."
)
if dataset is None:
    import_images(ws)
    st.stop()
facts(ws, dataset)
look_tab, balance_tab, problems_tab, import_tab = st.tabs(
    VIEWS, key="view", bind="query-params", on_change="rerun"
)
with messages.guard():
    if look_tab.open:
        with look_tab:
            look(ws, dataset)
    if balance_tab.open:
        with balance_tab:
            balance(ws, dataset)
    if problems_tab.open:
        with problems_tab:
            problems(ws, dataset)
    if import_tab.open:
        with import_tab:
            import_images(ws)
