"""Adjudicate: decide about the images that reviewers left open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analysis.labels import label_consensus
from core.analysis.labels.votes import NOBODY
from core.records import Adjudication, Review
from core.services.data.datasets import get_dataset
from core.services.labels.review_events import (
    check_label,
    event_of,
    given_label,
    person,
    position_of,
)
from core.services.labels.votes import votes_of
from core.store import adjudications, reviews
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class OpenImage:
    """Everything said about an image, for whoever decides.

    Attributes
    ----------
    version : int
        How often somebody decided; sent back as `expected_version`.
    decided : Adjudication or None
        The last decision, which may have opened the image again.
    """

    image: str
    position: int
    labels: tuple[str, ...]
    given: str
    reviews: tuple[Review, ...]
    version: int
    decided: Adjudication | None


def open_image(ws: Workspace, dataset_id: str, image: str) -> OpenImage:
    """Return everything said about an image, for whoever decides; nothing is hidden.

    Raises
    ------
    NotFound
        If the image is not in the data set.
    """
    dataset = get_dataset(ws, dataset_id)
    position = position_of(ws, dataset, image)
    with ws.read() as conn:
        said = tuple(reviews.current(conn, dataset.id, image_id=image))
        decisions = adjudications.history(conn, dataset.id, image)
    return OpenImage(
        image,
        position,
        dataset.labels,
        given_label(ws, dataset, position),
        said,
        len(decisions),
        decisions[-1] if decisions else None,
    )


def adjudicate(
    ws: Workspace,
    dataset_id: str,
    image: str,
    *,
    who: str,
    event_id: str,
    label: str | None,
    expected_version: int,
    note: str = "",
) -> Adjudication:
    """Decide what an image is, over all reviews; what this returned is on the disk.

    Parameters
    ----------
    label : str or None
        None opens the image again.
    expected_version : int
        `OpenImage.version` as it was seen.

    Raises
    ------
    Conflict
        If somebody decided in the meantime; the sentence says who, what and when.
    InvalidInput
        If the name, the label or the note cannot be used.
    NotFound
        If the image is not in the data set.
    """
    dataset = get_dataset(ws, dataset_id)
    if label is not None:
        check_label(dataset, label)
    event = event_of(ws, dataset, image, event_id, note) | {"who": person(who), "label": label}
    with ws.write() as conn:
        return adjudications.add(conn, event, expected_version)[0]


def open_positions(
    ws: Workspace, dataset_id: str, *, quality: np.ndarray | None = None, min_quality: float = 0.7
) -> list[int]:
    """Return the images that stay open: people see them, disagree, and nobody has decided.

    Parameters
    ----------
    quality : array of float, shape (n_images,), optional
        Of a consensus: then an image on which people disagree is open while its label is less sure
        than `min_quality`. Without it, an image is open while two classes have most votes.

    Returns
    -------
    list of int
        Positions; images that everybody was unsure of first, then those with the least agreement.
    """
    dataset = get_dataset(ws, dataset_id)
    its = votes_of(ws, dataset.id)
    found = label_consensus.majority(its.votes, len(dataset.labels))
    disputed = (found.labels != NOBODY) & (found.quality < 1.0)
    left = found.tied if quality is None else disputed & (np.asarray(quality) < min_quality)
    unsure = np.zeros(dataset.n_images, dtype=np.bool_)
    unsure[its.not_sure] = True
    left = left | (unsure & (found.labels == NOBODY))
    with ws.read() as conn:
        decided = adjudications.current(conn, dataset.id)
    for image in decided:
        left[position_of(ws, dataset, image)] = False
    rows = np.flatnonzero(left)
    sure = np.nan_to_num(found.quality[rows], nan=0.0)
    return [int(row) for row in rows[np.argsort(sure, kind="stable")]]
