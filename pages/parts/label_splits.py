"""Labels that may be two: what was found, and the images of both groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.workspace import Workspace
from pages.parts import evidence, tables
from pages.ui import cached, gallery, messages, pickers

_TWO = phrase("splits in two")
_NO_LABEL = phrase("no label")
_VERDICTS = {_TWO: phrase("splits in two"), "one": phrase("one")}
_VERDICTS["too few images"] = phrase("too few images")
_COLUMNS = ("label", "verdict", "larger", "smaller", "gap", "p_value", "stability", "silhouette")


@st.fragment
def panel(ws: Workspace, dataset: Dataset, found: Mapping[str, Any]) -> None:
    """Say which labels are two, and open the groups of any label."""
    st.subheader(t("Labels that may be two"), anchor=False)
    splits = found["splits"]
    two = [split for split in splits if split["verdict"] == _TWO]
    for split in two:
        st.info(sentence(split), icon=":material/call_split:")
    if not two:
        st.write(
            t("None: cut in two, no label's images are further apart than the halves of one cloud.")
        )
    st.caption(
        t(
            "Two clusters are sought among the images of each label, all splits together. A "
            "label is two when they stand apart, come back on resamples, and neither is a "
            "handful of images. Labels that touch each other in these embeddings are not "
            "found."
        )
    )
    options = {_NO_LABEL: t(_NO_LABEL)} | {
        split["label"]: split["label"] for split in splits if split["sizes"][1] > 0
    }
    with st.expander(t("All numbers"), icon=":material/table_rows:"):
        st.dataframe(
            tables.written(table(splits), _WRITTEN),
            hide_index=True,
            column_config=_columns(),
            alt=t("The split of each label"),
        )
    label = pickers.one(t("Look inside"), options, "inside", help=t("The two groups of one label."))
    if label != _NO_LABEL:
        _groups(ws, dataset, found, label)


def _groups(ws: Workspace, dataset: Dataset, found: Mapping[str, Any], label: str) -> None:
    """Draw the images of both groups side by side."""
    images = cached.images(ws, dataset.id)
    for group, column in enumerate(st.columns(2)):
        with column:
            inside = evidence.in_group(images, found["halves"], group, label)
            st.markdown(
                tn(
                    "**Group {group}**, {n:,} image",
                    "**Group {group}**, {n:,} images",
                    len(inside),
                    group=group + 1,
                )
            )
            key = f"half-{dataset.id}-{evidence.fingerprint(inside)}"
            gallery.gallery(ws, dataset, inside, key, page_size=20)


def sentence(split: Mapping[str, Any]) -> str:
    """Return what to tell a person of a label that is two."""
    larger, smaller = split["sizes"]
    said: str = t(
        "**{label}** may be two: {images} and {smaller:,}. The groups come back on resamples "
        "({stability:.0%}).",
        label=messages.plain(split["label"]),
        images=tn("{n:,} image", "{n:,} images", larger),
        smaller=smaller,
        stability=split["stability"],
    )
    for group, like in enumerate(split["looks_like"], start=1):
        if like is not None:
            warning = t(
                "Group {group} lies among images labelled {like}: look for wrong labels there "
                "before it becomes a class.",
                group=group,
                like=messages.plain(like),
            )
            said = f"{said} {warning}"
    return said


def table(splits: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row a label, those that are most apart first."""
    frame = pd.DataFrame(splits)
    frame["larger"], frame["smaller"] = zip(*frame["sizes"], strict=True)
    frame["verdict"] = [t(_VERDICTS[verdict]) for verdict in frame["verdict"]]
    ordered = frame.sort_values("gap", ascending=False, kind="stable")
    return ordered[list(_COLUMNS)]


_WRITTEN: tables.Writing = {
    **dict.fromkeys(("larger", "smaller"), text.number),
    **dict.fromkeys(("gap", "p_value"), tables.digits(3)),
    **dict.fromkeys(("stability", "silhouette"), tables.digits(2)),
}


def _columns() -> dict[str, Any]:
    """Return what the columns of the table are called, and what they mean."""
    text_column, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "label": text_column(t("Label")),
        "verdict": text_column(
            t("Verdict"), help=t("Two only if the test, the resamples and the sizes all say so")
        ),
        "larger": number(
            t("Larger group"),
            help=t("Images of the larger of two clusters, all splits"),
        ),
        "smaller": number(
            t("Smaller group"),
            help=t("Images of the smaller one; at least 5 % count"),
        ),
        "gap": number(
            t("Gap"),
            help=t(
                "How much tighter the two groups are than halves of a cloud with one peak; above "
                "0 is further apart"
            ),
        ),
        "p_value": number(
            "p",
            help=t(
                "Chance of such a gap without two groups, against 30 clouds with one peak, "
                "corrected for the number of labels (Holm); below 0.05 counts"
            ),
        ),
        "stability": number(
            t("Stability"),
            help=t(
                "How much of the worse group comes back (Jaccard overlap, median of 20 resamples "
                "of 80 %); 0.75 and more counts"
            ),
        ),
        "silhouette": number(t("Silhouette"), help=t("Of the two groups; shown for comparison")),
    }
