"""What the evidence for the number of clusters says, in words; it may say "none"."""

from __future__ import annotations

from collections import Counter
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
        "silhouette": the highest; "gap": the smallest k whose gap the next does not beat by more
        than its standard error (Tibshirani's rule; 1 is possible); "bic": the highest;
        "stability": the largest k > 1 within 0.02 of the highest. A criterion without an answer
        in the range is left out.

    Raises
    ------
    InvalidInput
        When there are no rows.

    """
    if not sweep:
        raise InvalidInput("there is no evidence to judge", expected="at least one k")
    found: dict[str, int] = {}
    widths = [row for row in sweep if row["silhouette"] is not None]
    if widths:
        found["silhouette"] = max(widths, key=lambda row: (row["silhouette"], -row["k"]))["k"]
    for row, after in zip(sweep, sweep[1:], strict=False):
        if row["gap"] >= after["gap"] - after["gap_se"]:
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
        "none": no k > 1 is stable, and either the gap statistic is content with one cluster or
        silhouettes stay below what counts as structure. "structure": at least three criteria,
        or all that have an answer, name one k > 1 below the largest tried, and its clusters are
        stable. "disagree": anything else.

    Notes
    -----
    Criteria that disagree are no evidence for the number in the middle. The gap statistic alone
    does not deny structure: clusters that lie in groups, like scikit-learn's digits, make its
    rule stop at 1.
    """
    missing = _no_structure(sweep, suggestions)
    if missing:
        return Verdict(f"No cluster structure: {missing}.", "none", None)
    says = ", ".join(f"{_NAMES[name]} {k}" for name, k in suggestions.items())
    rows = {row["k"]: row for row in sweep}
    k, n_votes = _most_named(suggestions)
    enough = n_votes > 1 and n_votes >= min(3, len(suggestions))
    if enough and k == max(rows):
        sentence = f"The evidence still grows at {k}, the largest number tried ({says}): try more."
        return Verdict(sentence, "disagree", None)
    if enough and k > 1 and rows[k]["stability"] >= STABLE:
        sentence = (
            f"{n_votes} of {len(suggestions)} criteria name {k} clusters ({says}), and these are "
            f"stable ({rows[k]['stability']:.2f})."
        )
        return Verdict(sentence, "structure", k)
    sentence = f"The criteria disagree ({says}): no single number is supported."
    return Verdict(sentence, "disagree", None)


def _no_structure(sweep: Sequence[Mapping[str, Any]], suggestions: Mapping[str, int]) -> str:
    """Return why there is no structure, or nothing when there may be some."""
    stability = max((row["stability"] for row in sweep if row["k"] > 1), default=0.0)
    widths = [row["silhouette"] for row in sweep if row["silhouette"] is not None]
    width = max(widths, default=0.0)
    if stability >= STABLE:
        return ""
    unstable = f"no number of clusters is stable (best {stability:.2f}, needed {STABLE})"
    if suggestions.get("gap") == 1:
        return f"{unstable} and the gap statistic finds one cluster enough"
    if width < SUBSTANTIAL:
        return f"{unstable} and clusters overlap (silhouette {width:.2f}, needed {SUBSTANTIAL})"
    return ""


def _most_named(suggestions: Mapping[str, int]) -> tuple[int, int]:
    """Return the k most criteria name, the smallest of equals, and how many name it."""
    votes = Counter(suggestions.values())
    k = min(votes, key=lambda number: (-votes[number], number))
    return k, votes[k]
