"""Compare, slices: on which kinds of image is a model worse than on the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.comparing import slicing
from core.services.comparing.questions import Answers, Question
from core.services.comparing.slicing import Finding
from core.services.workspace import Workspace
from pages.parts import downloads, figures_on, mistake_images, tables
from pages.ui import cached, gallery, messages, names, pickers, state

_BY = {
    "class": phrase("Class {part}"),
    "size": phrase("Size {part}"),
    "brightness": phrase("Brightness {part}"),
    "contrast": phrase("Contrast {part}"),
    "cluster": phrase("Cluster {part}"),
    "labels": phrase("Reviewed label {part}"),
}


def show(ws: Workspace, dataset: Dataset, question: Question, its: Answers, name: str) -> None:
    """Draw the slices, findings first, and the images of the chosen one."""
    version = slicing.version(ws, dataset.id)
    found = cached.findings(ws, question, its.model, version)
    if not found:
        st.caption(t("These images differ in nothing that is measured here."))
        return
    st.markdown(messages.plain(sentence(found, name)))
    _table(found, question.split, f"slices-{its.model}-{question.split}-{version}")
    clusters = any(finding.by == "cluster" for finding in found)
    st.caption(
        t(
            "{images}; what is measured is cut into quarters of them. p is how often chance puts a "
            "slice so far from the rest (Fisher's exact test), corrected for {n} slices (Holm).",
            images=figures_on.split_of(question.split, len(its.y)),
            n=len(found),
        )
        + ("" if clusters else t(" Clusters appear here once Explore has found some."))
    )
    downloads.csv(
        t("Download the table"), lambda: slicing.table(found, its.model, question.split), "slices"
    )
    by_id = {_id(finding): finding for finding in found}
    chosen = pickers.one(t("Images of"), {i: _name(f) for i, f in by_id.items()}, "slice")
    _images(ws, dataset, question, its, by_id[chosen], version)


def sentence(found: Sequence[Finding], name: str) -> str:
    """Say which slices are worse than the rest beyond chance, "none" included."""
    worse = [finding for finding in found if finding.worse]
    tempting = [f for f in found if f.slice.p_value < slicing.SURE and f.slice.difference < 0]
    if not worse:
        said = t(
            "On none of {n} slices is {name} worse than on the rest beyond chance.",
            n=len(found),
            name=name,
        )
    else:
        listed = names.listing(
            [
                tn(
                    "{slice} ({accuracy:.1%} of {n:,} image, {difference})",
                    "{slice} ({accuracy:.1%} of {n:,} images, {difference})",
                    f.slice.n_images,
                    slice=_name(f),
                    accuracy=f.slice.accuracy,
                    difference=text.points(f.slice.difference),
                )
                for f in worse
            ]
        )
        said = t(
            "{name} is worse than on the rest, beyond chance, on {slices}.",
            name=name,
            slices=listed,
        )
    rest = len(tempting) - len(worse)
    if not rest:
        return said
    by_itself = tn(
        "Taken by itself, {n:,} other slice would look so, too; among {n_slices}, chance alone may "
        "give that.",
        "Taken by itself, {n:,} other slices would look so, too; among {n_slices}, chance alone "
        "may give that.",
        rest,
        n_slices=len(found),
    )
    return f"{said} {by_itself}"


def _table(found: Sequence[Finding], split: str, key: str) -> None:
    """Draw the slices; a chosen row is that whose images are shown below."""
    frame = pd.DataFrame(
        {
            "slice": [_name(f) for f in found],
            "worse": [t("worse") if f.worse else "" for f in found],
            "n_images": [f.slice.n_images for f in found],
            "accuracy": [f.slice.accuracy for f in found],
            "interval": [text.interval(f.slice.accuracy_ci) for f in found],
            "difference": [f.slice.difference for f in found],
            "holm_p": [f.holm_p for f in found],
        }
    )
    number, on = st.column_config.NumberColumn, f" {figures_on.whole_split(split)}."

    def follow() -> None:
        rows = (state.component_value(key, "selection") or {}).get("rows", [])
        choose([_id(f) for f in found], rows)

    st.dataframe(
        tables.written(frame, _WRITTEN),
        hide_index=True,
        alt=t("Accuracy on kinds of images, the worst first"),
        on_select=follow,
        selection_mode="single-row",
        key=key,
        column_config={
            "slice": st.column_config.TextColumn(t("Slice"), pinned=True),
            "worse": st.column_config.TextColumn(
                t("Finding"),
                help=t("Below the rest with a corrected p under {p:.2f}.", p=slicing.SURE),
            ),
            "n_images": number(t("Images"), help=t("Images in the slice.") + on),
            "accuracy": number(t("Accuracy"), help=t("In the slice.") + on),
            "interval": st.column_config.TextColumn(t("95 % interval"), help=t("Wilson's.") + on),
            "difference": number(
                t("To the rest"),
                help=t("Accuracy in the slice less that of all other images.") + on,
            ),
            "holm_p": number(t("p, corrected"), help=t("Corrected for the number of slices.") + on),
        },
    )


_WRITTEN: tables.Writing = {
    "n_images": text.number,
    "accuracy": text.percent,
    "difference": text.points,
    "holm_p": lambda p: text.number(p, ".3g"),
}


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
        tn(
            "{n:,} image, {n_wrong:,} answered wrongly: the surest errors first.",
            "{n:,} images, {n_wrong:,} answered wrongly: the surest errors first.",
            len(rows),
            n_wrong=int((~right).sum()),
        )
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
    return t(_BY[finding.by], part=_part(finding))


def _part(finding: Finding) -> str:
    if isinstance(finding.part, str):
        return t(finding.part) if finding.by == "labels" else finding.part
    low, high = finding.part
    if finding.by != "size":
        return text.interval((low, high))
    if high > low:
        return t("{low} to {high} pixels", low=_pixels(low), high=_pixels(high))
    return t("{n} pixels", n=_pixels(low))


def _pixels(n: float) -> str:
    return t("{n:.1f} million", n=n / 1e6) if n >= 1e6 else text.number(n, ",.0f")
