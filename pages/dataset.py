"""What is in this data set, and how do images get in? For whoever brings the images."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services import jobs
from core.services.data import datasets
from core.services.workspace import Workspace
from pages.parts import import_form
from pages.ui import (
    cached,
    charts,
    gallery,
    job_panel,
    messages,
    names,
    pickers,
    shell,
    state,
    views,
)

VIEWS = [phrase("Look"), phrase("Balance"), phrase("Problems"), phrase("Import")]
ANY = phrase("all")
SPLITS = (
    ("train", phrase("Training"), phrase("Images that models learn from.")),
    (
        "val",
        phrase("Validation"),
        phrase("Images that decide when to stop and where a threshold lies."),
    ),
    ("test", phrase("Test"), phrase("Images on which a finished model is judged.")),
)
KINDS = {
    "unreadable": phrase("cannot be read"),
    "refused": phrase("refused"),
    "duplicate": phrase("the same bytes again"),
    "label_conflict": phrase("the same bytes under another label"),
    "unlabelled": phrase("has no label"),
}


def look(ws: Workspace, dataset: Dataset) -> None:
    """Show the images of one label and split."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            t("Label"),
            [ANY, *dataset.labels],
            key="label",
            bind="query-params",
            format_func=lambda name: t("all labels") if name == ANY else name,
            width=260,
        )
        split = pickers.words(
            t("Split"),
            [ANY, *names.SHORT_SPLITS],
            "split",
            help=t("Models learn from train, are tuned on val, and are judged once on test."),
        )
    chosen = cached.where(ws, dataset.id, label=label, split=split, any_word=ANY)
    gallery.gallery(ws, dataset, chosen, f"look-{dataset.id}-{label}-{split}")


def balance(ws: Workspace, dataset: Dataset) -> None:
    """Show how many images each label has, split by split."""
    frame = cached.balance(ws, dataset.id)
    st.plotly_chart(
        charts.balance(frame),
        key="balance-chart",
        alt=t("Images of each label, stacked by split"),
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "label": t("Label"),
            **{split: t(word) for split, word, _ in SPLITS},
            "total": t("Total"),
        },
        alt=t("Images of each label in each split"),
    )
    st.caption(
        t(
            "Splits are drawn with seed {seed}, every label alike; images of one group and equal "
            "files never sit in two splits. A split that the source names is kept.",
            seed=dataset.seed,
        )
    )


def problems(ws: Workspace, dataset: Dataset) -> None:
    """List every file that could not be taken as it was, with the reason."""
    found = datasets.problems(ws, dataset.id)
    if not found:
        st.success(
            t("Every file of the source was taken as it is."), icon=":material/check_circle:"
        )
        return
    st.write(
        tn(
            "{n:,} file could not be taken as it was; all others are in the data set.",
            "{n:,} files could not be taken as they were; all others are in the data set.",
            len(found),
        )
    )
    kinds = sorted({p.kind for p in found}, key=KINDS.__getitem__)
    shown = st.pills(
        t("Show"),
        kinds,
        selection_mode="multi",
        default=kinds,
        format_func=lambda kind: t(KINDS[kind]),
        key="problem-kinds",
    )
    st.dataframe(
        pd.DataFrame(
            [(p.file, t(KINDS[p.kind]), p.reason) for p in found if p.kind in shown],
            columns=["File", "What", "Reason"],
        ),
        hide_index=True,
        lazy=False,
        column_config={
            "File": t("File"),
            "What": t("What"),
            "Reason": st.column_config.TextColumn(t("Reason"), width="large"),
        },
        alt=t("Files with problems and the reason"),
    )


def import_images(ws: Workspace) -> None:
    """Show the running import, or the forms; bring archived data sets back."""
    job_id = state.draft(import_form.JOB)
    job = jobs.get_job(ws, job_id) if job_id else job_panel.latest(ws, "import", active_only=True)
    if job is not None and job_id and job.state == "done":
        state.clear_draft(import_form.JOB)
        state.choose_dataset(job.params["name"])
        state.later("view", t(VIEWS[0]))
        state.flash(t("{name} is imported.", name=job.params["name"]))
        st.rerun()
    if not job_panel.show(ws, job, on_retry=lambda new: state.set_draft(import_form.JOB, new)):
        import_form.draw(ws)
    archived = [d for d in datasets.list_datasets(ws, archived=True) if d.archived_at]
    if archived:
        title = t("Archived data sets ({n:,})", n=len(archived))
        with st.expander(title, icon=":material/inventory_2:"):
            for old in archived:
                with st.container(horizontal=True, vertical_alignment="center"):
                    n_images = tn("{n:,} image", "{n:,} images", old.n_images)
                    st.write(f"**{messages.plain(old.name)}**, {n_images}")
                    if st.button(t("Bring back"), key=f"restore-{old.id}", icon=":material/undo:"):
                        with messages.guard() as outcome:
                            datasets.restore_dataset(ws, old.id)
                        if outcome.ok:
                            state.choose_dataset(old.name)
                            state.flash(t("{name} is back.", name=old.name))
                            st.rerun()


def facts(ws: Workspace, dataset: Dataset) -> None:
    """Show the numbers of the set in one row, its note, and the archive button."""
    if dataset.note:
        st.info(messages.plain(dataset.note), icon=":material/info:")
    counted = cached.balance(ws, dataset.id)[["train", "val", "test"]].sum()
    with st.grid(3, min_column_width=110):
        st.metric(t("Images"), text.number(dataset.n_images), border=True)
        st.metric(
            t("Labels"),
            text.number(len(dataset.labels)),
            border=True,
            help=messages.inline(", ".join(dataset.labels)),
        )
        for split, word, sentence in SPLITS:
            st.metric(t(word), text.number(int(counted[split])), border=True, help=t(sentence))
        st.metric(
            t("Duplicates"),
            text.number(dataset.n_duplicates),
            border=True,
            help=t("Files with the same bytes as another one; each is one image."),
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            t(
                "From {source} · models see {size_px} × {size_px} px · imported {when} · {id}",
                source=messages.plain(dataset.source),
                size_px=dataset.size_px,
                when=text.ago(dataset.created_at),
                id=dataset.id,
            )
        )
        if st.button(
            t("Archive"),
            icon=":material/archive:",
            type="tertiary",
            help=t("Hides this data set. Nothing is deleted; Import, at its end, brings it back."),
        ):
            with messages.guard() as outcome:
                datasets.archive_dataset(ws, dataset.id)
            if outcome.ok:
                state.later("view", t(VIEWS[3]))
                state.flash(t("{name} is archived; it can be brought back.", name=dataset.name))
                st.rerun()


ws, dataset = shell.enter_without_dataset(
    t("Data set"), t("What is in it, how it is split, and what could not be read.")
)
if dataset is None:
    st.write(
        t(
            "There is no data set in this workspace yet: import your images here, or build the "
            "demo on the overview."
        )
    )
    import_images(ws)
    st.stop()
facts(ws, dataset)
look_tab, balance_tab, problems_tab, import_tab = views.tabs(VIEWS, key="view")
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
