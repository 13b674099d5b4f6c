"""Queues: which images to review next, in an order of each reviewer's own; how long it will take.

A ranked queue is shuffled within blocks of 20, so that two people who start together do not see
the same images at the same time, and the worst still come first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput, NotReady
from core.language import t, tn
from core.records import Dataset
from core.services.data.datasets import get_dataset, image_ids, label_indices, positions_by_id
from core.services.labels.label_evidence import confidence, find_suspects
from core.services.labels.review_events import person
from core.store import review_reading
from core.store.database import Workspace

QUEUES = ("suspects", "disagreements", "unsure", "random", "pair", "selection")
_BLOCK = 20
_N_UNSURE, _N_RANDOM = 500, 200
_PAUSE_S = 120.0  # between two answers: whoever was away that long was not reviewing
_N_PACE, _FEWEST_PACE = 50, 5  # answers


@dataclass(frozen=True, slots=True)
class Queue:
    """What one reviewer has before them.

    Attributes
    ----------
    kind : str
    next : tuple of int
        Positions of the images to review next, in this reviewer's order.
    n_total, n_left : int
        Images in the queue, and those of them that this reviewer has not answered.
    pace_s, left_s : float or None
        Median seconds from answer to answer of late, and what is left at this pace; None before
        five answers.
    """

    kind: str
    next: tuple[int, ...]
    n_total: int
    n_left: int
    pace_s: float | None
    left_s: float | None


def queue(
    ws: Workspace,
    dataset_id: str,
    kind: str,
    reviewer: str,
    *,
    pair: tuple[str, str] | None = None,
    positions: Sequence[int] | None = None,
    run_id: str | None = None,
    n_next: int = 20,
) -> Queue:
    """Return the images that a reviewer should see next.

    Parameters
    ----------
    kind : {"suspects", "disagreements", "unsure", "random", "pair", "selection"}
        Suspected label errors; images that people disagree on; the 500 that a model is least sure
        of; a random sample of 200, the same for everybody, without which agreement is not honest;
        images of two labels; positions given by the caller.
    pair : (label, label), optional
        For "pair".
    positions : sequence of int, optional
        For "selection".
    run_id : str, optional
        Whose answers "suspects" and "unsure" follow; default the best.
    n_next : int
        Images to return.

    Raises
    ------
    InvalidInput
        If there is no such queue, or its pair or positions cannot be used.
    NotReady
        If no model has answered yet for images that it did not learn from.
    """
    dataset, name = get_dataset(ws, dataset_id), person(reviewer)
    rows, ranked = _members(ws, dataset, kind, pair, positions, run_id)
    with ws.read() as conn:
        answered = review_reading.reviewed_by(conn, dataset.id, name)
        times = review_reading.recent_times(conn, dataset.id, name, _N_PACE)
    done = np.zeros(dataset.n_images, dtype=np.bool_)
    done[_positions(ws, dataset, answered)] = True
    mine = _own_order(rows, ranked, (dataset.id, name, kind))
    left = mine[~done[mine]]
    pace_s = pace([at.timestamp() for at in times])
    left_s = None if pace_s is None else pace_s * len(left)
    return Queue(kind, tuple(left[:n_next].tolist()), len(rows), len(left), pace_s, left_s)


def images_of(ws: Workspace, dataset_id: str, positions: Sequence[int]) -> list[str]:
    """Return the ids of the images at some positions."""
    ids = image_ids(ws, get_dataset(ws, dataset_id).id)
    return [ids[position] for position in positions]


def pace(times_s: Sequence[float]) -> float | None:
    """Return the median seconds between answers, None before five; pauses do not count.

    Parameters
    ----------
    times_s : sequence of float
        When the answers were given, newest first.

    Examples
    --------
    >>> pace([100.0, 98.0, 95.0, 93.0, 91.0])
    2.0
    >>> pace([100.0, 98.0]) is None
    True
    """
    gaps = -np.diff(np.asarray(times_s, dtype=np.float64))
    gaps = gaps[(gaps >= 0.0) & (gaps <= _PAUSE_S)]  # a clock may have been set back
    return float(np.median(gaps)) if len(gaps) >= _FEWEST_PACE - 1 else None


def _members(
    ws: Workspace,
    dataset: Dataset,
    kind: str,
    pair: tuple[str, str] | None,
    positions: Sequence[int] | None,
    run_id: str | None,
) -> tuple[np.ndarray, bool]:
    """Return the positions of a queue, and whether their order means something."""
    if kind == "suspects":
        return find_suspects(ws, dataset.id, run_id)[0].order, True
    if kind == "disagreements":
        with ws.read() as conn:
            return _positions(ws, dataset, review_reading.disputed(conn, dataset.id)), False
    if kind == "unsure":
        return _least_sure(ws, dataset, run_id), True
    if kind == "random":
        drawn = _generator((dataset.id, kind)).permutation(dataset.n_images)
        return np.sort(drawn[:_N_RANDOM]), False
    if kind == "pair":
        return _of_pair(ws, dataset, pair), False
    if kind == "selection":
        return _selected(dataset, positions), False
    raise InvalidInput(
        t("there is no such queue"), expected=" | ".join(QUEUES), received=repr(kind)
    )


def _least_sure(ws: Workspace, dataset: Dataset, run_id: str | None) -> np.ndarray:
    found = confidence(ws, dataset, run_id)
    if found is None:
        raise NotReady(
            t("no model has answered for these images yet"),
            todo=t("train one with `python -m core train {name}`", name=dataset.name),
        )
    sure = found[0]
    order = np.argsort(sure, kind="stable")  # NaN comes last
    return order[: min(_N_UNSURE, int(np.isfinite(sure).sum()))]


def _of_pair(ws: Workspace, dataset: Dataset, pair: tuple[str, str] | None) -> np.ndarray:
    """Return images that have one of two labels, or that somebody gave one of them."""
    if pair is None or len(set(pair)) != 2 or not set(pair) <= set(dataset.labels):
        raise InvalidInput(
            t("a pair is two different labels"),
            expected=t("two of {labels}", labels=", ".join(dataset.labels)),
            received=t(" and ").join(pair) if pair else t("none"),
        )
    wanted = [dataset.labels.index(label) for label in pair]
    with ws.read() as conn:
        said = _positions(ws, dataset, review_reading.called(conn, dataset.id, pair))
    given = np.flatnonzero(np.isin(label_indices(ws, dataset), wanted))
    return np.union1d(given, said)


def _positions(ws: Workspace, dataset: Dataset, found: Iterable[str]) -> np.ndarray:
    position_of = positions_by_id(ws, dataset.id)
    return np.sort(np.array([position_of[image] for image in found], dtype=np.int64))


def _selected(dataset: Dataset, positions: Sequence[int] | None) -> np.ndarray:
    rows = np.unique(np.asarray(positions if positions is not None else [], dtype=np.int64))
    if not len(rows) or rows[0] < 0 or rows[-1] >= dataset.n_images:
        raise InvalidInput(
            t("nothing of this data set is selected"),
            expected=t("positions from 0 to {last}", last=dataset.n_images - 1),
            received=tn("{n} position", "{n} positions", len(rows)),
            todo=t("draw around some points of the map"),
        )
    return rows


def _own_order(rows: np.ndarray, ranked: bool, names: tuple[str, ...]) -> np.ndarray:
    """Shuffle for one reviewer: all, or within blocks of what is ranked."""
    rng = _generator(names)
    if not ranked:
        return rows[rng.permutation(len(rows))]
    block = np.arange(len(rows)) // _BLOCK
    return rows[np.lexsort((rng.random(len(rows)), block))]


def _generator(names: tuple[str, ...]) -> np.random.Generator:
    digest = hashlib.sha256("\n".join(names).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
