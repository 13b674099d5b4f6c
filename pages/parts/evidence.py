"""What the Explore page shows of clusters, arranged for tables and charts; mostly pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.language import phrase, t, text
from core.records import SPLITS
from pages.parts import tables
from pages.ui import messages, names

SWEEP = (
    *("k", "gap", "gap_se", "bic", "stability", "stability_null", "separation", "separation_se"),
    *("pac", "pac_null", "silhouette", "inertia", "named"),
)  # columns, in order
_CRITERIA = {"gap": phrase("gap"), "bic": phrase("bic"), "stability": phrase("stability")}
_KINDS = {
    "structure": (st.success, ":material/check_circle:"),
    "disagree": (st.warning, ":material/balance:"),
    "none": (st.warning, ":material/blur_on:"),
}


def verdict(found: Mapping[str, str]) -> None:
    """Show the verdict in the tone of its kind."""
    show, icon = _KINDS.get(found["kind"], (st.info, ":material/info:"))
    show(found["text"], icon=icon)


def cluster_names(k: int) -> list[str]:
    """Return the names of clusters 0 to k - 1 as people see them.

    >>> cluster_names(2)
    ['cluster 1', 'cluster 2']
    """
    return [t("cluster {number}", number=index + 1) for index in range(k)]


def groups(
    images: pd.DataFrame,
    labels: Sequence[str],
    colour: str,
    found: Mapping[str, Any] | None,
    k: int | None,
) -> tuple[list[str], list[str]]:
    """Return (group of each image, order of the groups) for a colouring."""
    if colour == "cluster" and found is not None and k is not None:
        clusters = cluster_names(k)
        return [clusters[int(c)] for c in found["clusters"][k]], clusters
    if colour == "split":
        said = {split: t(split) for split in SPLITS}
        return [said[split] for split in images["split"]], list(said.values())
    return list(images["label"]), list(labels)


def sweep_columns() -> dict[str, Any]:
    """Return the headings of `sweep_table`, and what each column means."""
    return {
        "k": st.column_config.NumberColumn(t("k"), help=t("Number of clusters")),
        "gap": st.column_config.NumberColumn(
            t("Gap"),
            help=t(
                "ln of the spread in 10 data sets without structure, minus that of the images "
                "(Tibshirani et al. 2001). It votes"
            ),
        ),
        "gap_se": st.column_config.NumberColumn(t("± gap"), help=t("Standard error")),
        "bic": st.column_config.NumberColumn(
            t("BIC"),
            help=t(
                "Of clusters of one common shape (integrated completed likelihood); larger is "
                "better. It votes"
            ),
        ),
        "stability": st.column_config.NumberColumn(
            t("Stability"),
            help=t(
                "How much of the least stable cluster comes back on resamples (Jaccard overlap, "
                "median of 20 resamples of 80 %); 1 is all of it. It votes"
            ),
        ),
        "stability_null": st.column_config.NumberColumn(
            t("Stability, none"),
            help=t("The same in data without clusters; most of 10"),
        ),
        "separation": st.column_config.NumberColumn(
            t("Separation"),
            help=t(
                "The two clusters that are least apart, against the halves of clouds with one "
                "peak: ln of the spread. Above 1.645 errors they are two, else no such number is "
                "supported; empty where a cluster has fewer than 10 images"
            ),
        ),
        "separation_se": st.column_config.NumberColumn(
            t("± separation"), help=t("Standard error, from 20 clouds")
        ),
        "pac": st.column_config.NumberColumn(
            t("PAC"),
            help=t(
                "Share of pairs of images (at most 1,000 images) that fall together in more than "
                "10 % and less than 90 % of 20 resamples; 0 is sure. No vote: it favours few "
                "clusters"
            ),
        ),
        "pac_null": st.column_config.NumberColumn(
            t("PAC, none"), help=t("The same in data without clusters; mean of 2")
        ),
        "silhouette": st.column_config.NumberColumn(
            t("Silhouette"),
            help=t(
                "Mean of (b - a) / max(a, b): a to the own cluster, b to the next; none at k = 1. "
                "Of all images up to 20,000, else of as many drawn at random. No vote: it favours "
                "few clusters"
            ),
        ),
        "inertia": st.column_config.NumberColumn(
            t("Inertia"),
            help=t(
                "Sum of squared distances to the centres. It always falls, so that its elbow means "
                "nothing"
            ),
        ),
        "named": st.column_config.TextColumn(
            t("Named on"), help=t("On how many of 20 resamples gap, BIC and stability name this k")
        ),
    }


SWEEP_WRITTEN: tables.Writing = {
    **dict.fromkeys(("stability", "stability_null"), tables.digits(2)),
    **dict.fromkeys(
        ("gap", "gap_se", "separation", "separation_se", "pac", "pac_null", "silhouette"),
        tables.digits(3),
    ),
    **dict.fromkeys(("bic", "inertia"), lambda x: text.number(x, ",.0f")),
}


def sweep_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the criteria that the table shows, one row a k."""
    frame = pd.DataFrame(rows)
    frame["named"] = [
        ", ".join(f"{t(_CRITERIA[name])} {n}" for name, n in row["n_chosen"].items() if n)
        for row in rows
    ]
    return frame[list(SWEEP)]


def shared_sentences(found: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each cluster that labels share."""
    return [
        t(
            "**{labels}** share {cluster}: {share:.0%} or more of each lie in it.",
            labels=names.both([messages.plain(label) for label in group["labels"]]),
            cluster=cluster_names(group["cluster"] + 1)[-1],
            share=group["share"],
        )
        for group in found["shared"]
    ]


def in_cell(images: pd.DataFrame, clusters: NDArray[Any], cluster: str, label: str) -> list[int]:
    """Return the positions of the images of one cluster with one label."""
    index = int(cluster.rpartition(" ")[2]) - 1
    inside = (np.asarray(clusters) == index) & (images["label"] == label).to_numpy()
    return [int(p) for p in images["position"].to_numpy()[inside]]


def in_group(images: pd.DataFrame, halves: NDArray[Any], group: int, label: str) -> list[int]:
    """Return the positions of the images of one of the two groups of a label."""
    inside = (np.asarray(halves) == group) & (images["label"] == label).to_numpy()
    return [int(p) for p in images["position"].to_numpy()[inside]]


def fingerprint(positions: Sequence[int]) -> str:
    """Return a short key for a set of positions, so that another choice begins at page one."""
    return hashlib.sha256(np.asarray(positions, dtype=np.int64).tobytes()).hexdigest()[:12]
