"""Where am I, what did it gain, and what is the next sensible step? For everyone."""

from __future__ import annotations

import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services import demo, overview
from core.services.data import datasets
from core.services.overview import Step, Story
from core.services.story import waterfall as story
from core.services.story.open_points import open_points
from core.services.workspace import Workspace
from core.settings import DEMO_NAME
from pages.parts import story_parts
from pages.ui import cached, gallery, job_panel, messages, shell, state, tour

N_EXAMPLES = 14  # labels in the strip of examples
WHAT_IT_IS = phrase(
    "Your classifier is stuck at 70 to 80 %? Here you find out **why**, and get past it: "
    "look at the images, ask whether the classes exist, merge those that do not, and let an expert "
    "model break the tie between two classes that a generalist confuses. Every step is measured, "
    "with its chance level and its interval, and may well answer *no*."
)


def welcome(ws: Workspace) -> None:
    """Show what this is and the two ways to begin."""
    st.markdown(t(WHAT_IT_IS))
    building = job_panel.latest(ws, "demo")
    if job_panel.show(ws, building):
        st.caption(
            t(
                "Drawing 1,050 rosebuds and embedding them takes a minute or two. You may close "
                "this page: the job goes on, and the data set appears by itself."
            )
        )
        return
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader(t("See it with the demo"), anchor=False)
        st.write(
            t(
                "1,050 drawn rosebuds in seven stages, with labels that are wrong in a known way. "
                "Ready in a minute or two, without a network."
            )
        )
        st.space("stretch")
        if st.button(t("Build the demo"), type="primary", icon=":material/local_florist:"):
            build_demo(ws)
    with right.container(border=True, height="stretch"):
        st.subheader(t("Start with your images"), anchor=False)
        st.write(
            t(
                "A folder with one folder a class, a zip of the same, or a list with paths and "
                "labels. They stay on this machine."
            )
        )
        st.space("stretch")
        if st.button(t("Import images"), icon=":material/upload:"):
            state.switch_page("dataset")


def build_demo(ws: Workspace) -> None:
    """Start the demo's job, or bring an archived demo back."""
    archived = [d.name for d in datasets.list_datasets(ws, archived=True)]
    with messages.guard() as outcome:
        if DEMO_NAME in archived:
            datasets.restore_dataset(ws, DEMO_NAME)
        else:
            demo.submit_demo(ws)
    if outcome.ok:
        st.rerun()


def next_card(dataset: Dataset, step: Step) -> None:
    """Show the next sensible step with its button."""
    with st.container(border=True, height="stretch"):
        st.caption(t("Next sensible step"))
        st.subheader(step.name, anchor=False)
        st.write(messages.plain(step.outcome))
        go = t("Go to {step}", step=step.name.lower())
        if st.button(go, type="primary", icon=":material/arrow_forward:"):
            state.switch_page(step.page, bound=step.params)


def best_card(its: Story, *, of_labels: bool) -> None:
    """Show the best model so far, or the best that tells all labels apart, and its chance level."""
    with st.container(border=True, height="stretch"):
        if of_labels:
            st.caption(t("Best model over the labels as they are, on test images"))
        else:
            st.caption(t("Best model so far, on test images"))
        if its.best is None:
            st.subheader(t("No model yet"), anchor=False)
            st.write(t("Its accuracy, with interval and chance level, will stand here."))
            return
        best = its.best
        accuracy, chance, kappa = st.columns(3)
        accuracy.metric(
            t("Accuracy"),
            text.percent(best["accuracy"]),
            help=tn(
                "Share of {n:,} test image classified correctly.",
                "Share of {n:,} test images classified correctly.",
                best["n_images"],
            ),
        )
        chance.metric(
            t("Chance"),
            text.percent(best["chance"]),
            help=t("What guessing by the classes' sizes would reach. Fewer classes raise it."),
        )
        kappa.metric(
            t("Kappa"),
            text.number(best["kappa"], ".2f"),
            help=t("Agreement beyond chance (Cohen): 0 is guessing, 1 is perfect."),
        )
        st.caption(
            t(
                "{algorithm}, {classes}, by its own labels; 95 % interval of the accuracy: "
                "{interval}.",
                algorithm=best["algorithm"],
                classes=tn("{n} class", "{n} classes", best["n_classes"]),
                interval=text.interval(best["accuracy_ci"]),
            )
        )


def journey(its: Story) -> None:
    """List the steps: what came out of those that are done, what the others are for."""
    st.subheader(t("The story so far"), anchor=False)
    for step in its.steps:
        icon = ":material/check_circle:" if step.done else ":material/radio_button_unchecked:"
        name, outcome = st.columns([2, 5], vertical_alignment="center")
        name.page_link(
            f"pages/{step.page}.py", label=step.name, icon=icon, query_params=step.params or None
        )
        outcome.write(messages.plain(step.outcome))


def labels_strip(ws: Workspace, dataset: Dataset) -> None:
    """Show one image of each label."""
    st.subheader(t("The labels"), anchor=False)
    table = cached.examples(ws, dataset.id).head(N_EXAMPLES)
    counts = [tn("{n:,} image", "{n:,} images", n) for n in table["n_images"]]
    gallery.gallery(ws, dataset, list(table["position"]), f"labels-{dataset.id}", subs=counts)


ws, dataset = shell.enter_without_dataset(
    t("Overview"), t("Where you are, what it gained, and what to do next.")
)
if dataset is None:
    welcome(ws)
    st.stop()
tour.offer(dataset.name)
if dataset.note:
    st.info(messages.plain(dataset.note), icon=":material/info:")
with messages.guard():
    gained = cached.waterfall(ws, dataset.id, story.version(ws, dataset.id))
    told = overview.story(ws, dataset.id, gained.best if gained else None)
    left, right = st.columns(2)
    with left:
        next_card(dataset, told.next_step)
    with right:
        best_card(told, of_labels=gained is not None)
    if gained is not None:
        story_parts.gains(gained)
    left, right = st.columns(2)
    with left:
        story_parts.still_open(open_points(ws, dataset.id, gained))
    with right:
        story_parts.downloads(ws, dataset)
    journey(told)
    labels_strip(ws, dataset)
