"""The images behind a cell of a merged confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import InvalidInput, NotReady
from core.language import t
from core.services.classes.mapping import held_out
from core.services.classes.merging import Evidence
from core.services.runs.crossvalidating import out_of_fold
from core.services.runs.training import get_run
from core.store.database import Workspace


def positions_in_cell(
    ws: Workspace, run_id: str, evidence: Evidence, true: Sequence[str], predicted: Sequence[str]
) -> list[int]:
    """Return the images of some classes that a run took for some classes.

    Parameters
    ----------
    evidence : {"val", "crossval", "test"}
        Whose answers are meant; see `merging.open_sandbox`.
    true, predicted : sequence of str
        Classes of the run, those that a class map joins.

    Returns
    -------
    list of int
        Positions in the data set, those the answers are surest of first.

    Raises
    ------
    InvalidInput
        If the run has no such class.
    NotReady
        If the run was not cross-validated yet.
    """
    run = get_run(ws, run_id)
    unknown = sorted({*true, *predicted} - set(run.classes))
    if unknown:
        raise InvalidInput(
            t("the run has no such class"),
            expected=", ".join(run.classes),
            received=", ".join(unknown),
        )
    if evidence == "crossval":
        found = out_of_fold(ws, run.id)
        if found is None:
            raise NotReady(t("this run was not cross-validated yet"))
        rows, y, probs = found.positions, found.y, found.probs
    else:
        rows, y, probs = held_out(ws, run, evidence)
    wanted, said = (
        np.isin(np.arange(len(run.classes)), [run.classes.index(name) for name in names])
        for names in (true, predicted)
    )
    inside = wanted[y] & said[probs.argmax(axis=1)]
    order = np.argsort(-probs[inside][:, said].sum(axis=1), kind="stable")
    return [int(position) for position in rows[inside][order]]
