"""What were the new labels worth? The same recipe and seeds on both, on reviewed test images."""

from __future__ import annotations

import streamlit as st

from core.language import text
from core.records import Dataset
from core.services.labels import label_evidence, label_sets, label_worth
from core.services.labels.label_worth import Worth
from core.services.runs import training
from core.services.workspace import Workspace
from pages.parts import review_images
from pages.ui import job_panel, meaning, messages, names, pickers, shell

_SENTENCE = {
    "better": "**The new labels made the model better.**",
    "worse": "**The new labels made the model worse.**",
    "no measurable effect": "**No measurable effect.** These images cannot tell the models apart.",
}


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the comparison, or offer the trainings that it needs."""
    runs = label_evidence.usable_runs(ws, dataset.id)
    sets = label_sets.list_label_sets(ws, dataset.id)
    if not runs:
        shell.missing(
            "No run over the labels yet.",
            "Train a probe; then its recipe is trained again on the new labels.",
            "pages/train.py",
            "Train a probe",
        )
        return
    if not sets:
        shell.missing(
            "No label set yet.",
            "Save the consensus of the reviews first: the tab Consensus does it with one click.",
        )
        return
    left, right = st.columns(2)
    with left:
        chosen = pickers.one("New labels", {s.id: names.label_set(s) for s in sets}, "worth_labels")
    with right:
        others = [run for run in runs if run.config.get("labels") != chosen] or runs
        run_id = pickers.one(
            "Recipe of", {run.id: names.run(run) for run in names.ranked(others)}, "worth_run"
        )
    with messages.guard():
        found = label_worth.worth(ws, run_id, chosen)
        if found is not None:
            _show(ws, dataset, found)
        elif not job_panel.show(ws, job_panel.latest(ws, "train", dataset.id)):
            _offer(ws, run_id, chosen)


def _show(ws: Workspace, dataset: Dataset, found: Worth) -> None:
    on = (
        f"On {text.count(found.n_images, 'test image')} that people settled, by what they said; "
        f"mean of {text.count(len(found.after), 'seed')}."
    )
    with st.grid(3, min_column_width=180):
        st.metric(
            "On the old labels", text.percent(found.accuracy_before),
            help=f"{meaning.MEANING['accuracy']} {on}", border=True, height="stretch",
        )  # fmt: skip
        st.metric(
            "On the new labels", text.percent(found.accuracy_after),
            help=f"{meaning.MEANING['accuracy']} {on}", border=True, height="stretch",
        )  # fmt: skip
        st.metric(
            "Difference", text.points(found.difference),
            help=f"95 % interval {meaning.spread(found.ci)} (bootstrap over images). {on}",
            border=True, height="stretch",
        )  # fmt: skip
    st.markdown(_SENTENCE[found.verdict])
    st.caption(
        f"{text.points(found.difference)}, 95 % interval {meaning.spread(found.ci)}. {on} "
        f"{text.count(found.n_changed, 'training label')} changed. The truth is what most people "
        "said of an image, or what was decided; no model has a voice in it. Images from a queue "
        "are the hard ones: only a random sample tells of all test images."
    )
    with st.expander("The images behind these numbers"):
        review_images.images(ws, dataset, [int(p) for p in found.positions], f"worth-{dataset.id}")


def _offer(ws: Workspace, run_id: str, labels: str) -> None:
    run = training.get_run(ws, run_id)
    with st.container(border=True):
        st.markdown("**The same recipe, once on the old labels and once on the new ones**")
        st.write(
            "Both are trained with three seeds and measured on the test images that people agree "
            "on. The answer may well be: no measurable effect."
        )
        about = text.duration(label_worth.estimate(ws, run.id))
        if st.button(
            f"Train and compare, about {about}",
            key="worth-go",
            type="primary",
            icon=":material/play_arrow:",
        ):
            with messages.guard() as outcome:
                label_worth.submit_worth(ws, run.id, labels)
            if outcome.ok:
                st.rerun()
