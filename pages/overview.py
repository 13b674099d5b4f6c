"""Where am I, what did it gain, and what is the next sensible step? For everyone."""

from __future__ import annotations

import streamlit as st

from core.language import text
from core.records import Dataset
from core.services import demo, overview
from core.services.data import datasets
from core.services.overview import Step, Story
from core.services.workspace import Workspace
from core.settings import DEMO_NAME
from pages.ui import cached, gallery, job_panel, messages, shell, state

N_EXAMPLES = 14  # labels in the strip of examples
WHAT_IT_IS = """\
Your classifier is stuck at 70 to 80 %? Here you find out **why**, and get past it:
look at the images, ask whether the classes exist, merge those that do not, and let an expert model
break the tie between two classes that a generalist confuses. Every step is measured, with its
chance level and its interval, and may well answer *no*.
"""


def welcome(ws: Workspace) -> None:
    """Show what this is and the two ways to begin."""
    st.markdown(WHAT_IT_IS)
    building = job_panel.latest(ws, "demo")
    if job_panel.show(ws, building):
        st.caption(
            "Drawing 1,050 rosebuds and embedding them takes a minute or two. You may close this "
            "page: the job goes on, and the data set appears by itself."
        )
        return
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("See it with the demo", anchor=False)
        st.write(
            "1,050 drawn rosebuds in seven stages, with labels that are wrong in a known way. "
            "Ready in a minute or two, without a network."
        )
        st.space("stretch")
        if st.button("Build the demo", type="primary", icon=":material/local_florist:"):
            build_demo(ws)
    with right.container(border=True, height="stretch"):
        st.subheader("Start with your images", anchor=False)
        st.write(
            "A folder with one folder a class, a zip of the same, or a list with paths and labels. "
            "They stay on this machine."
        )
        st.space("stretch")
        if st.button("Import images", icon=":material/upload:"):
            st.switch_page("pages/dataset.py")


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
        st.caption("Next sensible step")
        st.subheader(step.name, anchor=False)
        st.write(messages.plain(step.outcome))
        if st.button(f"Go to {step.name.lower()}", type="primary", icon=":material/arrow_forward:"):
            # What pickers are bound to cannot be set in the address: they are set by their keys.
            for key, value in {state.DATASET_KEY: dataset.name, **step.params}.items():
                state.later(key, value)
            st.switch_page(f"pages/{step.page}.py", query_params={})


def best_card(story: Story) -> None:
    """Show the best model so far, beside its chance level."""
    with st.container(border=True, height="stretch"):
        st.caption("Best model so far, on test images")
        if story.best is None:
            st.subheader("No model yet", anchor=False)
            st.write("Its accuracy, with interval and chance level, will stand here.")
            return
        best = story.best
        accuracy, chance, kappa = st.columns(3)
        accuracy.metric(
            "Accuracy",
            text.percent(best["accuracy"]),
            help=f"Share of {best['n_images']:,} test images classified correctly.",
        )
        chance.metric(
            "Chance",
            text.percent(best["chance"]),
            help="What guessing by the classes' sizes would reach. Fewer classes raise it.",
        )
        kappa.metric(
            "Kappa",
            f"{best['kappa']:.2f}",
            help="Agreement beyond chance (Cohen): 0 is guessing, 1 is perfect.",
        )
        st.caption(
            f"{best['algorithm']}, {best['n_classes']} classes; 95 % interval of the accuracy: "
            f"{text.interval(best['accuracy_ci'])}."
        )


def journey(story: Story) -> None:
    """List the steps: what came out of those that are done, what the others are for."""
    st.subheader("The story so far", anchor=False)
    for step in story.steps:
        icon = ":material/check_circle:" if step.done else ":material/radio_button_unchecked:"
        name, outcome = st.columns([2, 5], vertical_alignment="center")
        name.page_link(
            f"pages/{step.page}.py", label=step.name, icon=icon, query_params=step.params or None
        )
        outcome.write(messages.plain(step.outcome))


def labels_strip(ws: Workspace, dataset: Dataset) -> None:
    """Show one image of each label."""
    st.subheader("The labels", anchor=False)
    table = cached.examples(ws, dataset.id).head(N_EXAMPLES)
    counts = [text.count(n, "image") for n in table["n_images"]]
    gallery.gallery(ws, dataset, list(table["position"]), f"labels-{dataset.id}", subs=counts)


ws, dataset = shell.enter_without_dataset(
    "Overview", "Where you are, what it gained, and what to do next."
)
if dataset is None:
    welcome(ws)
    st.stop()
if dataset.note:
    st.info(messages.plain(dataset.note), icon=":material/info:")
with messages.guard():
    story = overview.story(ws, dataset.id)
    left, right = st.columns(2)
    with left:
        next_card(dataset, story.next_step)
    with right:
        best_card(story)
    labels_strip(ws, dataset)
    journey(story)
