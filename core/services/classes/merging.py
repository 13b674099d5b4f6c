"""Merging classes, judged: chosen on images the choice may see, confirmed on test images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.analysis import metrics
from core.analysis.merges import merging
from core.errors import InvalidInput, NotReady
from core.language import phrase, t
from core.models import get_algorithm
from core.records import Run
from core.services.classes.advising import advice, as_row
from core.services.classes.mapping import run_confusion
from core.services.classes.merge_charging import Charges, charges
from core.services.classes.overlaps import overlap_matrix
from core.services.data.datasets import split_index
from core.services.runs.crossvalidating import out_of_fold
from core.services.runs.training import get_run
from core.store.database import Workspace

Evidence = Literal["val", "crossval", "test"]
Order = Literal["itca", "cost"]

_FIGURES = (
    *("accuracy", "chance", "skill", "kappa", "bits", "bits_kept_share"),
    *("itca", "itca_gain", "itca_gain_ci", "gain", "gain_rank", "n_same_sizes", "gain_rank_share"),
    *("excess_gain", "ci", "max_p", "told_apart", "told_apart_high"),
)
_TEST_FIGURES = (
    *("accuracy", "chance", "skill", "kappa", "bits", "itca", "itca_gain", "itca_gain_ci"),
)


_VERDICTS = {
    "merge": phrase("merge"),
    "not enough images to tell": phrase("not enough images to tell"),
}


@dataclass(frozen=True, slots=True)
class EvidenceSource:
    """Answers of a run on which merges can be chosen.

    Attributes
    ----------
    name : {"val", "crossval"}
        Its validation answers; or those of five models of its recipe to the training and
        validation images that each had not seen (`crossvalidating`).
    n_images : int
    ready : bool
        Whether the answers are there; cross-validation takes a job.
    """

    name: Evidence
    n_images: int
    ready: bool


def evidence_sources(ws: Workspace, run_id: str) -> list[EvidenceSource]:
    """Return what the merges of a run can be chosen on, the fewest images first."""
    run = _mergeable(ws, run_id)
    n_val, n_train = (len(split_index(ws, run.dataset_id, name)) for name in ("val", "train"))
    kept = EvidenceSource("val", n_val, ready=True)
    if run.is_imported:  # its recipe cannot be repeated on other images
        return [kept]
    ready = out_of_fold(ws, run.id) is not None
    return [kept, EvidenceSource("crossval", n_train + n_val, ready=ready)]


def usual_evidence(ws: Workspace, run_id: str) -> Evidence:
    """Return what to choose on unless told: cross-validation where it costs seconds."""
    run = _mergeable(ws, run_id)
    if run.is_imported:
        return "val"
    return "crossval" if get_algorithm(run.algorithm).input == "embedding" else "val"


def open_sandbox(
    ws: Workspace,
    run_id: str,
    *,
    evidence: Evidence = "val",
    ordinal: bool = False,
    seed: int = 0,
) -> merging.Sandbox:
    """Return the merge sandbox of a run, ready for `analysis.merging.examine`.

    Parameters
    ----------
    evidence : {"val", "crossval", "test"}
        Whose answers are merged. Test answers confirm a class map; never choose one on them.

    Raises
    ------
    InvalidInput
        If `run_id` is an expert (a pair has nothing to merge), or there are no images.
    NotReady
        If the run was not cross-validated yet.
    """
    run = _mergeable(ws, run_id)
    confusion = evidence_confusion(ws, run, evidence)
    overlap = overlap_matrix(ws, run, confusion)
    return merging.open_sandbox(confusion, run.classes, overlap=overlap, ordinal=ordinal, seed=seed)


def evidence_confusion(ws: Workspace, run: Run, evidence: Evidence) -> np.ndarray:
    """Return the confusion matrix of a run on what merges are judged on, row = true.

    Raises
    ------
    NotReady
        If the run was not cross-validated yet.
    """
    if evidence != "crossval":
        return run_confusion(ws, run, evidence)
    found = out_of_fold(ws, run.id)
    if found is None:
        raise NotReady(
            t("this run was not cross-validated yet"),
            todo=t(
                "run `python -m core crossval {run}`, or take its validation answers", run=run.id
            ),
        )
    return metrics.confusion_matrix(found.y, found.probs.argmax(axis=1), len(run.classes))


def rank_merges(
    ws: Workspace,
    run_id: str,
    *,
    evidence: Evidence = "val",
    n_top: int = 10,
    ordinal: bool = False,
    seed: int = 0,
    order: Order = "itca",
) -> dict[str, Any]:
    """Rank class maps made by merging the classes of a run.

    Parameters
    ----------
    order : {"itca", "cost"}
        Which merges are shown: those of the highest ITCA, or those that save most by the costs of
        mistakes that were entered.

    Returns
    -------
    dict
        `run`, `evidence` that the ranking was made on, `n_images`, `n_test_images`, `ordinal`,
        `n_class_maps` looked at and whether those are all (`exhaustive`), `optimism` (nats of the
        best ITCA gain that are there because it was chosen), `suggested` (a class map or None),
        `verdict` {kind, text}, `costs` {version, unit} of mistakes (None without any), `merges`:
        no merge first, then the `n_top` of the highest ITCA (or that save most) and the suggested
        one, and `advice` for each confused pair (`advising`). Each merge has class_map (its groups,
        as `map --merge` takes them), classes, the fields of `analysis.merging.Merge`, cost of an
        image, saved (what it costs less) and saved_ci (`merge_costs`; None without costs), and
        test_accuracy, test_chance, test_skill, test_kappa, test_bits, test_itca, test_itca_gain,
        test_itca_gain_ci, test_cost, test_saved, test_saved_ci: the run's test answers merged,
        images that the choice was not made on (None without any).

    Raises
    ------
    InvalidInput
        If `run_id` is an expert, there are no images to choose on, or `n_top` is below 1.
    NotReady
        If the run was not cross-validated yet, or there are no costs to order by.
    """
    if n_top < 1:
        raise InvalidInput(
            t("there is nothing to rank"), expected=t("1 or more"), received=str(n_top)
        )
    run = _mergeable(ws, run_id)
    box = open_sandbox(ws, run.id, evidence=evidence, ordinal=ordinal, seed=seed)
    test = run_confusion(ws, run, "test")
    charged = charges(ws, run)
    if order == "cost" and charged is None:
        raise NotReady(
            t("there are no costs of mistakes to order by"),
            expected=t("a run over the labels as they are, and costs entered on Decisions"),
        )
    by_cost = charged if order == "cost" else None
    found = by_cost.cheapest(box, n_top) if by_cost else merging.best(box, n_top)
    suggested = merging.suggest(box)
    if suggested.partition not in [merge.partition for merge in found]:
        found.append(suggested)
    held_out = merging.open_sandbox(test, run.classes, ordinal=ordinal) if test.sum() else None
    named = _class_map(suggested, run.classes)
    return {
        "run": run.id,
        "evidence": evidence,
        "n_images": round(float(box.confusion.sum())),
        "n_test_images": int(test.sum()),
        "ordinal": ordinal,
        "n_class_maps": len(box.partitions),
        "exhaustive": box.exhaustive,
        "optimism": merging.optimism(box),
        "suggested": None if suggested.verdict == "baseline" else named,
        "verdict": _verdict(suggested, named),
        "costs": {"version": charged.version, "unit": charged.unit} if charged else None,
        "merges": [
            _row(merge, run.classes)
            | _saved(charged, box, merge)
            | _confirm(held_out, merge)
            | {f"test_{k}": v for k, v in _saved(charged, held_out, merge).items()}
            for merge in found
        ],
        "advice": [as_row(row) for row in advice(ws, run.id, box)],
    }


def _mergeable(ws: Workspace, run_id: str) -> Run:
    run = get_run(ws, run_id)
    if run.pair:
        raise InvalidInput(t("an expert has only two classes to tell apart"), received=run.id)
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


def _row(merge: merging.Merge, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return one ranked class map as the command line prints it."""
    return {
        "class_map": _class_map(merge, classes),
        "n_classes": merge.n_classes,
        "verdict": merge.verdict,
        **{name: getattr(merge, name) for name in _FIGURES},
        "classes": _groups(merge, classes),
        "reason": merge.reason,
    }


