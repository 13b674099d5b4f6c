"""The ranking: the best merges and the draft, one row each; a chosen row becomes the draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.analysis.merges.merging import Merge
from core.language import text
from pages.parts import class_composer, class_verdict
from pages.parts.class_draft import Draft
from pages.parts.class_sandbox import Bench

_NO_MERGE = "no merge"
_VERDICTS = {
    "merge": "✓ merge",
    "do not merge": "✗ do not merge",
    "not enough images to tell": "? too few images",
    "baseline": "",
}
_COLUMNS = {
    "merge": st.column_config.TextColumn(
        "Merged", width=213, help="The labels that become one class; ● is your draft"
    ),
    "n_classes": st.column_config.NumberColumn("Classes", width=62),
    "verdict": st.column_config.TextColumn("Verdict", width=122, help="Is the gain real?"),
    "itca_gain": st.column_config.TextColumn(
        "ITCA gain",
        width=165,
        help="What decides: a merge pays only if ITCA rises. With its 95 % interval, paired "
        "bootstrap",
    ),
    "bits_kept": st.column_config.NumberColumn(
        "Bits kept", width=70, format="percent", help="Of what the answers told before"
    ),
    "accuracy": st.column_config.NumberColumn(
        "Accuracy", width=70, format="percent", help="Rises by itself with fewer classes"
    ),
    "rank": st.column_config.TextColumn(
        "Rank",
        width=96,
        help="Of the gain in accuracy, among all merges that leave groups of the same sizes",
    ),
}


@st.fragment
def ranking(bench: Bench, draft: Draft, now: Merge) -> None:
    """Draw the best merges and the draft, the highest ITCA first."""
    suggested, found = bench.best()
    rows = rows_of([*found, suggested, now])
    event = st.dataframe(
        table(rows, now.partition, bench.run.classes),
        hide_index=True,
        column_config=_COLUMNS,
        on_select="rerun",
        selection_mode="single-row",
        # a new table for every draft, so that a choice is taken once
        key=f"ranking-{bench.run.id}-{bench.evidence}-{bench.ordinal}-{draft.partition}",
        alt="The best merges and the draft",
    )
    n_maps, every = len(bench.box.partitions), bench.box.exhaustive
    looked = f"all {n_maps:,} ways to merge" if every else f"the {n_maps:,} most promising merges"
    st.caption(
        f"The highest ITCA of {looked} {text.count(len(bench.run.classes), 'class', 'classes')}, "
        f"on {bench.images}. Choose a row to load it into the draft."
    )
    if chosen := picked(event, rows):
        class_composer.load(bench.dataset, chosen)
        st.rerun()


def rows_of(found: Sequence[Merge]) -> list[Merge]:
    """Return each class map once, the highest ITCA first."""
    once = {merge.partition: merge for merge in found}
    return sorted(once.values(), key=lambda merge: -merge.itca)


def table(rows: Sequence[Merge], now: Sequence[int], labels: Sequence[str]) -> pd.DataFrame:
    """Return the ranking as it is shown; `now` is the draft."""
    return pd.DataFrame(
        [
            {
                "merge": ("● " if merge.partition == tuple(now) else "") + _named(merge, labels),
                "n_classes": merge.n_classes,
                "verdict": _VERDICTS[merge.verdict],
                "itca_gain": _gain(merge),
                "bits_kept": round(merge.bits_kept_share, 3),
                "accuracy": round(merge.accuracy, 3),
                "rank": _rank(merge),
            }
            for merge in rows
        ]
    )


def picked(event: Any, rows: Sequence[Merge]) -> tuple[int, ...] | None:
    """Return the class map of the chosen row, None without one."""
    selection: Mapping[str, Any] = (event or {}).get("selection", {})
    chosen = [i for i in selection.get("rows", []) if i < len(rows)]
    return rows[chosen[0]].partition if chosen else None


def _named(merge: Merge, labels: Sequence[str]) -> str:
    return ", ".join(class_verdict.groups_of(merge.partition, labels)) or _NO_MERGE


def _gain(merge: Merge) -> str:
    low, high = merge.itca_gain_ci
    if merge.verdict == "baseline":
        return "0"
    return f"{merge.itca_gain:+.3f} ({low:+.3f} to {high:+.3f})"


def _rank(merge: Merge) -> str:
    if merge.verdict == "baseline":
        return ""
    return f"{text.ordinal(merge.gain_rank)} of {merge.n_same_sizes:,}"
