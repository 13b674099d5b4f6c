"""Teach a one-shot network one class more from a handful of images, and say what that did."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.language import phrase, t, text, tn
from core.records import CascadeRecord, Dataset, ExtendedModel, Job, Run
from core.services import jobs
from core.services.runs import extending, marking
from core.services.workspace import Workspace
from pages.parts.predict_source import FILE_MB, TYPES
from pages.ui import job_panel, meaning, messages, state

_JUST_DELETED = "just-deleted-extended"  # draft: the id that Undo brings back
_LOOKED_THROUGH = 200  # jobs among which that of this model is sought
NOT_THIS = phrase(
    "Prototypical, matching and siamese runs (without full context embeddings) can be taught a new "
    "class here from a few images; this model cannot."
)
_HOW = phrase(
    "1 to 50 images of a class that the model does not know. Nothing is trained: the model "
    "remembers what they look like, and stays as it is; the result is a model of its own."
)


def panel(
    ws: Workspace,
    dataset: Dataset,
    model: CascadeRecord | Run,
    taught: Mapping[str, ExtendedModel],
) -> None:
    """Draw what a taught model can do, and the form that teaches the chosen one a class.

    Parameters
    ----------
    model : CascadeRecord or Run
        What is chosen; an extended model in the form of its run.
    taught : mapping of id to ExtendedModel
        Those of the data set.
    """
    with messages.guard():
        _undo(ws)
        if model.id in taught:
            with st.container(border=True):
                _figures(taught[model.id])
                _delete(ws, taught[model.id])
    if isinstance(model, CascadeRecord) or not extending.can_extend(model):
        st.caption(t(NOT_THIS))
        return
    with (
        st.expander(t("Teach it a new class"), icon=":material/school:", key=f"extend-{model.id}"),
        messages.guard(),
    ):
        _form(ws, model)
    with messages.guard():
        job = _latest(ws, dataset, model)
        job_panel.show(ws, job)
        if job is not None and job.result and (record := taught.get(job.result["model"])):
            _done(record)


def _delete(ws: Workspace, record: ExtendedModel) -> None:
    """Draw the button that takes a taught model out of every list."""
    if st.button(
        t("Delete this model"),
        key=f"delete-{record.id}",
        icon=":material/delete:",
        help=t("It leaves every list. Undo brings it back, now or later: nothing is lost."),
    ):
        marking.hide(ws, record.id)
        state.set_draft(_JUST_DELETED, record.id)
        st.rerun()


def _undo(ws: Workspace) -> None:
    """Offer to bring back what was deleted last."""
    last = state.draft(_JUST_DELETED)
    if not last:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(tn("{n:,} model deleted.", "{n:,} models deleted.", 1))
        if st.button(t("Undo"), key="extend-undo", icon=":material/undo:", type="primary"):
            marking.bring_back(ws, last)
            state.clear_draft(_JUST_DELETED)
            state.later("model", last)
            st.rerun()


def _form(ws: Workspace, model: Run) -> None:
    """Draw the form; what is wrong with it is one sentence, and what was typed stays."""
    with st.form(f"extend-form-{model.id}", border=False):
        st.markdown(t(_HOW))
        name = st.text_input(
            t("Name of the new class"), key=f"extend-name-{model.id}", max_chars=200
        )
        given = st.file_uploader(
            t("Images of the new class"),
            type=TYPES,
            accept_multiple_files=True,
            max_upload_size=FILE_MB,
            key=f"extend-files-{model.id}",
            help=t("About ten, as different from each other as the class is."),
        )
        sent = st.form_submit_button(t("Teach"), type="primary", icon=":material/school:")
    if sent:
        with st.spinner(t("Reading the images …")):
            files = [(file.name, file.getvalue()) for file in given]
            extending.submit_extend(ws, model.id, name, files)
        st.rerun()


def _latest(ws: Workspace, dataset: Dataset, model: Run) -> Job | None:
    """Return the last job that taught this model something."""
    for job in jobs.list_jobs(ws, limit=_LOOKED_THROUGH):
        mine = job.kind == "extend" and job.dataset_id == dataset.id
        if mine and job.params["extends"] == model.id:
            return job
    return None


def _done(record: ExtendedModel) -> None:
    """Draw what came out, and the way to the new model."""
    with st.container(border=True):
        _figures(record)
        st.page_link(
            "pages/predict.py",
            label=t("Predict with the new model"),
            icon=":material/arrow_forward:",
            query_params={"model": record.id},
        )


def _figures(record: ExtendedModel) -> None:
    """Draw what it gained and what it cost."""
    st.markdown(t("**Taught {name}**", name=messages.plain(record.added)))
    for line in story(record):
        st.markdown(f"- {line}")
    st.caption(
        t(
            "Intervals are 95 % (Wilson; of the difference paired). Confidence is calibrated as "
            "that of the run it extends; the new class had no part in it."
        )
    )


def story(record: ExtendedModel) -> list[str]:
    """Return in plain words whether the new class is recognised, and what it costs the others."""
    new, test = record.new_class, record.test
    added, n_images = messages.plain(record.added), new["n_images"]
    if new["n_recognised"] is None:
        recognised = t(
            "From one image it cannot be told whether it recognises {name}: none can be left out.",
            name=added,
        )
    else:
        recognised = t(
            "It recognises **{n} of {n_images}** of its images of {name} when each is left out and "
            "the others are taught.",
            n=new["n_recognised"],
            n_images=n_images,
            name=added,
        )
    taken = tn(
        "**{n_taken:,} of {n:,} test image** of the old classes now go to {name} by mistake.",
        "**{n_taken:,} of {n:,} test images** of the old classes now go to {name} by mistake.",
        test["n_images"],
        n_taken=test["n_taken"],
        name=added,
    )
    change = t(
        "Accuracy on the old classes: **{before:.1%}** before ({before_ci}), **{after:.1%}** after "
        "({after_ci}); difference {difference} ({difference_ci}).",
        before=test["accuracy_before"],
        before_ci=text.interval(test["accuracy_before_ci"]),
        after=test["accuracy_after"],
        after_ci=text.interval(test["accuracy_after_ci"]),
        difference=text.points(test["difference"]),
        difference_ci=meaning.spread(test["difference_ci"]),
    )
    return [recognised, taken, change]
