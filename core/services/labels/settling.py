"""One label for every image, from reviews and decisions, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.analysis.labels import label_consensus
from core.analysis.labels.label_consensus import Consensus
from core.analysis.labels.votes import NOBODY
from core.errors import InvalidInput, NotReady
from core.language import phrase, t
from core.records import Dataset
from core.services.data.datasets import label_indices, positions_by_id
from core.services.labels.label_evidence import evidence
from core.services.labels.votes import Votes, votes_of
from core.store import adjudications
from core.store.database import Workspace

TITLES: Mapping[str, str] = {
    "crowdlab": "CROWDLAB",
    "dawid_skene": "Dawid-Skene",
    "majority": phrase("majority"),
}
METHODS: Mapping[str, str] = {
    "crowdlab": "reviewers and a model, each as trusted as it earned",
    "dawid_skene": "reviewers, by their habits of confusing labels",
    "majority": "the label with most votes",
}


@dataclass(frozen=True, slots=True)
class Settled:
    """One label for every image, before anything is saved.

    Attributes
    ----------
    votes, consensus
        What people said, and what the method makes of it.
    run : str or None
        Whose out-of-fold answers count beside the reviewers.
    original, labels : array of int64, shape (n_images,)
        The label of the import, and the one that was decided, else the consensus, else the same.
    quality : array of float64, shape (n_images,)
        How sure the method is, a share; 1 where it was decided, NaN where nobody said anything.
    decisions : tuple of str
        Event ids of the decisions, sorted.
    """

    votes: Votes
    consensus: Consensus
    run: str | None
    original: np.ndarray
    labels: np.ndarray
    quality: np.ndarray
    decisions: tuple[str, ...]


def settle(ws: Workspace, dataset: Dataset, method: str, run_id: str | None = None) -> Settled:
    """Return what a method makes of the reviews; decisions stand above every method.

    Raises
    ------
    InvalidInput, NotReady
        As `consensus`.
    """
    votes = votes_of(ws, dataset.id)
    found, run = _consensus(ws, dataset, votes, method, run_id)
    original = label_indices(ws, dataset)
    labels = np.where(found.labels == NOBODY, original, found.labels)
    quality = found.quality.copy()
    with ws.read() as conn:
        decided = adjudications.current(conn, dataset.id)
    rows = positions_by_id(ws, dataset.id)
    for image, decision in decided.items():
        row = rows[image]
        labels[row], quality[row] = dataset.labels.index(str(decision.label)), 1.0
    decisions = sorted(decision.event_id for decision in decided.values())
    return Settled(votes, found, run, original, labels, quality, tuple(decisions))


def _consensus(
    ws: Workspace, dataset: Dataset, its: Votes, method: str, run_id: str | None
) -> tuple[Consensus, str | None]:
    """Return the consensus of votes, and the run that was asked."""
    if method not in METHODS:
        raise InvalidInput(
            t("there is no such method"), expected=" | ".join(METHODS), received=repr(method)
        )
    if not its.n_reviews:
        raise NotReady(
            t("nobody has reviewed {name} yet", name=dataset.name),
            todo=t("review some images, or import reviews with `python -m core labels import`"),
        )
    if method == "crowdlab":
        model = evidence(ws, dataset.id, run_id)
        return label_consensus.crowdlab(its.votes, model.probs), model.run.id
    by_votes = {
        "majority": label_consensus.majority,
        "dawid_skene": label_consensus.dawid_skene,
    }
    return by_votes[method](its.votes, len(dataset.labels)), None
