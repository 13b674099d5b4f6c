"""What mistakes cost: entered by a person, kept for ever, and read for the classes of a class map.

Costs belong to labels, so that models over different class maps compare: what a merged class can
no longer tell apart is paid for (`core.analysis.mistake_costs`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.analysis import mistake_costs as analysis
from core.errors import InvalidInput, NotReady
from core.language import t
from core.records import MistakeCosts
from core.services.classes.mapping import get_class_map
from core.services.data.datasets import get_dataset, split_index
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.store import mistake_costs
from core.store.database import Workspace, utc_now

MAX_UNIT, MAX_NAME, MAX_WHY = 16, 64, 2_000  # characters


def history(ws: Workspace, dataset_id: str) -> list[MistakeCosts]:
    """Return everything that was ever entered for a data set, newest first."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return mistake_costs.all_of(conn, dataset.id)


def current(ws: Workspace, dataset_id: str) -> MistakeCosts | None:
    """Return the costs that count, None where nobody entered any or they were taken back."""
    newest = next(iter(history(ws, dataset_id)), None)
    return newest if newest is not None and newest.costs is not None else None


def version(ws: Workspace, dataset_id: str) -> int:
    """Return the version of the costs as they stand, taken back or not; 0 before the first."""
    return next((entered.version for entered in history(ws, dataset_id)), 0)


def enter(
    ws: Workspace,
    dataset_id: str,
    costs: Sequence[Sequence[float]] | None,
    *,
    person: float | None = None,
    unit: str = "points",
    who: str = "",
    why: str = "",
) -> MistakeCosts:
    """Save costs as the next version; None takes them back, and what was entered stays readable.

    Parameters
    ----------
    costs : table of float, labels by labels, row = true label
        What is lost when an image of the row is treated as the column; 0 on the diagonal.
    person : float, optional
        What asking a person about an image costs, in the same unit.

    Raises
    ------
    InvalidInput
        If the table or what a person costs cannot be used, or a text is too long.
    """
    dataset = get_dataset(ws, dataset_id)
    if costs is not None:
        costs = analysis.checked(costs, len(dataset.labels)).tolist()
    if person is not None and not 0.0 <= person <= analysis.MOST:
        raise InvalidInput(
            t("the cost of asking a person cannot be used"),
            expected=t("a number from 0 to {most:,.0f}", most=analysis.MOST),
            received=str(person),
        )
    texts = ((t("unit"), unit, MAX_UNIT), (t("name"), who, MAX_NAME), (t("reason"), why, MAX_WHY))
    for what, text, longest in texts:
        if len(text) > longest:
            raise InvalidInput(
                t("the {what} is too long", what=what),
                expected=t("at most {n:,} characters", n=longest),
                received=f"{len(text):,}",
            )
    with ws.write() as conn:
        return mistake_costs.add(
            conn,
            dataset_id=dataset.id,
            unit=unit.strip() or "points",
            costs=costs,
            person=person,
            why=why.strip(),
            who=who.strip(),
            created_at=utc_now(),
        )


def columns(
    ws: Workspace, entered: MistakeCosts, class_map_id: str | None
) -> tuple[np.ndarray, dict[str, str]]:
    """Return how the classes of a class map are charged.

    Returns
    -------
    costs : array of float64, shape (n_labels, n_classes)
        Of answering a class where a label is true.
    treated_as : dict of str to str
        The label as which an answer of each class is treated.

    Raises
    ------
    NotReady
        If the costs were taken back.
    """
    if entered.costs is None:
        raise NotReady(t("the costs of mistakes were taken back"), todo=t("enter them again"))
    class_map = get_class_map(ws, entered.dataset_id, class_map_id)
    W, shares = np.array(entered.costs), label_shares(ws, entered.dataset_id)
    treated = analysis.treated_as(W, class_map.class_index().tolist(), shares)
    names = dict(zip(class_map.classes, (class_map.labels[i] for i in treated), strict=True))
    return W[:, treated], names


def label_shares(ws: Workspace, dataset_id: str) -> np.ndarray:
    """Return how common each label is among training images, (n_labels,)."""
    dataset = get_dataset(ws, dataset_id)
    rows = split_index(ws, dataset.id, "train")
    y = label_sets.indices(ws, dataset, ORIGINAL)[rows]
    return np.bincount(y, minlength=len(dataset.labels)) / max(1, len(y))
