"""From the start to the cascade: what each step gained, all on the same test images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from core.analysis.comparisons import waterfall as arithmetic
from core.analysis.comparisons.waterfall import Corrected, Gain
from core.ids import content_id
from core.records import Run
from core.services.classes.mapping import get_class_map, list_class_maps
from core.services.comparing import questions
from core.services.comparing.questions import Model
from core.services.labels.label_sets import list_label_sets
from core.services.story import choosing, measuring
from core.services.story.choosing import Tried, labels_of
from core.services.story.measuring import Answered, Level
from core.services.story.yardstick import Yardstick, yardstick
from core.store import adjudications, decisions, reviews
from core.store.database import Workspace

Kind = Literal["labels", "algorithm", "classes", "cascade"]
# Why a step has no bar. "missing": nobody has done it; "unmeasured": it is there, and no model uses
# it; "not chosen": it was tried, and the best on validation does without; "inseparable": it came
# together with another step, and no model tells the two apart.
State = Literal["measured", "missing", "unmeasured", "not chosen", "inseparable"]
Verdict = Literal["gained", "lost", "no measurable gain"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: from which level to which, and what that gained.

    Attributes
    ----------
    n_tried : int
        Other recipes, class maps or cascades that were there to choose from.
    before, after : Level or None
        None where it has no bar.
    gain : Gain or None
    corrected : Corrected or None
        Of merged classes: what fewer classes give by themselves, and what is left.
    rival : Level or None
        Of a step that was not chosen: the best of what was tried, on validation.
    rival_gain : Gain or None
        Of that over what is in use.
    """

    kind: Kind
    state: State
    n_tried: int = 0
    before: Level | None = None
    after: Level | None = None
    gain: Gain | None = None
    corrected: Corrected | None = None
    rival: Level | None = None
    rival_gain: Gain | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Say whether it gained, by the interval; of merged classes what chance gives is off."""
        if self.gain is None:
            return None
        low, high = (
            (self.gain.low, self.gain.high)
            if self.corrected is None
            else (self.corrected.low, self.corrected.high)
        )
        return "gained" if low > 0 else "lost" if high < 0 else "no measurable gain"


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The whole of it.

    Attributes
    ----------
    reviewed : bool
        People say what these images show; otherwise the labels of the import do.
    n_images, n_test, n_settled, n_picked : int
        See `Yardstick`.
    start, end : Level
    steps : tuple of Step
        In the order in which they lead from `start` to `end`; all four kinds.
    total : Gain
        Of `end` over `start`.
    best : str
        The run over the labels as they are that is best on validation.
    """

    reviewed: bool
    n_images: int
    n_test: int
    n_settled: int
    n_picked: int
    start: Level
    end: Level
    steps: tuple[Step, ...]
    total: Gain
    best: str

    def step(self, kind: Kind) -> Step:
        """Return the step of a kind."""
        return next(step for step in self.steps if step.kind == kind)


def version(ws: Workspace, dataset_id: str) -> str:
    """Return what changes whenever the waterfall may: a key to keep it under."""
    models = [model.id for model in questions.models_of(ws, dataset_id)]
    sets = [one.id for one in list_label_sets(ws, dataset_id)]
    maps = [one.id for one in list_class_maps(ws, dataset_id)]
    with ws.read() as conn:
        said = reviews.last_seq(conn, dataset_id)
        decided = sorted(d.event_id for d in adjudications.current(conn, dataset_id).values())
        signed = [event.event_id for event in decisions.history(conn, dataset_id)]
    return content_id("story", [dataset_id, sorted(models), sets, maps, said, decided, signed])


def waterfall(ws: Workspace, dataset_id: str) -> Waterfall | None:
    """Return what each step gained; None while no model answers for the labels as they are.

    Notes
    -----
    Start: the first run over the labels as they are. Better labels, better algorithm: the way to
    the run that is best on validation; whichever of the two comes first is the one for which a run
    in between exists, so that each is measured by itself. Classes re-thought: the same images by
    the class map that was approved last, else the newest one. Cascade: the best on validation, if
    it beats what it stands on.
    """
    its = choosing.tried(ws, dataset_id)
    if not its.fine:
        return None
    rod = yardstick(ws, dataset_id)
    best, _ = choosing.best(ws, its.asked, [Model(run) for run in its.fine])
    here = first = measuring.answered(ws, rod, its.asked, Model(its.fine[0]))
    steps = []
    for kind, state, n_tried, run in _ways(its, best.run):
        after = None if run is None else measuring.answered(ws, rod, its.asked, Model(run))
        steps.append(_step(kind, state, n_tried, here, after))
        here = after or here
    steps = [_with_rival(ws, rod, its, step, best, here) for step in steps]
    step, here, model = _classes(ws, rod, its, best, here)
    last, end = _cascade(ws, rod, its, model, here)
    return Waterfall(
        rod.reviewed,
        len(rod.y),
        rod.n_test,
        rod.n_settled,
        rod.n_picked,
        first.level,
        end.level,
        (*steps, step, last),
        arithmetic.gain(end.right, first.right),
        best.id,
    )


