"""Who differs with whom, on which labels; and the images on which they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.labels import label_work
from core.services.workspace import Workspace
from pages.parts import review_images, tables
from pages.ui import matrix, messages

HOW = phrase(
    "0 is what chance alone gives, 1 is perfect; below 0, people contradict each other. "
    "95 % interval from resampled images."
)


def bounds(interval: Sequence[float] | None) -> str:
    """Return "0.878 to 0.933", a dash without an interval."""
    if interval is None:
        return text.NONE
    return t("{low:.3f} to {high:.3f}", low=interval[0], high=interval[1])


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


def labels(
    ws: Workspace, dataset: Dataset, found: Mapping[str, Any], source: str | None, version: int
) -> None:
    rows = found["class_pairs"]
    counts, used = disagreed(rows, dataset.labels)
    if not used:
        st.caption(t("Nobody disagreed on any image."))
        return
    st.caption(
        t(
            "Images that were given both labels, by two people. Click a cell to see them. "
            "Alpha of a pair is low where people cannot tell the two apart."
        )
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        key = f"disagreed-{dataset.id}-{source}-{version}"
        cell = matrix.cross_table(
            counts,
            used,
            used,
            key,
            corner=t("one said ↓\nanother →"),
            words=(t("given"), t("and given")),
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
            tables.written(table, _WRITTEN), hide_index=True,
            column_config=_columns() | {"labels": t("Labels")},
            column_order=["labels", "alpha", "interval", "n_disagreed", "n_images"], height=320,
            alt=t("Agreement for each pair of labels"),
        )  # fmt: skip
    if cell is not None and cell[0] != cell[1]:
        st.markdown(
            t(
                "**{a} and {b}**",
                a=messages.plain(cell[0]),
                b=messages.plain(cell[1]),
            )
        )
        behind = label_work.disagreements(ws, dataset.id, pair=cell, source=source)
        review_images.images(
            ws, dataset, behind, f"pair-{used.index(cell[0])}-{used.index(cell[1])}", source=source
        )


def people(found: Mapping[str, Any]) -> None:
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
        tables.written(table, _WRITTEN), hide_index=True,
        column_config=_columns() | {"reviewer": t("Reviewer")},
        column_order=["reviewer", "kappa", "interval", "share", "n_images", "n_reviews"],
        alt=t("How far each reviewer agrees with the others"),
    )  # fmt: skip
    st.caption(
        t(
            "Each person against all others on the same images. One who differs is not "
            "wrong for it: they may see what the others miss."
        )
    )


def two_people(
    ws: Workspace, dataset: Dataset, found: Mapping[str, Any], source: str | None
) -> None:
    rows = [
        r for r in sorted(found["reviewer_pairs"], key=lambda r: -r["n_disagreed"]) if r["n_images"]
    ]
    if not rows:
        return
    number = st.selectbox(
        t("Two people"),
        range(len(rows)),
        format_func=lambda i: t("{a} and {b}", a=rows[i]["a"], b=rows[i]["b"]),
        key="two_people",
        help=t("Those who differ on most images first."),
        filter_mode="fuzzy",
        width=420,
    )
    row = rows[number if number is not None and number < len(rows) else 0]
    st.markdown(messages.inline(difference(row)))
    pair = (row["a"], row["b"])
    behind = label_work.disagreements(ws, dataset.id, reviewers=pair, source=source)
    st.caption(
        t("Under each image: the label given, then {pair}.", pair=messages.plain(" / ".join(pair)))
    )
    key = f"two-{rows.index(row)}"
    empty = t("They never differ.")
    review_images.images(ws, dataset, behind, key, source=source, only=pair, empty=empty)


def difference(row: Mapping[str, Any]) -> str:
    """Return how far two people differ, on what most, and their kappa."""
    kappa = text.number(row["kappa"], ".3f")
    if row["kappa"] is not None:
        kappa = f"{kappa} ({bounds(row['ci'])})"
    figures = {
        "n_disagreed": row["n_disagreed"],
        "images": tn("{n:,} image", "{n:,} images", row["n_images"]),
        "kappa": kappa,
    }
    if not row["mostly"]:
        return t("They differ on {n_disagreed:,} of {images}. Kappa {kappa}.", **figures)
    one, other = row["mostly"]
    return t(
        "They differ on {n_disagreed:,} of {images}, mostly {one} against {other}. Kappa {kappa}.",
        one=one,
        other=other,
        **figures,
    )


_WRITTEN: tables.Writing = {
    **dict.fromkeys(("alpha", "kappa"), tables.digits(3)),
    **dict.fromkeys(("n_images", "n_disagreed", "n_reviews"), text.number),
    "share": text.percent,
}


def _columns() -> dict[str, Any]:
    """Return what the columns of both tables are called."""
    number = st.column_config.NumberColumn
    how = t(HOW)
    alpha = t("Krippendorff's alpha on these images.")
    kappa = t("Cohen's kappa: agreement beyond chance.")
    return {
        "alpha": number(t("Alpha"), help=f"{alpha} {how}"),
        "kappa": number(t("Kappa"), help=f"{kappa} {how}"),
        "share": number(
            t("Agrees"),
            help=t("Share of answers on which another person agreed"),
        ),
        "interval": st.column_config.TextColumn(t("95 % interval")),
        "n_images": number(t("Images"), help=t("Images that two or more people labelled")),
        "n_disagreed": number(t("Disagreed"), help=t("Images on which they gave different labels")),
        "n_reviews": number(t("Labels given")),
    }
