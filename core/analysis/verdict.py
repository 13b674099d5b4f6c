"""What the evidence for the number of clusters says, in words; it may say "none"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from core.errors import InvalidInput

STABLE = 0.75  # C. Hennig, "Cluster-wise assessment of cluster stability", 2007: "valid" from here
SUBSTANTIAL = 0.25  # L. Kaufman, P. Rousseeuw, "Finding groups in data", 1990: no structure below
_CLOSE = 0.02  # stabilities nearer than this are the same; it is the spread over seeds
_NAMES = {
    "silhouette": "silhouette",
    "gap": "gap statistic",
    "bic": "BIC",
    "stability": "stability",
}


class Verdict(NamedTuple):
    """What to tell a person: `sentence`, its `kind`, and the `k` it is about (None without)."""

    sentence: str
    kind: Literal["structure", "disagree", "none"]
    k: int | None


def suggest(sweep: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the number of clusters that each criterion prefers.

    Parameters
    ----------
    sweep : rows of `clustering.sweep`, k ascending

    Returns
    -------
    dict
        "silhouette": the highest; "gap": the smallest k with Gap(k) >= Gap(k+1) - s_(k+1) (1 is
        possible); "bic": the highest; "stability": the largest k > 1 within 0.02 of the highest.
        A criterion without an answer in the range is left out.
    """
    if not sweep:
        raise InvalidInput("there is no evidence to judge", expected="at least one k")
    found: dict[str, int] = {}
    widths = [row for row in sweep if row["silhouette"] is not None]
    if widths:
        found["silhouette"] = max(widths, key=lambda row: (row["silhouette"], -row["k"]))["k"]
    for row, after in zip(sweep, sweep[1:], strict=False):
        if after["k"] == row["k"] + 1 and row["gap"] >= after["gap"] - after["gap_se"]:
            found["gap"] = row["k"]
            break
    found["bic"] = max(sweep, key=lambda row: (row["bic"], -row["k"]))["k"]
    several = [row for row in sweep if row["k"] > 1]
    if several:
        best = max(row["stability"] for row in several)
        found["stability"] = max(r["k"] for r in several if r["stability"] >= best - _CLOSE)
    return found


def verdict(sweep: Sequence[Mapping[str, Any]], suggestions: Mapping[str, int]) -> Verdict:
    """Return what the criteria say together.

    Parameters
    ----------
    sweep : rows of `clustering.sweep`
    suggestions : dict
        From `suggest` on the same rows.

    Returns
    -------
    Verdict
        "none": the gap statistic is content with one cluster, or no k is stable and silhouettes
        stay below what counts as structure. "structure": at least three criteria, or all that
        have an answer, name one k > 1 and its clusters are stable. "disagree": anything else.

    Notes
    -----
    Criteria that disagree are no evidence for the number in the middle.
    """
    rows = {row["k"]: row for row in sweep}
    if suggestions.get("gap") == 1:
        sentence = "No cluster structure: the gap statistic finds one cluster enough."
        return Verdict(sentence, "none", None)
    stable = [row["stability"] for row in sweep if row["k"] > 1]
    widths = [row["silhouette"] for row in sweep if row["silhouette"] is not None]
    if max(stable, default=0.0) < STABLE and max(widths, default=-1.0) < SUBSTANTIAL:
        return Verdict(
            f"No cluster structure: no number of clusters is stable (best {max(stable, default=0.0):.2f}, "
            f"needed {STABLE}) and clusters overlap (best silhouette {max(widths, default=0.0):.2f}).",
            "none",
            None,
        )
    says = ", ".join(f"{_NAMES[name]} {k}" for name, k in suggestions.items())
    k, n_votes = _most_named(suggestions)
    enough = n_votes >= min(3, len(suggestions)) and n_votes > 1
    if enough and k > 1 and rows[k]["stability"] >= STABLE:
        edge = " It is the largest number tried: try more." if k == max(rows) else ""
        return Verdict(
            f"{n_votes} of {len(suggestions)} criteria name {k} clusters ({says}), and they are "
            f"stable ({rows[k]['stability']:.2f}).{edge}",
            "structure",
            k,
        )
    return Verdict(
        f"The criteria disagree ({says}): no single number is supported.", "disagree", None
    )


def _most_named(suggestions: Mapping[str, int]) -> tuple[int, int]:
    """Return the k most criteria name, the smallest of equals, and how many name it."""
    votes = Counter(suggestions.values())
    k = min(votes, key=lambda number: (-votes[number], number))
    return k, votes[k]
