"""Merging classes, judged: chosen on a run's validation answers, confirmed on its test answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.analysis import merging
from core.analysis.itca import score
from core.errors import InvalidInput
from core.records import Run
from core.services.mapping import run_confusion
from core.services.training import get_run
from core.store.database import Workspace

_TEST_FIGURES = ("accuracy", "chance", "kappa", "bits", "itca")


def open_sandbox(
    ws: Workspace, run_id: str, *, split: str = "val", ordinal: bool = False, seed: int = 0
) -> merging.Sandbox:
    """Return the merge sandbox of a run, ready for `analysis.merging.examine`.

    Raises
    ------
    InvalidInput
        If `run_id` is an expert (a pair has nothing to merge), or the split has no images.
    """
    run = _mergeable(ws, run_id)
    return merging.open_sandbox(
        run_confusion(ws, run, split), run.classes, ordinal=ordinal, seed=seed
    )


def rank_merges(
    ws: Workspace, run_id: str, *, n_top: int = 10, ordinal: bool = False, seed: int = 0
) -> dict[str, Any]:
    """Rank class maps made by merging the classes of a run.

    Returns
    -------
    dict
        `run`, `split` (val: what the ranking was made on), `n_images`, `n_test_images`, `ordinal`,
        `n_class_maps` looked at and whether those are all (`exhaustive`), `suggested` (a class map
        or None), `verdict` {kind, text}, and `merges`: no merge first, then the `n_top` of the
        highest ITCA and the suggested one. Each has class_map (its groups, as `map --merge` takes
        them), classes, the fields of `analysis.merging.Merge`, and test_accuracy, test_chance,
        test_kappa, test_bits, test_itca, test_itca_gain: the same answers merged, on images that
        the choice was not made on (None without test images).

    Raises
    ------
    InvalidInput
        If `run_id` is an expert, there are no validation images, or `n_top` is below 1.
    """
    if n_top < 1:
        raise InvalidInput("there is nothing to rank", expected="1 or more", received=str(n_top))
    run = _mergeable(ws, run_id)
    box = open_sandbox(ws, run.id, ordinal=ordinal, seed=seed)
    test = run_confusion(ws, run, "test")
    found, suggested = merging.best(box, n_top), merging.suggest(box)
    if suggested.partition not in [merge.partition for merge in found]:
        found.append(suggested)
    held_out = _test_figures(test, [merge.partition for merge in found])
    rows = [
        _row(merge, run.classes, figures) for merge, figures in zip(found, held_out, strict=True)
    ]
    named = _class_map(suggested, run.classes)
    return {
        "run": run.id,
        "split": "val",
        "n_images": round(float(box.confusion.sum())),
        "n_test_images": int(test.sum()),
        "ordinal": ordinal,
        "n_class_maps": len(box.partitions),
        "exhaustive": box.exhaustive,
        "suggested": None if suggested.verdict == "baseline" else named,
        "verdict": _verdict(suggested, named),
        "merges": rows,
    }


def _mergeable(ws: Workspace, run_id: str) -> Run:
    run = get_run(ws, run_id)
    if run.pair:
        raise InvalidInput("an expert has only two classes to tell apart", received=run.id)
    return run


def _groups(merge: merging.Merge, classes: tuple[str, ...]) -> list[str]:
    """Return the name of each group of a class map, in order."""
    return [
        "+".join(name for name, own in zip(classes, merge.partition, strict=True) if own == group)
        for group in range(merge.n_classes)
    ]


def _class_map(merge: merging.Merge, classes: tuple[str, ...]) -> str:
    """Return the merged groups, such as "A+B, C+D"; "no merge" without any."""
    sizes = np.bincount(merge.partition)
    merged = [name for name, n in zip(_groups(merge, classes), sizes, strict=True) if n > 1]
    return ", ".join(merged) or "no merge"


def _row(
    merge: merging.Merge, classes: tuple[str, ...], held_out: dict[str, Any]
) -> dict[str, Any]:
    """Return one ranked class map as the command line prints it."""
    return {
        "class_map": _class_map(merge, classes),
        "n_classes": merge.n_classes,
        "verdict": merge.verdict,
        "accuracy": merge.accuracy,
        "chance": merge.chance,
        "kappa": merge.kappa,
        "bits": merge.bits,
        "bits_kept_share": merge.bits_kept_share,
        "itca": merge.itca,
        "itca_gain": merge.itca_gain,
        "itca_gain_ci": list(merge.itca_gain_ci),
        "gain": merge.gain,
        "gain_rank": merge.gain_rank,
        "n_same_sizes": merge.n_same_sizes,
        "gain_rank_share": merge.gain_rank_share,
        "excess_gain": merge.excess_gain,
        "ci": list(merge.ci),
        "max_p": merge.max_p,
        **held_out,
        "classes": _groups(merge, classes),
        "reason": merge.reason,
    }


def _test_figures(test: np.ndarray, partitions: list[tuple[int, ...]]) -> list[dict[str, Any]]:
    """Return the test figures of each class map, the first of which merges nothing."""
    names = [f"test_{name}" for name in (*_TEST_FIGURES, "itca_gain")]
    if not test.sum():
        return [dict.fromkeys(names) for _ in partitions]
    scores = score(test, partitions)
    columns = [getattr(scores, name) for name in _TEST_FIGURES]
    columns.append(scores.itca - scores.itca[0])
    return [dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)]


def _verdict(suggested: merging.Merge, name: str) -> dict[str, str]:
    """Return what to tell a person about all of it."""
    if suggested.verdict == "baseline":
        text = "Do not merge: no classes are confused so much that one answer for them pays."
        return {"kind": "do not merge", "text": text}
    return {"kind": suggested.verdict, "text": f"{name}: {suggested.verdict}. {suggested.reason}"}
