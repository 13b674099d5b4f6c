"""Who takes part in a cascade, and what each of them said of the held-out images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.analysis import calibration
from core.analysis.cascades import cascade, learned, routes
from core.analysis.mistake_costs import ChargedImages
from core.errors import InvalidInput
from core.language import t
from core.records import MistakeCosts, Run
from core.services.classes.mapping import run_classes
from core.services.costs import entering
from core.services.data.datasets import get_dataset, image_ids, split_index
from core.services.labels import label_sets
from core.services.runs.training import get_run, list_runs
from core.store.database import Workspace

Rule = Literal["confidence", "learned"]
RULES: tuple[Rule, ...] = ("confidence", "learned")


@dataclass(frozen=True, slots=True, eq=False)
class SplitAnswers:
    """One split's images as the cascade sees them."""

    positions: np.ndarray  # int64 (n_images,), row in the data set
    y: np.ndarray  # int64 (n_images,), true class
    probs: np.ndarray  # (n_images, n_classes), calibrated, of the generalist
    expert_probs: list[np.ndarray]  # an (n_images, classes of its pair) array for each expert
    keys: np.ndarray | None  # (n_images,), held against tau; None: the confidence
    charged: ChargedImages | None  # by what mistakes cost, where somebody entered that
    sweep: cascade.Sweep
    table: routes.Table

    def send(
        self, pairs: Sequence[tuple[int, ...]], thresholds: routes.Thresholds
    ) -> routes.Routed:
        """Return which way each image goes and what is answered."""
        return routes.send(self.probs, pairs, self.expert_probs, thresholds, self.keys)


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Everything the sliders need, computed once."""

    generalist: Run
    experts: tuple[Run, ...]
    rule: Rule
    rules: tuple[learned.GainRule, ...]  # of learned deferral; empty for confidence
    pairs: tuple[tuple[int, ...], ...]  # classes of each expert, in its column order
    val: SplitAnswers
    test: SplitAnswers
    costs: MistakeCosts | None  # of mistakes, where somebody entered them
    # One threshold for all, on validation the most accurate, or where mistakes have costs the
    # cheapest; 0: no expert pays.
    best_tau: float
    best_taus: tuple[float, ...]  # the same, pair by pair

    @property
    def classes(self) -> tuple[str, ...]:
        """The generalist's classes, in the order of rows and columns."""
        return self.generalist.classes

    def on(self, split: str) -> SplitAnswers:
        """Return one held-out split.

        Raises
        ------
        InvalidInput
            If it is neither val nor test.
        """
        if split not in ("val", "test"):
            raise InvalidInput(
                t("a cascade is measured on held-out images"),
                expected=t("val or test"),
                received=split,
            )
        return self.val if split == "val" else self.test


def load(
    ws: Workspace, generalist: str, experts: Sequence[str], rule: Rule = "confidence"
) -> Members:
    """Gather a cascade's members and count what every threshold does on validation and test.

    Raises
    ------
    InvalidInput
        If the generalist is an expert, an expert is not, one does not fit the generalist's classes,
        two answer for the same two classes, or there is no such rule.
    """
    if rule not in RULES:
        raise InvalidInput(
            t("unknown rule"), expected=t("{a} or {b}", a=RULES[0], b=RULES[1]), received=repr(rule)
        )
    run = get_run(ws, generalist)
    members = tuple(get_run(ws, run_id) for run_id in experts)
    pairs = check(run, members)
    said = {split: _said(ws, run, members, split) for split in ("val", "test")}
    keys: dict[str, np.ndarray | None] = {"val": None, "test": None}
    rules: tuple[learned.GainRule, ...] = ()
    if rule == "learned":
        _, y, probs, expert_probs = said["val"]
        rules, keys["val"] = learned.learn(
            probs, y, cascade.route(probs, pairs), pairs, expert_probs
        )
        others = said["test"][2]
        keys["test"] = learned.keys(others, cascade.route(others, pairs), rules)
    costs = entering.current(ws, run.dataset_id)
    val, test = (
        _split(pairs, *said[split], keys[split], _charged(ws, costs, run, said[split][0]))
        for split in ("val", "test")
    )
    best = cascade.best_tau(val.sweep) if members else 0.0
    each = cascade.best_taus(val.sweep)
    return Members(run, members, rule, rules, pairs, val, test, costs, best, each)


