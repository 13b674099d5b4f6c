"""The Agreement tab: how far people agree, who with whom, on what; and the images behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.language import text
from core.records import Dataset
from core.services.labels import label_work, votes
from core.services.workspace import Workspace
from pages.parts import review_images, review_start
from pages.ui import cached, matrix, messages, pickers

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff, "Content analysis", 2004, page 241
_SOURCES = {"": "All answers", "random": "The random sample", "import": "Imported answers"}
_HOW = (
    "0 is what chance alone gives, 1 is perfect; below 0, people contradict each other. "
    "95 % interval from resampled images."
)
_FIGURES = {
    "alpha": st.column_config.NumberColumn(
        "Alpha", format="%.3f", help="Krippendorff's alpha on these images. " + _HOW
    ),
    "kappa": st.column_config.NumberColumn(
        "Kappa", format="%.3f", help="Cohen's kappa: agreement beyond chance. " + _HOW
    ),
    "share": st.column_config.NumberColumn(
        "Agrees", format="percent", help="Share of answers on which another person agreed"
    ),
    "interval": st.column_config.TextColumn("95 % interval"),
    "n_images": st.column_config.NumberColumn(
        "Images", format="%d", help="Images that two or more people labelled"
    ),
    "n_disagreed": st.column_config.NumberColumn(
        "Disagreed", format="%d", help="Images on which they gave different labels"
    ),
    "n_reviews": st.column_config.NumberColumn("Labels given", format="%d"),
}


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the figures, then who differs with whom, on what."""
    version = votes.reviews_version(ws, dataset.id)
    if not version:
        _nothing_yet("Nobody has reviewed anything yet.")
        return
    source = pickers.one(
        "Which answers",
        _SOURCES,
        "answers",
        help="Suspects and disagreements are harder than other images: an agreement that stands "
        "for the whole data set comes from the random sample.",
        width=260,
    )
    found = cached.agreement(ws, dataset.id, source or None, version)
    if found["agreement"]["alpha"] is None:
        _nothing_yet(
            "No two people have labelled the same image here, with different labels in all."
        )
        _left_out(found)
        return
    _figures(found)
    _left_out(found)
    st.caption(
        "What follows shows labels and answers. Whoever still reviews should look at it afterwards."
    )
    st.subheader("Which labels are told apart", anchor=False)
    _labels(ws, dataset, found, source or None, version)
    st.subheader("Who agrees", anchor=False)
    _people(found)
    _two_people(ws, dataset, found, source or None)


def reading(alpha: float, interval: Sequence[float] | None) -> str:
    """Return what an alpha means for whoever wants to rely on the labels.

    >>> reading(0.9, [0.85, 0.95])[:22]
    'People agree well enou'
    """
    low = interval[0] if interval else alpha
    if low >= RELIABLE:
        return "People agree well enough to rely on their labels."
    if low >= TENTATIVE:
        return "People agree well enough for tentative conclusions, not more."
    if alpha >= TENTATIVE:
        return (
            "On the edge: people may agree well enough for tentative conclusions, but the interval "
            "reaches below that. More images would tell."
        )
    return (
        "People do not agree well enough to rely on these labels. Look below at which ones they "
        "tell apart: some may be better as one class, or need a clearer description."
    )


