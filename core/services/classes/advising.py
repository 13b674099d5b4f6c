"""What to do about each pair of classes that a run confuses."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from core.analysis.cascades import cascade
from core.analysis.merges import advice as rules
from core.analysis.merges import merging
from core.analysis.merges.merge_sandbox import Sandbox
from core.services.classes.overlaps import LEAST_CONFUSED
from core.services.labels.label_work import class_pairs
from core.services.runs.training import get_run
from core.store import reviews
from core.store.database import Workspace

People = tuple[float, float, float]  # alpha, low, high

MOST_PAIRS = 12  # a person reads no more; the most confused come first


@dataclass(frozen=True, slots=True)
class PairAdvice:
    """A confused pair, the signals about it, and what they say to do.

    Attributes
    ----------
    a, b : str
        In class order.
    n_confused, share_of_errors
        Images of one taken for the other, both ways, and their share of all errors.
    signals : `analysis.advice.Signals`
    what, reason, n_more
        See `analysis.advice.Advice`.
    """

    a: str
    b: str
    n_confused: int
    share_of_errors: float
    signals: rules.Signals
    what: rules.What
    reason: str
    n_more: int | None


def advice(ws: Workspace, run_id: str, box: Sandbox) -> list[PairAdvice]:
    """Return the pairs that a run confuses, the most confused first, with advice for each.

    Parameters
    ----------
    box : Sandbox
        Of the run, from `merging.open_sandbox`: on what it is judged.

    Notes
    -----
    At most 12 pairs, of at least 2 confused images each.
    """
    run = get_run(ws, run_id)
    table = cascade.pair_table(box.confusion, run.classes)
    pairs = [row for row in table if row["n_confused"] >= LEAST_CONFUSED][:MOST_PAIRS]
    people = {} if run.class_map_id else people_of(ws, run.dataset_id)
    found = []
    for row in pairs:
        given = _signals(box, row["pair"], people.get((row["a"], row["b"])))
        said = rules.advise(given)
        names = (row["a"], row["b"], row["n_confused"], row["share_of_errors"])
        found.append(PairAdvice(*names, given, *said))
    return found


def last_review(ws: Workspace, run_id: str) -> int:
    """Return the number of the last review that advice about a run rests on; 0 without any."""
    dataset_id = get_run(ws, run_id).dataset_id
    with ws.read() as conn:
        return reviews.last_seq(conn, dataset_id)


def as_row(found: PairAdvice) -> dict[str, object]:
    """Return a piece of advice as the command line prints it."""
    row = asdict(found)
    return {**{name: row[name] for name in ("a", "b", "what", "reason", "n_more")}, **row}


def people_of(ws: Workspace, dataset_id: str) -> dict[tuple[str, str], People]:
    """Return how far reviewers agree within each pair of labels that they gave."""
    return {
        (row["a"], row["b"]): (row["alpha"], *row["ci"])
        for row in class_pairs(ws, dataset_id)
        if row["alpha"] is not None and row["ci"] is not None
    }


def _signals(box: Sandbox, pair: tuple[int, int], people: People | None) -> rules.Signals:
    overlap = float(box.overlap[pair])
    groups = np.arange(len(box.classes))
    groups[pair[1]] = pair[0]
    merge = merging.examine(box, groups)
    return rules.Signals(
        n_images=round(float(box.confusion[list(pair)].sum())),
        max_p=merge.max_p,
        told_apart=float(box.told.kappa[pair]),
        told_apart_low=float(box.told.low[pair]),
        told_apart_high=float(box.told.high[pair]),
        verdict=merge.verdict,
        itca_gain=merge.itca_gain,
        itca_gain_low=merge.itca_gain_ci[0],
        overlap=None if np.isnan(overlap) else overlap,
        people=people,
    )
