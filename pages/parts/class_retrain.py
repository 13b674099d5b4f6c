"""Merge after training, or retrain on merged classes? Both on the same test images."""

from __future__ import annotations

import streamlit as st

from core.language import t, text
from core.records import ClassMapRecord
from core.services.classes import retraining
from core.services.runs import training
from core.services.workspace import Workspace
from pages.parts import train_jobs
from pages.parts.class_sandbox import Bench
from pages.ui import job_panel, meaning, messages, names


def panel(ws: Workspace, bench: Bench, record: ClassMapRecord) -> None:
    """Draw the two ways side by side, or offer the training that is missing.

    A model that was trained elsewhere cannot be trained again.
    """
    if bench.run.is_imported:
        return
    box = st.expander(
        t("Merge after training, or retrain on these classes?"),
        icon=":material/compare_arrows:",
        key=f"retrain-{record.id}",
        on_change="rerun",
    )
    if not box.open:
        return
    with box, messages.guard():
        found = retraining.retrained(ws, bench.run.id, record.id)
        if found is not None:
            _both(found)
        elif not _at_work(ws, bench, record):
            _offer(ws, bench, record)


def _both(found: retraining.Retrained) -> None:
    """Draw both accuracies, and the sentence that says which way is better, if any."""
    on = names.images(found.split, found.n_images)
    left, right = st.columns(2)
    for place, title, figures, how in (
        (
            left,
            t("Merged after training"),
            found.merged,
            t("The run over the labels; its probabilities are summed within each class."),
        ),
        (
            right,
            t("Retrained on these classes"),
            found.retrained,
            t("The same recipe and seed, trained on the merged classes."),
        ),
    ):
        place.metric(
            title,
            text.percent(figures["accuracy"]),
            help=t(
                "{how} {meaning} On {images}. 95 % interval (Wilson): {interval}.",
                how=how,
                meaning=t(meaning.MEANING["accuracy"]),
                images=on,
                interval=text.interval(figures["accuracy_ci"]),
            ),
            border=True,
        )
    st.markdown(verdict(found))
    st.caption(
        t(
            "Accuracy of the retrained model less that of the merged one: {points}, 95 % interval "
            "{interval} (paired, on {images}). Fine labels often teach a model more, so merging "
            "afterwards is the usual choice.",
            points=text.points(found.difference),
            interval=meaning.spread(found.ci),
            images=on,
        )
    )


def verdict(found: retraining.Retrained) -> str:
    """Return which way is better; neither, where the interval has both signs."""
    low, high = found.ci
    if low > 0:
        return t("**Retrain.** A model trained on these classes is more accurate.")
    if high < 0:
        return t(
            "**Merge after training.** A model that learned the finer labels is more accurate."
        )
    return t(
        "**No difference that these images can show.** Merging after training needs no new model."
    )


def _at_work(ws: Workspace, bench: Bench, record: ClassMapRecord) -> bool:
    """Draw the job that trains on these classes while it is active, or how it ended."""
    for job in train_jobs.train_jobs(ws, bench.dataset):
        if job.params.get("class_map") == record.id and job.state != "done":
            return job_panel.show(ws, job)
    return False


def _offer(ws: Workspace, bench: Bench, record: ClassMapRecord) -> None:
    about = text.duration(training.training_s(training.get_run(ws, bench.run.id)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            t(
                "The figures above merge the answers of a model that learned all labels. The same "
                "recipe can be trained on the merged classes and compared; about {time} of "
                "training.",
                time=about,
            ),
            width="stretch",
        )
        if st.button(
            t("Retrain and compare"), key=f"retrain-go-{record.id}", icon=":material/play_arrow:"
        ):
            retraining.submit_retraining(ws, bench.run.id, record.id)
            st.rerun()
