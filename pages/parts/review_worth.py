"""What were the new labels worth? The same recipe and seeds on both, on reviewed test images."""

from __future__ import annotations

import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.labels import label_evidence, label_sets, label_worth
from core.services.labels.label_worth import Worth
from core.services.runs import training
from core.services.workspace import Workspace
from pages.parts import review_images, review_start
from pages.ui import job_panel, meaning, messages, names, pickers, shell, state

_SENTENCE = {
    "better": phrase("**The new labels made the model better.**"),
    "worse": phrase("**The new labels made the model worse.**"),
    "no measurable effect": phrase(
        "**No measurable effect.** These images cannot tell the models apart."
    ),
}


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the comparison, or offer the trainings that it needs."""
    runs = label_evidence.usable_runs(ws, dataset.id)
    sets = label_sets.list_label_sets(ws, dataset.id)
    if not runs:
        shell.missing(
            t("No run over the labels yet."),
            t("Train a probe; then its recipe is trained again on the new labels."),
            "pages/train.py",
            t("Train a probe"),
        )
        return
    if not sets:
        shell.missing(
            t("No label set yet."),
            t("Save the consensus of the reviews first: the tab Consensus does it with one click."),
        )
        st.button(
            t("Go to the consensus"),
            key="worth-consensus",
            icon=":material/arrow_forward:",
            on_click=state.set_widget,
            args=(review_start.VIEW, t(review_start.CONSENSUS)),
        )
        return
    left, right = st.columns(2)
    with left:
        chosen = pickers.one(
            t("New labels"), {s.id: names.label_set(s) for s in sets}, "worth_labels"
        )
    with right:
        others = [run for run in runs if run.config.get("labels") != chosen] or runs
        run_id = pickers.one(
            t("Recipe of"), {run.id: names.run(run) for run in names.ranked(others)}, "worth_run"
        )
    with messages.guard():
        found = label_worth.worth(ws, run_id, chosen)
        if found is not None:
            _show(ws, dataset, found)
        elif not job_panel.show(ws, job_panel.latest(ws, "train", dataset.id)):
            _offer(ws, run_id, chosen)


def _show(ws: Workspace, dataset: Dataset, found: Worth) -> None:
    on = t(
        "On {images} that people settled, by what they said; mean of {seeds}.",
        images=tn("{n:,} test image", "{n:,} test images", found.n_images),
        seeds=tn("{n:,} seed", "{n:,} seeds", len(found.after)),
    )
    meant = f"{t(meaning.MEANING['accuracy'])} {on}"
    with st.grid(3, min_column_width=180):
        st.metric(
            t("On the old labels"), text.percent(found.accuracy_before),
            help=meant, border=True, height="stretch",
        )  # fmt: skip
        st.metric(
            t("On the new labels"), text.percent(found.accuracy_after),
            help=meant, border=True, height="stretch",
        )  # fmt: skip
        st.metric(
            t("Difference"), text.points(found.difference),
            help=t("95 % interval {ci} (bootstrap over images). {on}",
                   ci=meaning.spread(found.ci), on=on),
            border=True, height="stretch",
        )  # fmt: skip
    st.markdown(t(_SENTENCE[found.verdict]))
    st.caption(
        t(
            "{difference}, 95 % interval {ci}. {on} {changed} The truth is what "
            "most people said of an image, or what was decided; no model has a voice in it. "
            "Images from a queue are the hard ones: only a random sample tells of all test "
            "images.",
            difference=text.points(found.difference),
            ci=meaning.spread(found.ci),
            on=on,
            changed=tn(
                "{n:,} training label changed.", "{n:,} training labels changed.", found.n_changed
            ),
        )
    )
    with st.expander(t("The images behind these numbers")):
        review_images.images(ws, dataset, [int(p) for p in found.positions], f"worth-{dataset.id}")


def _offer(ws: Workspace, run_id: str, labels: str) -> None:
    run = training.get_run(ws, run_id)
    with st.container(border=True):
        st.markdown(t("**The same recipe, once on the old labels and once on the new ones**"))
        st.write(
            t(
                "Both are trained with three seeds and measured on the test images that "
                "people agree on. The answer may well be: no measurable effect."
            )
        )
        about = text.duration(label_worth.estimate(ws, run.id))
        if st.button(
            t("Train and compare, about {about}", about=about),
            key="worth-go",
            type="primary",
            icon=":material/play_arrow:",
        ):
            with messages.guard() as outcome:
                label_worth.submit_worth(ws, run.id, labels)
            if outcome.ok:
                st.rerun()
