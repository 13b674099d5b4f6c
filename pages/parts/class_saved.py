"""Saved class maps: save the draft, go on from a version, take it along as a file, bring one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.language import t, text, tn
from core.records import ClassMapRecord, Dataset
from core.services.classes import class_map_files, mapping
from core.services.workspace import Workspace
from pages.parts import class_composer, class_retrain
from pages.parts.class_draft import Draft
from pages.parts.class_sandbox import Bench
from pages.ui import messages, names, state

N_SHOWN = 4  # versions shown at once; the others sit in an expander
_MIMES = {"json": "application/json", "csv": "text/csv"}
_MEGABYTE = 1


def save_form(ws: Workspace, dataset: Dataset, draft: Draft) -> None:
    """Save the draft under a name, with why and who; a known name gets a new version."""
    usual = tn("{n:,} class", "{n:,} classes", len(draft.groups))
    with st.form("save-class-map", border=True):
        first, second, third = st.columns([3, 3, 8], vertical_alignment="bottom")
        name = first.text_input(
            t("Name"),
            key="map_save_name",
            placeholder=usual,
            max_chars=64,
            help=t(
                "Left empty, it is called {name}. A name that exists gets a new version; the older "
                "ones stay.",
                name=usual,
            ),
        )
        who = second.text_input(
            t("Who"),
            key="who",
            placeholder=t("Your name"),
            max_chars=64,
            persist_state="session",
            help=t("Kept with the class map, so that others know whom to ask. May be left empty."),
        )
        why = third.text_input(
            t("Why"),
            key="map_why",
            placeholder=t("What makes these classes one?"),
            max_chars=1000,
            help=t("Whoever decides about these classes reads it on Decisions and in the report."),
        )
        pressed = st.form_submit_button(t("Save class map"), type="primary", icon=":material/save:")
    if not pressed:
        return
    with messages.guard() as outcome:
        record = mapping.save_class_map(
            ws, dataset.id, name.strip() or usual, draft.mapping, why=why.strip(), who=who.strip()
        )
        state.flash(t("Saved {name}.", name=messages.plain(names.class_map(record))))
    if outcome.ok:
        st.rerun()


def versions(
    ws: Workspace, dataset: Dataset, bench: Bench | None, saved: Sequence[ClassMapRecord]
) -> None:
    """List the saved class maps, newest first."""
    if not saved:
        st.caption(t("None yet. Save one above; it can then be trained on."))
    for record in saved[:N_SHOWN]:
        _version(ws, dataset, bench, record)
    if len(saved) > N_SHOWN:
        n_older = len(saved) - N_SHOWN
        with st.expander(tn("{n:,} older version", "{n:,} older versions", n_older)):
            for record in saved[N_SHOWN:]:
                _version(ws, dataset, bench, record)
    _from_file(dataset)


def _version(ws: Workspace, dataset: Dataset, bench: Bench | None, record: ClassMapRecord) -> None:
    """Draw one saved class map with what can be done with it."""
    groups = names.groups(record.class_of)
    merged = [f"{name}: {names.listing(x)}" for name, x in groups.items() if len(x) > 1]
    with st.container(border=True, gap="xsmall"):
        classes, when = tn("{n:,} class", "{n:,} classes", len(groups)), text.ago(record.created_at)
        saved = (
            t("saved {when} by {who}", when=when, who=messages.plain(record.who))
            if record.who
            else t("saved {when}", when=when)
        )
        name = messages.plain(names.class_map(record))
        st.markdown(f"**{name}** · {classes} · :small[{saved}]")
        if merged:
            st.caption(messages.plain("; ".join(merged)))
        if record.why:
            st.markdown(messages.plain(record.why))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                t("Continue from this"),
                key=f"map-load-{record.id}",
                icon=":material/edit:",
                on_click=class_composer.continue_from,
                args=(dataset, record),
            )
            st.page_link(
                "pages/train.py",
                label=t("Train on these classes"),
                icon=":material/model_training:",
                query_params={"class_map": names.class_map(record)},
            )
            _downloads(record)
        if bench is not None and 1 < len(groups) < len(dataset.labels):
            class_retrain.panel(ws, bench, record)


def _downloads(record: ClassMapRecord) -> None:
    """Offer a class map as a file of either kind."""
    with st.popover(t("Download"), icon=":material/download:", type="tertiary"):
        for kind in class_map_files.KINDS:
            st.download_button(
                kind.upper(),
                class_map_files.export_class_map(record, kind),
                file_name=f"{_file_name(record)}.{kind}",
                mime=_MIMES[kind],
                key=f"map-{kind}-{record.id}",
                on_click="ignore",
                type="tertiary",
            )


def _file_name(record: ClassMapRecord) -> str:
    """Return "five-1", with nothing in it that a name of a file cannot have."""
    return "".join(c if c.isalnum() else "-" for c in f"{record.name}-{record.version}")


def _from_file(dataset: Dataset) -> None:
    """Take a class map from a file into the draft, where it is looked at before it is saved."""
    with st.expander(t("Take a class map from a file"), icon=":material/upload_file:"):
        given = st.file_uploader(
            t("JSON or CSV"),
            type=list(class_map_files.KINDS),
            key=f"map-file-{dataset.id}",
            max_upload_size=_MEGABYTE,
            help=t(
                "As downloaded here, or a CSV with the columns label,class that gives every label "
                "of this data set a class."
            ),
        )
        if given is None:
            return
        with messages.guard() as outcome:
            kind = class_map_files.kind_of(given.name)
            found = class_map_files.read_class_map(given.getvalue(), kind, dataset.labels)
            said = f" {messages.plain(found.why)}" if found.why else ""
            what = tn("{n:,} class", "{n:,} classes", len(names.groups(found.class_of)))
            st.markdown(f"**{messages.plain(found.name or given.name)}**: {what}.{said}")
        if outcome.ok:
            st.button(
                t("Load it into the draft"),
                key="map-file-load",
                icon=":material/edit:",
                on_click=class_composer.continue_with,
                args=(dataset, found.class_of),
            )
