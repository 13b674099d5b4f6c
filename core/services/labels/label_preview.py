"""What a way of making one label of all reviews would change, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.ids import content_id
from core.services.data.datasets import get_dataset, label_indices
from core.services.labels.adjudicating import open_positions
from core.services.labels.settling import settle
from core.services.labels.votes import reviews_version
from core.store import adjudications
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Preview:
    """What `label_work.consensus` would save.

    Attributes
    ----------
    method : str
    run : str or None
        Whose out-of-fold answers count beside the reviewers.
    labels : array of int64, shape (n_images,)
        Index into the labels of the data set; those of the import where nobody said anything.
    quality : array of float64, shape (n_images,)
        How sure the method is of each label, a share; NaN where nobody said anything.
    n_reviewed, n_changed, n_open : int
        Images that people labelled, whose label would change, and that stay open.
    mean_quality : float
        Of the labelled images, a share.
    reviewer_quality : mapping of str to float
        How often the method takes each reviewer to be right, a share.
    model_weight : float or None
        How much CROWDLAB trusts the model where a reviewer has 1 on average.
    """

    method: str
    run: str | None
    labels: np.ndarray
    quality: np.ndarray
    n_reviewed: int
    n_changed: int
    n_open: int
    mean_quality: float
    reviewer_quality: Mapping[str, float]
    model_weight: float | None


def preview(ws: Workspace, dataset_id: str, method: str, run_id: str | None = None) -> Preview:
    """Return what a method would make of the reviews; decisions stand above every method.

    Parameters
    ----------
    method : {"crowdlab", "dawid_skene", "majority"}
    run_id : str, optional
        For "crowdlab"; default the best.

    Raises
    ------
    InvalidInput, NotReady
        As `label_work.consensus`.
    """
    dataset = get_dataset(ws, dataset_id)
    its = settle(ws, dataset, method, run_id)
    found, said = its.consensus, np.isfinite(its.quality)
    return Preview(
        method,
        its.run,
        its.labels,
        its.quality,
        int(said.sum()),
        int((its.labels != its.original).sum()),
        len(open_positions(ws, dataset.id, quality=its.quality)),
        float(its.quality[said].mean()),
        dict(zip(its.votes.reviewers, map(float, found.reviewer_quality), strict=True)),
        found.model_weight,
    )


def version(ws: Workspace, dataset_id: str) -> str:
    """Return a word that changes with every review and every decision: the key of a preview."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        decided = adjudications.current(conn, dataset.id)
    decisions = sorted(decision.event_id for decision in decided.values())
    return content_id("said", [reviews_version(ws, dataset.id), decisions])


def changed(ws: Workspace, dataset_id: str, labels: np.ndarray) -> list[int]:
    """Return the positions of the images whose label would differ from that of the import."""
    return [
        int(p) for p in np.flatnonzero(labels != label_indices(ws, get_dataset(ws, dataset_id)))
    ]
