"""Votes of a data set: the reviews that count, as the matrix that agreement and consensus read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analysis.labels.votes import NOBODY
from core.services.data.datasets import get_dataset, positions_by_id
from core.store import review_reading, reviews
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Votes:
    """Who said what.

    Attributes
    ----------
    votes : array of int64, shape (n_images, n_reviewers)
        Index into the labels of the data set, -1 where nothing (or no label) was said.
    reviewers : tuple of str
        The columns, in order of their names.
    skipped, not_sure : array of int64
        Positions where somebody chose to skip or was not sure; one for each time.
    n_reviews : int
        Labels given.
    n_not_blind : int
        Reviews by people who had seen the given label or another's answer.
    last_seq : int
        Number of the last review stored: with the data set's id, it says what this rests on.
    """

    votes: np.ndarray
    reviewers: tuple[str, ...]
    skipped: np.ndarray
    not_sure: np.ndarray
    n_reviews: int
    n_not_blind: int
    last_seq: int


def reviews_version(ws: Workspace, dataset_id: str) -> int:
    """Return a number that grows with every review: the key of whatever is kept about them."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return reviews.last_seq(conn, dataset.id)


def votes_of(
    ws: Workspace, dataset_id: str, *, source: str | None = None, blind_only: bool = False
) -> Votes:
    """Return the reviews that count.

    Parameters
    ----------
    source : str, optional
        Only those from this queue ("random", say), or "import".
    blind_only : bool
        Leave out those by people who had seen the given label or another's answer.
    """
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        counting = review_reading.words(conn, dataset.id, source=source)
        last_seq = reviews.last_seq(conn, dataset.id)
    n_not_blind = sum(not word.blind for word in counting)
    if blind_only:
        counting = [word for word in counting if word.blind]
    row_of = positions_by_id(ws, dataset.id)
    people = tuple(sorted({word.reviewer for word in counting}))
    column = {name: i for i, name in enumerate(people)}
    label = {name: i for i, name in enumerate(dataset.labels)}
    votes = np.full((dataset.n_images, len(people)), NOBODY, dtype=np.int64)
    said = [word for word in counting if word.label is not None]
    rows, columns = [row_of[w.image_id] for w in said], [column[w.reviewer] for w in said]
    votes[rows, columns] = [label[w.label] for w in said]

    def where(verdict: str) -> np.ndarray:
        rows = [row_of[word.image_id] for word in counting if word.verdict == verdict]
        return np.array(rows, dtype=np.int64)

    return Votes(votes, people, where("skip"), where("not_sure"), len(said), n_not_blind, last_seq)