def _nothing_yet(what: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{what}**")
        st.write(
            "Let two people or more review the random sample: 200 images, the same for everybody. "
            "After some 50 of them the figures mean something."
        )
        st.button(
            "Review the random sample",
            key="agreement-random",
            icon=":material/casino:",
            on_click=review_start.go,
            args=("random",),
        )


def _figures(found: Mapping[str, Any]) -> None:
    its = found["agreement"]
    on = f"On {text.count(its['n_images'], 'image')} that two or more people labelled."
    with st.grid(4, min_column_width=150):
        for name, label, more in (
            ("alpha", "Krippendorff's alpha", "Takes any number of people an image."),
            ("kappa", "Fleiss' kappa", "The older measure; it differs little here."),
        ):
            value, interval = its[name], its[f"{name}_ci"]
            st.metric(
                label,
                "–" if value is None else f"{value:.3f}",
                help=f"{more} {_HOW} {on}",
                border=True,
                delta=bounds(interval),
                delta_color="off",
                delta_arrow="off",
            )
        st.metric(
            "Images", f"{its['n_images']:,}", help=f"{on} {found['n_images']:,} have any label.",
            border=True, height="stretch",
        )  # fmt: skip
        st.metric(
            "People", f"{found['n_reviewers']:,}", border=True, height="stretch",
            help=f"They gave {found['n_reviews']:,} labels.",
        )  # fmt: skip
    st.markdown(f"**{reading(its['alpha'], its['alpha_ci'])}**")
    st.caption(
        f"From alpha {RELIABLE:.2f} on labels can be relied on, from {TENTATIVE:.3f} on tentative "
        "conclusions are possible (Krippendorff 2004): conventions, no laws."
    )


def _left_out(found: Mapping[str, Any]) -> None:
    parts = [
        text.count(found["n_skipped"], "skipped image"),
        text.count(found["n_not_sure"], "“not sure”", "“not sure”"),
        text.count(
            found["n_not_blind"], "answer that was not blind", "answers that were not blind"
        ),
    ]
    st.caption(f"Not counted: {', '.join(parts)}.")


def bounds(interval: Sequence[float] | None) -> str:
    """Return "0.878 to 0.933", a dash without an interval."""
    return "–" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def disagreed(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the labels that were ever mixed up, and how often: (n, n), symmetric."""
    used = [
        name for name in labels if any(name in (r["a"], r["b"]) and r["n_disagreed"] for r in rows)
    ]
    index = {name: i for i, name in enumerate(used)}
    counts = np.zeros((len(used), len(used)), dtype=np.int64)
    for row in rows:
        if row["n_disagreed"]:
            i, j = index[row["a"]], index[row["b"]]
            counts[i, j] = counts[j, i] = row["n_disagreed"]
    return counts, used


def _labels(
    ws: Workspace, dataset: Dataset, found: Mapping[str, Any], source: str | None, version: int
) -> None:
    rows = found["class_pairs"]
    counts, used = disagreed(rows, dataset.labels)
    if not used:
        st.caption("Nobody disagreed on any image.")
        return
    st.caption(
        "Images that were given both labels, by two people. Click a cell to see them. Alpha of a "
        "pair is low where people cannot tell the two apart."
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        key = f"disagreed-{dataset.id}-{source}-{version}"
        cell = matrix.cross_table(
            counts, used, used, key, corner="one said ↓\nanother →", words=("given", "and given")
        )
    with right:
        table = pd.DataFrame(
            [
                {
                    "labels": f"{r['a']} / {r['b']}",
                    **{k: r[k] for k in ("alpha", "n_disagreed", "n_images")},
                    "interval": bounds(r["ci"]),
                }
                for r in rows
            ]
        )
        st.dataframe(
            table, hide_index=True, column_config=_FIGURES | {"labels": "Labels"},
            column_order=["labels", "alpha", "interval", "n_disagreed", "n_images"], height=320,
            alt="Agreement for each pair of labels",
        )  # fmt: skip
    if cell is not None and cell[0] != cell[1]:
        st.markdown(f"**{messages.plain(cell[0])} and {messages.plain(cell[1])}**")
        behind = label_work.disagreements(ws, dataset.id, pair=cell, source=source)
        review_images.images(
            ws, dataset, behind, f"pair-{used.index(cell[0])}-{used.index(cell[1])}", source=source
        )


def _people(found: Mapping[str, Any]) -> None:
    table = pd.DataFrame(
        [
            {
                "reviewer": r["reviewer"],
                **{k: r[k] for k in ("n_reviews", "n_images", "share", "kappa")},
                "interval": bounds(r["kappa_ci"]),
            }
            for r in found["reviewers"]
        ]
    )
    st.dataframe(
        table, hide_index=True, column_config=_FIGURES | {"reviewer": "Reviewer"},
        column_order=["reviewer", "kappa", "interval", "share", "n_images", "n_reviews"],
        alt="How far each reviewer agrees with the others",
    )  # fmt: skip
    st.caption(
        "Each person against all others on the same images. One who differs is not wrong for it: "
        "they may see what the others miss."
    )


def _two_people(
    ws: Workspace, dataset: Dataset, found: Mapping[str, Any], source: str | None
) -> None:
    rows = {
        f"{r['a']} and {r['b']}": r
        for r in sorted(found["reviewer_pairs"], key=lambda r: -r["n_disagreed"])
        if r["n_images"]
    }
    if not rows:
        return
    chosen = st.selectbox(
        "Two people", list(rows), key="two_people", help="Those who differ on most images first.",
        filter_mode="fuzzy", width=420,
    )  # fmt: skip
    row = rows.get(str(chosen)) or next(iter(rows.values()))
    mostly = f", mostly {' against '.join(row['mostly'])}" if row["mostly"] else ""
    kappa = "–" if row["kappa"] is None else f"{row['kappa']:.3f} ({bounds(row['ci'])})"
    st.markdown(
        messages.inline(
            f"They differ on {row['n_disagreed']:,} of {text.count(row['n_images'], 'image')}"
            f"{mostly}. Kappa {kappa}."
        )
    )
    pair = (row["a"], row["b"])
    behind = label_work.disagreements(ws, dataset.id, reviewers=pair, source=source)
    st.caption(f"Under each image: the label given, then {messages.plain(' / '.join(pair))}.")
    key = f"two-{list(rows).index(f'{pair[0]} and {pair[1]}')}"
    review_images.images(
        ws, dataset, behind, key, source=source, only=pair, empty="They never differ."
    )
