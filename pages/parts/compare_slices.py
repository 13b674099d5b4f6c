"""Compare, slices: on which kinds of image is a model worse than on the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.language import text
from core.records import Dataset
from core.services.comparing import slicing
from core.services.comparing.questions import Answers, Question
from core.services.comparing.slicing import Finding
from core.services.workspace import Workspace
from pages.parts import downloads, mistake_images
from pages.ui import cached, gallery, messages, names, pickers, state

_BY = {
    "class": "Class",
    "size": "Size",
    "brightness": "Brightness",
    "contrast": "Contrast",
    "cluster": "Cluster",
    "labels": "Reviewed label",
}


def show(ws: Workspace, dataset: Dataset, question: Question, its: Answers, name: str) -> None:
    """Draw the slices, findings first, and the images of the chosen one."""
    version = slicing.version(ws, dataset.id)
    found = cached.findings(ws, question, its.model, version)
    if not found:
        st.caption("These images differ in nothing that is measured here.")
        return
    st.markdown(messages.plain(sentence(found, name)))
    _table(found, question.split, f"slices-{its.model}-{question.split}-{version}")
    clusters = any(finding.by == "cluster" for finding in found)
    st.caption(
        f"{names.SPLITS[question.split].capitalize()} split, {len(its.y):,} images; what is "
        "measured is cut into quarters of them. p is how often chance puts a slice so far from the "
        f"rest (Fisher's exact test), corrected for {len(found)} slices (Holm)."
        + ("" if clusters else " Clusters appear here once Explore has found some.")
    )
    downloads.csv(
        "Download the table", lambda: slicing.table(found, its.model, question.split), "slices"
    )
    by_id = {_id(finding): finding for finding in found}
    chosen = pickers.one("Images of", {i: _name(f) for i, f in by_id.items()}, "slice")
    _images(ws, dataset, question, its, by_id[chosen], version)


def sentence(found: Sequence[Finding], name: str) -> str:
    """Say which slices are worse than the rest beyond chance, "none" included."""
    worse = [finding for finding in found if finding.worse]
    tempting = [f for f in found if f.slice.p_value < slicing.SURE and f.slice.difference < 0]
    if not worse:
        said = f"On none of {len(found)} slices is {name} worse than on the rest beyond chance."
    else:
        listed = names.listing(
            [
                f"{_name(f)} ({text.percent(f.slice.accuracy)} of "
                f"{text.count(f.slice.n_images, 'image')}, {text.points(f.slice.difference)})"
                for f in worse
            ]
        )
        said = f"{name} is worse than on the rest, beyond chance, on {listed}."
    if rest := len(tempting) - len(worse):
        said += (
            f" Taken by itself, {text.count(rest, 'other slice')} would look so, too; among "
            f"{len(found)}, chance alone may give that."
        )
    return said


def _table(found: Sequence[Finding], split: str, key: str) -> None:
    """Draw the slices; a chosen row is that whose images are shown below."""
    frame = pd.DataFrame(
        {
            "slice": [_name(f) for f in found],
            "worse": ["worse" if f.worse else "" for f in found],
            "n_images": [f.slice.n_images for f in found],
            "accuracy": [100 * f.slice.accuracy for f in found],
            "interval": [text.interval(f.slice.accuracy_ci) for f in found],
            "difference": [100 * f.slice.difference for f in found],
            "holm_p": [f.holm_p for f in found],
        }
    )
    number, on = st.column_config.NumberColumn, f" {names.SPLITS[split].capitalize()} split."

    def follow() -> None:
        rows = (state.component_value(key, "selection") or {}).get("rows", [])
        choose([_id(f) for f in found], rows)

    st.dataframe(
        frame,
        hide_index=True,
        alt="Accuracy on kinds of images, the worst first",
        on_select=follow,
        selection_mode="single-row",
        key=key,
        column_config={
            "slice": st.column_config.TextColumn("Slice", pinned=True),
            "worse": st.column_config.TextColumn(
                "Finding", help=f"Below the rest with a corrected p under {slicing.SURE}."
            ),
            "n_images": number("Images", help="Images in the slice." + on),
            "accuracy": number("Accuracy", format="%.1f %%", help="In the slice." + on),
            "interval": st.column_config.TextColumn("95 % interval", help="Wilson's." + on),
            "difference": number(
                "To the rest",
                format="%+.1f points",
                help="Accuracy in the slice less that of all other images." + on,
            ),
            "holm_p": number(
                "p, corrected", format="%.3g", help="Corrected for the number of slices." + on
            ),
        },
    )


def choose(shown: Sequence[str], rows: Sequence[int]) -> None:
    """Let the picker name the slice of the chosen row; a callback."""
    if rows and rows[0] < len(shown):
        state.set_widget("slice", shown[rows[0]])


def _images(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    its: Answers,
    chosen: Finding,
    version: str,
) -> None:
    """Draw the images of a slice, the surest errors first."""
    divided = cached.slicings(ws, question, version)
    rows, right = slicing.images_in(its, divided, chosen)
    first = slice(mistake_images.N_SHOWN)
    lines = mistake_images.answer_lines(question.classes, [its], rows[first])
    positions = [int(p) for p in its.positions[rows[first]]]
    st.markdown(
        f"{text.count(len(rows), 'image')}, {int((~right).sum()):,} answered wrongly: the surest "
        "errors first."
    )
    mistake_images.review_button(dataset, positions, "slice")
    gallery.gallery(
        ws,
        dataset,
        positions,
        f"slice-{its.model}-{question.key}-{question.split}-{_id(chosen)}",
        subs=[
            f"✓ {line[2:]}" if hit else line for line, hit in zip(lines, right[first], strict=True)
        ],
        page_size=mistake_images.PAGE_SIZE,
    )


def _id(finding: Finding) -> str:
    return f"{finding.by}-{finding.code}"


def _name(finding: Finding) -> str:
    """Return "Class Bola", "Brightness 12.0 to 31.5 %" or "Size 900 to 1,200 pixels"."""
    by = _BY[finding.by]
    if isinstance(finding.part, str):
        return f"{by} {finding.part}"
    low, high = finding.part
    if finding.by == "size":
        return f"{by} {_pixels(low)}{f' to {_pixels(high)}' if high > low else ''} pixels"
    return f"{by} {text.interval((low, high))}"


def _pixels(n: float) -> str:
    return f"{n / 1e6:.1f} million" if n >= 1e6 else f"{n:,.0f}"