def _saved(
    charged: Charges | None, box: merging.Sandbox | None, merge: merging.Merge
) -> dict[str, Any]:
    """Return what an image costs after a merge, and how much less; None without costs or images."""
    if charged is None or box is None:
        return {"cost": None, "saved": None, "saved_ci": None}
    found = charged.of(box, merge.partition)
    saved = found.saved
    return {"cost": found.after, "saved": saved.value, "saved_ci": (saved.low, saved.high)}


def _confirm(held_out: merging.Sandbox | None, merge: merging.Merge) -> dict[str, Any]:
    """Return the test figures of a class map; None where there are no test images."""
    if held_out is None:
        return {f"test_{name}": None for name in _TEST_FIGURES}
    seen = merging.examine(held_out, merge.partition)
    return {f"test_{name}": getattr(seen, name) for name in _TEST_FIGURES}


def _verdict(suggested: merging.Merge, name: str) -> dict[str, str]:
    """Return what to tell a person about all of it."""
    if suggested.verdict == "baseline":
        text = t("Do not merge: no classes are confused so much that one answer for them pays.")
        return {"kind": "do not merge", "text": text}
    said = t(
        "{merge}: {verdict}. {reason}",
        merge=name,
        verdict=t(_VERDICTS[suggested.verdict]),
        reason=suggested.reason,
    )
    return {"kind": suggested.verdict, "text": said}