def check(run: Run, experts: Sequence[Run]) -> tuple[tuple[int, ...], ...]:
    """Return the classes of each expert as numbers of the generalist's, or say what does not fit.

    Raises
    ------
    InvalidInput
        As `load`.
    """
    if run.pair:
        raise InvalidInput(
            t("a generalist answers for all classes"),
            received=t("{run}, an expert for {classes}", run=run.id, classes=" / ".join(run.pair)),
            todo=t("choose a run trained without a pair"),
        )
    pairs: list[tuple[int, ...]] = []
    for expert in experts:
        if not expert.pair:
            raise InvalidInput(
                t("an expert is trained on some of the classes"),
                received=t("{run}, a run over {n} classes", run=expert.id, n=len(expert.classes)),
            )
        if (expert.dataset_id, expert.class_map_id) != (run.dataset_id, run.class_map_id):
            raise InvalidInput(
                t("this expert was trained on another data set or class map than the generalist"),
                received=expert.id,
                todo=t("train the expert with the generalist's class map"),
            )
        pair = tuple(run.classes.index(name) for name in expert.classes)
        shared = [other for other in pairs if len(set(other) & set(pair)) > 1]
        if shared:
            both = [run.classes[c] for c in shared[0] if c in pair]
            raise InvalidInput(
                t("two experts answer for {classes}", classes=" / ".join(both)),
                expected=t("one expert for any two classes"),
                received=expert.id,
            )
        pairs.append(pair)
    return tuple(pairs)


def experts_of(ws: Workspace, run_id: str) -> list[Run]:
    """Return the expert runs that fit a generalist (same data set and class map), newest first."""
    run = get_run(ws, run_id)
    return [
        other
        for other in list_runs(ws, run.dataset_id)
        if other.pair
        and other.class_map_id == run.class_map_id
        and set(other.pair) <= set(run.classes)
    ]


def second_generalists(ws: Workspace, run: Run) -> list[Run]:
    """Return other runs over a generalist's classes: those of its algorithm, then the best."""
    others = [
        other
        for other in list_runs(ws, run.dataset_id)
        if other.id != run.id
        and not other.pair
        and (other.class_map_id, other.classes) == (run.class_map_id, run.classes)
    ]
    return sorted(
        others, key=lambda o: (o.algorithm != run.algorithm, -o.metrics["val"]["accuracy"])
    )


def calibrated(ws: Workspace, run: Run, rows: np.ndarray) -> np.ndarray:
    """Return a run's probabilities for some images after temperature scaling, (n, n_classes)."""
    raw = np.asarray(ws.blobs.open_array(run.predictions)[rows], dtype=np.float64)
    return calibration.apply_temperature(raw, run.temperature)


def kept_for_calibration(ws: Workspace, members: Members) -> np.ndarray:
    """Return which test images a guarantee is calibrated on, bool (n_test,): about half of them.

    Notes
    -----
    Which half an image belongs to follows from its id, so it is the same for every cascade, and
    does not depend on what else is in the data set. The other half checks the promise.
    """
    ids = image_ids(ws, members.generalist.dataset_id)
    return np.array([int(ids[p][-1], 16) % 2 == 0 for p in members.test.positions], dtype=bool)


def _charged(
    ws: Workspace, costs: MistakeCosts | None, run: Run, rows: np.ndarray
) -> ChargedImages | None:
    """Return some images as they are charged: by their labels, whatever the classes merge."""
    if costs is None:
        return None
    y = label_sets.indices(ws, get_dataset(ws, run.dataset_id), run.config.get("labels"))
    return ChargedImages(y[rows], entering.columns(ws, costs, run.class_map_id)[0])


def _said(
    ws: Workspace, run: Run, experts: Sequence[Run], split: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    rows = split_index(ws, run.dataset_id, split)
    y = run_classes(ws, run)[rows]
    return rows, y, calibrated(ws, run, rows), [calibrated(ws, e, rows) for e in experts]


def _split(
    pairs: Sequence[tuple[int, ...]],
    rows: np.ndarray,
    y: np.ndarray,
    probs: np.ndarray,
    expert_probs: list[np.ndarray],
    keys: np.ndarray | None,
    charged: ChargedImages | None,
) -> SplitAnswers:
    swept = cascade.sweep(probs, y, pairs, expert_probs, keys=keys, charged=charged)
    counted = routes.table(probs, y, pairs, expert_probs, keys, charged)
    return SplitAnswers(rows, y, probs, expert_probs, keys, charged, swept, counted)
