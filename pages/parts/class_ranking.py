"""The ranking: the best merges and the draft, one row each; a chosen row becomes the draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.analysis.merges.merge_costs import MergeCost
from core.analysis.merges.merging import Merge
from core.language import phrase, t, text, tn
from pages.parts import class_composer, class_verdict
from pages.parts.class_draft import Draft
from pages.parts.class_sandbox import Bench
from pages.ui import messages, pickers

BY_ITCA, BY_COST = "itca", "cost"
_ORDERS = {BY_ITCA: phrase("ITCA"), BY_COST: phrase("cost of mistakes saved")}
_NO_MERGE = phrase("no merge")
_VERDICTS = {
    "merge": phrase("✓ merge"),
    "do not merge": phrase("✗ do not merge"),
    "not enough images to tell": phrase("? too few images"),
}


# pixels, so that all fits beside each other on a laptop; a figure in money needs room
_WIDTHS = {"merge": 180, "n_classes": 62, "verdict": 122, "gain": 157, "bits": 112, "rank": 96}
_WITH_COSTS = {"merge": 130, "n_classes": 56, "verdict": 116, "gain": 146, "bits": 106, "rank": 84}


def _columns(unit: str | None) -> dict[str, Any]:
    number, words = st.column_config.NumberColumn, st.column_config.TextColumn
    width = _WIDTHS if unit is None else _WITH_COSTS
    return {
        "merge": words(
            t("Merged"),
            width=width["merge"],
            help=t("The labels that become one class; ● is your draft"),
        ),
        "n_classes": number(t("Classes"), width=width["n_classes"]),
        "verdict": words(t("Verdict"), width=width["verdict"], help=t("Is the gain real?")),
        "itca_gain": words(
            t("ITCA gain"),
            width=width["gain"],
            help=t(
                "What decides: a merge pays only if ITCA rises. With its 95 % interval, paired "
                "bootstrap"
            ),
        ),
        "saved": words(
            t("Saved"),
            width=width["gain"],
            help=t(
                "What an image costs less after the merge, in {unit}, by the costs of mistakes "
                "entered on Decisions; in brackets the 95 % interval, paired bootstrap. Renaming "
                "saves nothing: costs belong to labels. An answer of a merged class is treated as "
                "its cheapest label, and what it cannot tell apart is paid for.",
                unit=messages.plain(unit or ""),
            ),
        ),
        "bits_kept": number(
            t("Bits kept"),
            width=width["bits"],
            format="percent",
            help=t("Of what the answers told before"),
        ),
        "accuracy": number(
            t("Accuracy"), width=70, format="percent", help=t("Rises by itself with fewer classes")
        ),
        "rank": words(
            t("Rank"),
            width=width["rank"],
            help=t("Of the gain in accuracy, among all merges that leave groups of the same sizes"),
        ),
    }


@st.fragment
def ranking(bench: Bench, draft: Draft, now: Merge) -> None:
    """Draw the best merges and the draft, the best first."""
    order = _order(bench)
    suggested, found = bench.best()
    rows = rows_of([*(bench.cheapest() if order == BY_COST else found), suggested, now])
    cost = {merge.partition: bench.cost(merge.partition) for merge in rows}
    if order == BY_COST:
        rows.sort(key=lambda merge: _saved(cost[merge.partition]), reverse=True)
    event = st.dataframe(
        table(rows, now.partition, bench.run.classes, lambda merge: cost[merge.partition]),
        hide_index=True,
        column_config=_columns(bench.charges.unit if bench.charges else None),
        on_select="rerun",
        selection_mode="single-row",
        # a new table for every draft, so that a choice is taken once
        key=f"ranking-{bench.run.id}-{bench.evidence}-{bench.ordinal}-{order}-{draft.partition}",
        alt=t("The best merges and the draft"),
    )
    st.caption(_said(bench, order))
    if chosen := picked(event, rows):
        class_composer.load(bench.dataset, chosen)
        st.rerun()


def _order(bench: Bench) -> str:
    """Draw the choice of an order, where mistakes have costs."""
    if bench.charges is None:
        return BY_ITCA
    return pickers.words(
        t("Order by"),
        _ORDERS,
        "merges_by",
        help=t(
            "Which merges are listed, and in which order. The verdict is that of ITCA in both: "
            "costs say what is cheap for you, not what the answers tell."
        ),
    )


def _said(bench: Bench, order: str) -> str:
    """Say what was ranked, on which images."""
    values = {
        "n": len(bench.box.partitions),
        "classes": tn("{n:,} class", "{n:,} classes", len(bench.run.classes)),
        "images": bench.images,
    }
    if order == BY_COST and bench.box.exhaustive:
        return t(
            "What saves most of all {n:,} ways to merge {classes}, on {images}: chosen there, so "
            "look at test. Choose a row to load it into the draft.",
            **values,
        )
    if order == BY_COST:
        return t(
            "What saves most of the {n:,} most promising merges {classes}, on {images}: chosen "
            "there, so look at test. Choose a row to load it into the draft.",
            **values,
        )
    if bench.box.exhaustive:
        return t(
            "The highest ITCA of all {n:,} ways to merge {classes}, on {images}. Choose a row to "
            "load it into the draft.",
            **values,
        )
    return t(
        "The highest ITCA of the {n:,} most promising merges {classes}, on {images}. Choose a "
        "row to load it into the draft.",
        **values,
    )


def rows_of(found: Sequence[Merge]) -> list[Merge]:
    """Return each class map once, the highest ITCA first."""
    once = {merge.partition: merge for merge in found}
    return sorted(once.values(), key=lambda merge: -merge.itca)


def table(
    rows: Sequence[Merge],
    now: Sequence[int],
    labels: Sequence[str],
    cost: Callable[[Merge], MergeCost | None] = lambda _: None,
) -> pd.DataFrame:
    """Return the ranking as it is shown; `now` is the draft, `cost` what a merge saves."""
    shown = pd.DataFrame(
        [
            {
                "merge": ("● " if merge.partition == tuple(now) else "") + _named(merge, labels),
                "n_classes": merge.n_classes,
                "verdict": t(_VERDICTS[merge.verdict]) if merge.verdict in _VERDICTS else "",
                "itca_gain": _gain(merge),
                "saved": _money(merge, cost(merge)),
                "bits_kept": round(merge.bits_kept_share, 3),
                "accuracy": round(merge.accuracy, 3),
                "rank": _rank(merge),
            }
            for merge in rows
        ]
    )
    # one of the two: accuracy counts every mistake alike
    return shown.drop(columns="accuracy" if any(map(cost, rows)) else "saved")


def _saved(cost: MergeCost | None) -> float:
    return cost.saved.value if cost is not None else 0.0


def _money(merge: Merge, cost: MergeCost | None) -> str:
    if cost is None or merge.verdict == "baseline":
        return "0"
    saved, low, high = cost.saved
    return t("{gain:+.3f} ({low:+.3f} to {high:+.3f})", gain=saved, low=low, high=high)


def picked(event: Any, rows: Sequence[Merge]) -> tuple[int, ...] | None:
    """Return the class map of the chosen row, None without one."""
    selection: Mapping[str, Any] = (event or {}).get("selection", {})
    chosen = [i for i in selection.get("rows", []) if i < len(rows)]
    return rows[chosen[0]].partition if chosen else None


def _named(merge: Merge, labels: Sequence[str]) -> str:
    return ", ".join(class_verdict.groups_of(merge.partition, labels)) or t(_NO_MERGE)


def _gain(merge: Merge) -> str:
    low, high = merge.itca_gain_ci
    if merge.verdict == "baseline":
        return "0"
    return t("{gain:+.3f} ({low:+.3f} to {high:+.3f})", gain=merge.itca_gain, low=low, high=high)


def _rank(merge: Merge) -> str:
    if merge.verdict == "baseline":
        return ""
    return t("{rank} of {n:,}", rank=text.ordinal(merge.gain_rank), n=merge.n_same_sizes)
