"""The ranking of merges that a report prints: computed once, since its inputs never change."""

from __future__ import annotations

from typing import Any

from core.language import keep
from core.records import Run
from core.services.classes import merging
from core.services.data.embedding import embedded_with
from core.store import results
from core.store.database import Workspace

_KIND, _RULES = "report-merges", 1  # the second goes up when the figures come to mean another
_KEPT = ("evidence", "n_images", "n_class_maps")
_KEPT_OF_MERGE = (
    *("class_map", "n_classes", "verdict", "accuracy", "chance", "kappa", "bits"),
    *("itca_gain", "itca_gain_ci", "excess_gain", "ci"),
)


def ranking(ws: Workspace, run: Run, n_top: int) -> dict[str, Any]:
    """Return the best ways to merge the classes of a run, judged on the most images there are.

    Returns
    -------
    dict
        evidence, n_images, n_class_maps, verdict (a kept sentence) and merges, no merge first:
        class_map, n_classes, verdict, accuracy, chance, kappa, bits, itca_gain with itca_gain_ci,
        excess_gain with ci; see `merging.rank_merges`.
    """
    evidence = [one.name for one in merging.evidence_sources(ws, run.id) if one.ready][-1]
    key = {
        "rules": _RULES,
        "run": run.id,
        "evidence": evidence,
        "embedded": embedded_with(ws, run.dataset_id),  # how far classes overlap follows from it
        "n_top": n_top,
    }
    with ws.read() as conn:
        found = results.find(conn, _KIND, run.dataset_id, key)
    if found is not None:
        return found[0]
    ranked = merging.rank_merges(ws, run.id, evidence=evidence, n_top=n_top)
    value: dict[str, Any] = {
        **{name: ranked[name] for name in _KEPT},
        "verdict": keep(ranked["verdict"]["text"]),
        "merges": [{name: row[name] for name in _KEPT_OF_MERGE} for row in ranked["merges"]],
    }
    with ws.write() as conn:
        results.add(conn, kind=_KIND, dataset_id=run.dataset_id, params=key, value=value, blob=None)
    return value
