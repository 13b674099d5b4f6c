"""What the evidence for the number of clusters says, in words; it may say "none"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from core.analysis.clusters.separation import Split
from core.errors import InvalidInput
from core.language import phrase, t

STABLE = 0.75  # C. Hennig, "Cluster-wise assessment of cluster stability", 2007: "valid" from here
REPEATED = 0.9  # R. Tibshirani, G. Walther, 2005: prediction strength of 0.8 to 0.9
VOTERS = ("gap", "bic", "stability")  # these can say: one cluster
N_RESAMPLES = 20
_NAMES = {
    "silhouette": phrase("silhouette"),
    "pac": phrase("PAC"),
    "gap": phrase("gap statistic"),
    "bic": phrase("BIC"),
    "stability": phrase("stability"),
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
        "silhouette": the highest, k > 1. "pac": the furthest below that of data without
        clusters. "gap": the smallest k > 1 whose gap exceeds its own
        error, and which the next does not beat by more than its error; 1 if no gap exceeds its
        error. "bic": the highest. "stability": the largest k > 1 whose clusters all come back
        (0.9), more so than those of every reference without clusters, and are apart; else 1. A
        criterion without an answer in the range is left out.

    Raises
    ------
    InvalidInput
        When there are no rows.

    """
    if not sweep:
        raise InvalidInput(t("there is no evidence to judge"), expected=t("at least one k"))
    found: dict[str, int] = {}
    widths = [row for row in sweep if row["silhouette"] is not None]
    if widths:
        found["silhouette"] = max(widths, key=lambda row: (row["silhouette"], -row["k"]))["k"]
    surer = [row for row in sweep if row["k"] > 1 and row["pac"] < row["pac_null"]]
    if surer:
        best = max(surer, key=lambda row: (row["pac_null"] - row["pac"], -row["k"]))
        found["pac"] = best["k"]
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
    validation by prediction strength", 2005); more than without structure (C. John et al.,
    "M3C", 2020), and apart, because one stretched cluster among others is cut in the same place
    each time and its halves come back too.
    """
    stable = [
        int(row["k"])
        for row in sweep
        if row["k"] > 1
        and row["stability"] >= REPEATED
        and row["stability"] > row["stability_null"]
        and is_apart(row)
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
        at the largest k tried, and the clusters of k come back and are apart. "disagree":
        anything else.

    Notes
    -----
    Criteria that disagree are no evidence for the number in the middle. Silhouette and PAC have
    no vote: they cannot name 1, and of groups that lie in groups they see the coarse ones.
    """
    said = {name: suggestions[name] for name in VOTERS if name in suggestions}
    rows = {row["k"]: row for row in sweep}
    says = _says(suggestions, rows)
    k, n_votes = _most_named(said)
    named = _listed([t(_NAMES[name]) for name, number in said.items() if number == k])
    if k == 1 and n_votes > 1:
        sentence = t(
            "No cluster structure in these embeddings: {named} name one cluster. Classes that "
            "touch look the same. {says}",
            named=named,
            says=says,
        )
        return Verdict(sentence, "none", None)
    rising = [t(_NAMES[name]) for name in VOTERS if said.get(name, max(rows)) == max(rows)]
    if rising:
        sentence = t(
            "No number is supported: by {named} the evidence still grows at {k}, the largest "
            "number tried: try more. {says}",
            named=_listed(rising),
            k=max(rows),
            says=_run_together(says, sweep),
        )
        return Verdict(sentence, "disagree", None)
    if n_votes < 2:
        sentence = t(
            "No number is supported: the criteria disagree. {says}",
            says=_run_together(says, sweep),
        )
        return Verdict(sentence, "disagree", None)
    row = rows[k]
    if row["stability"] < STABLE or not is_apart(row):
        why = (
            t("the closest two are halves of one cloud, or one is a handful of images")
            if row["stability"] >= STABLE
            else t("these do not come back on resamples")
        )
        sentence = t(
            "No number is supported: {named} name {k} clusters, but {why}. {says}",
            named=named,
            k=k,
            why=why,
            says=says,
        )
        return Verdict(sentence, "disagree", None)
    sentence = t(
        "{k} clusters: {named} name {k}. Each comes back on resamples ({share:.0%} of the least "
        "stable), and no two are the halves of one cloud. {says}",
        named=named,
        k=k,
        share=row["stability"],
        says=says,
    )
    return Verdict(sentence, "structure", k)


def _says(suggestions: Mapping[str, int], rows: Mapping[int, Mapping[str, Any]]) -> str:
    """Return what each criterion names, and on how many of the resamples."""
    votes = [
        f"{t(_NAMES[name])} {k} ({rows[k]['n_chosen'][name]})"
        for name, k in suggestions.items()
        if name in VOTERS
    ]
    others = [f"{t(_NAMES[name])} {k}" for name, k in suggestions.items() if name not in VOTERS]
    if not votes:
        return ""
    said = {"n": N_RESAMPLES, "votes": ", ".join(votes), "others": ", ".join(others)}
    if not others:
        return t(
            "The answers, and on how many of {n} resamples they are the same: {votes}.", **said
        )
    return t(
        "The answers, and on how many of {n} resamples they are the same: {votes}; without a vote: "
        "{others}.",
        **said,
    )


def _run_together(says: str, sweep: Sequence[Mapping[str, Any]]) -> str:
    """Add one more sentence when no number of clusters is apart."""
    if any(is_apart(row) for row in sweep):
        return says
    return t(
        "{says} Whatever the number, the closest two are halves of one cloud, or one is a handful.",
        says=says,
    )


def _listed(names: Sequence[str]) -> str:
    """Join names as people do."""
    if len(names) < 2:
        return "".join(names)
    return t("{first} and {second}", first=", ".join(names[:-1]), second=names[-1])


def is_apart(row: Mapping[str, Any]) -> bool:
    """Say whether even the two clusters that are least apart are no halves of one cloud."""
    if row["separation"] is None:
        return False
    return Split(row["separation"], row["separation_se"]).apart


def _most_named(suggestions: Mapping[str, int]) -> tuple[int, int]:
    """Return the k most criteria name, the smallest of equals, and how many name it."""
    votes = Counter(suggestions.values())
    k = min(votes, key=lambda number: (-votes[number], number))
    return k, votes[k]
