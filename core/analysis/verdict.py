"""What the evidence for the number of clusters says, in words; it may say "none"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from core.errors import InvalidInput

STABLE = 0.75  # C. Hennig, "Cluster-wise assessment of cluster stability", 2007: "valid" from here
REPEATED = 0.9  # R. Tibshirani, G. Walther, 2005: prediction strength of 0.8 to 0.9
SEPARATED = 0.05  # silhouette beyond that of one cloud cut in k, as a share of what is possible
_AGAINST_NONE = ("gap", "bic", "stability")  # these can say: one cluster
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
        "silhouette": the highest, k > 1. "gap": the smallest k > 1 whose gap exceeds its own
        error, and which the next does not beat by more than its error; 1 if no gap exceeds its
        error. "bic": the highest. "stability": the largest k > 1 whose clusters are all highly
        stable (0.85), and more so than those of every reference without clusters; else 1. A
        criterion without an answer in the range is left out.

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
    named = {
        "gap": _by_gap(sweep),
        "bic": max(sweep, key=lambda row: (row["bic"], -row["k"]))["k"],
        "stability": _by_stability(sweep),
    }
    return found | {name: k for name, k in named.items() if k is not None}


def _by_gap(sweep: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the first k that is better than no clusters and that the next does not beat.

    Clusters in groups make the gap fall before it rises (Tibshirani et al. 2001, section 4): a
    fall at 1 denies structure only when no later k is better than none.
    """
    above = {row["k"] for row in sweep if row["k"] > 1 and row["gap"] > row["gap_se"]}
    if not above:
        return 1 if sweep[0]["k"] == 1 else None
    for row, after in zip(sweep, sweep[1:], strict=False):
        if row["k"] in above and row["gap"] >= after["gap"] - after["gap_step_se"]:
            return int(row["k"])
    return None


def _by_stability(sweep: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the largest k whose clusters all come back, as prediction strength does.

    The largest, because few clusters come back trivially (R. Tibshirani, G. Walther, "Cluster
    validation by prediction strength", 2005); more than without structure, because stretched
    clouds are cut in the same place each time (C. John et al., "M3C", 2020).
    """
    stable = [
        int(row["k"])
        for row in sweep
        if row["k"] > 1
        and row["stability"] >= REPEATED
        and row["stability"] > row["stability_null"]
    ]
    if stable:
        return max(stable)
    return 1 if sweep[0]["k"] == 1 else None


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
        Three criteria compare with one cluster: gap, BIC and stability. "none": at least two of
        them name 1. "structure": at least two of them name one k > 1, none of them still rises
        at the largest k tried, and the clusters of k are stable and lie apart. "disagree":
        anything else.

    Notes
    -----
    Criteria that disagree are no evidence for the number in the middle. The silhouette has no
    vote: it cannot name 1, and of groups that lie in groups it sees the coarse ones.
    """
    said = {name: suggestions[name] for name in _AGAINST_NONE if name in suggestions}
    rows = {row["k"]: row for row in sweep}
    says = ", ".join(f"{_NAMES[name]} {k}" for name, k in suggestions.items())
    k, n_votes = _most_named(said)
    if k == 1 and n_votes > 1:
        best = max((row["stability"] for row in sweep if row["k"] > 1), default=0.0)
        ones = " and ".join(_NAMES[name] for name, number in said.items() if number == 1)
        sentence = f"No cluster structure: {ones} name one cluster (best stability {best:.2f})."
        return Verdict(sentence, "none", None)
    rising = [_NAMES[name] for name in _AGAINST_NONE if said.get(name, max(rows)) == max(rows)]
    if rising:
        sentence = (
            f"The evidence still grows at {max(rows)}, the largest number tried "
            f"({', '.join(rising)}), or the criteria disagree ({says}): try more."
        )
        return Verdict(sentence, "disagree", None)
    if n_votes < 2:
        sentence = f"The criteria disagree ({says}): no single number is supported."
        return Verdict(sentence, "disagree", None)
    if rows[k]["stability"] < STABLE or _separation(rows[k]) < SEPARATED:
        sentence = (
            f"{n_votes} of {len(said)} criteria name {k} clusters ({says}), but these overlap or "
            "do not come back: no single number is supported."
        )
        return Verdict(sentence, "disagree", None)
    return Verdict(_support(rows[k], n_votes, len(said), suggestions, says), "structure", k)


def _support(
    row: Mapping[str, Any], n_votes: int, n_said: int, suggestions: Mapping[str, int], says: str
) -> str:
    """Return the sentence for a number that is supported."""
    k = row["k"]
    chosen = [
        f"{_NAMES[name]} {row['n_chosen'][name]}"
        for name, found in suggestions.items()
        if found == k
    ]
    return (
        f"{n_votes} of the {n_said} criteria that compare with no clusters name {k} clusters "
        f"({says}); of 20 resamples, so do: {', '.join(chosen)}. The clusters are stable "
        f"({row['stability']:.2f})."
    )


def _separation(row: Mapping[str, Any]) -> float:
    """Return the silhouette corrected for that of data without clusters, as kappa is; 0 to 1."""
    width, null = row["silhouette"], row["silhouette_null"]
    if width is None or null is None:
        return 0.0
    return float((width - null) / (1.0 - null)) if null < 1.0 else 0.0


def _most_named(suggestions: Mapping[str, int]) -> tuple[int, int]:
    """Return the k most criteria name, the smallest of equals, and how many name it."""
    votes = Counter(suggestions.values())
    k = min(votes, key=lambda number: (-votes[number], number))
    return k, votes[k]