_Way = tuple[Kind, State, int, Run | None]


def _ways(its: Tried, best: Run) -> list[_Way]:
    """Return the steps from the start to the best run over the labels as they are, in order."""
    start = its.fine[0]
    n_recipes = len({choosing.recipe(run) for run in its.fine}) - 1
    n_sets = len(its.label_sets)
    algorithm: _Way = ("algorithm", "not chosen" if n_recipes else "missing", n_recipes, None)
    other_recipe = choosing.recipe(best) != choosing.recipe(start)
    if labels_of(best) == labels_of(start):
        used = {labels_of(run) for run in its.fine} & set(its.label_sets)
        state: State = "not chosen" if used else "unmeasured" if n_sets else "missing"
        if other_recipe:
            algorithm = ("algorithm", "measured", n_recipes, best)
        return [("labels", state, n_sets, None), algorithm]
    if not other_recipe:
        return [("labels", "measured", n_sets, best), algorithm]
    if between := choosing.same(its.fine, its_recipe=start, its_labels=best):
        return [("labels", "measured", n_sets, between), ("algorithm", "measured", n_recipes, best)]
    if between := choosing.same(its.fine, its_recipe=best, its_labels=start):
        return [("algorithm", "measured", n_recipes, between), ("labels", "measured", n_sets, best)]
    return [("labels", "inseparable", n_sets, None), ("algorithm", "measured", n_recipes, best)]


def _classes(
    ws: Workspace, rod: Yardstick, its: Tried, best: Model, here: Answered
) -> tuple[Step, Answered, Model]:
    """Return the step to the newest class map, and which model answers after it."""
    if its.class_map is None:
        return Step("classes", "missing"), here, best
    models = [best, *(Model(run) for run in its.merged)]
    model, _ = choosing.best(ws, its.asked_last, models)
    after = measuring.answered(ws, rod, its.asked_last, model)
    groups = get_class_map(ws, best.run.dataset_id, its.class_map.id).class_index()
    step = _step("classes", "measured", len(models), here, after)
    return (
        replace(step, corrected=arithmetic.corrected(after.right, here.right, groups)),
        after,
        model,
    )


def _cascade(
    ws: Workspace, rod: Yardstick, its: Tried, model: Model, here: Answered
) -> tuple[Step, Answered]:
    """Return the step to the cascade that is best on validation, if it beats `model` there."""
    if not its.cascades:
        return Step("cascade", "missing"), here
    found, _ = choosing.best(ws, its.asked_last, [model, *its.cascades])
    n_tried = len(its.cascades)
    if found.cascade is None:
        rival, _ = choosing.best(ws, its.asked_last, its.cascades)
        step = Step("cascade", "not chosen", n_tried)
        return _beside(step, measuring.answered(ws, rod, its.asked_last, rival), here), here
    after = measuring.answered(ws, rod, its.asked_last, found)
    return _step("cascade", "measured", n_tried, here, after), after


def _with_rival(
    ws: Workspace, rod: Yardstick, its: Tried, step: Step, best: Model, here: Answered
) -> Step:
    """Say of a step that was not chosen how the best of what was tried does beside the best run."""
    if step.state != "not chosen":
        return step
    key = labels_of if step.kind == "labels" else choosing.recipe
    others = [Model(run) for run in its.fine if key(run) != key(best.run)]
    rival, _ = choosing.best(ws, its.asked, others)
    return _beside(step, measuring.answered(ws, rod, its.asked, rival), here)


def _beside(step: Step, rival: Answered, here: Answered) -> Step:
    gain = arithmetic.gain(rival.right, here.right)
    return replace(step, rival=rival.level, rival_gain=gain)


def _step(kind: Kind, state: State, n_tried: int, before: Answered, after: Answered | None) -> Step:
    if after is None:
        return Step(kind, state, n_tried)
    gain = arithmetic.gain(after.right, before.right)
    return Step(kind, state, n_tried, before.level, after.level, gain)
