"""The story and its waterfall."""

from __future__ import annotations

from collections.abc import Sequence

from core.language import Sentence, t
from core.services.reports import pictures
from core.services.reports.blocks import Block, Picture, Points, Section, Table, Text
from core.services.reports.figures import Figures, Unit
from core.services.story import bars, words
from core.services.story.measuring import Level
from core.services.story.open_points import OpenPoint
from core.services.story.waterfall import Step, Waterfall

NAME = "waterfall"  # what its figures begin with


def section(figures: Figures, its: Waterfall | None, still_open: Sequence[OpenPoint]) -> Section:
    """Tell what each step gained, and what is open."""
    blocks: list[Block] = []
    if its is None:
        blocks.append(Text(t("No model answers for the labels as they are yet.")))
    else:
        _take(figures, its)
        mark = figures.mark(NAME)
        rows = bars.rows(its, mark)
        alt = t("Accuracy from the first model to now, and what each step changed; see the table.")
        blocks += [
            Text(words.start(its, mark), "lead"),
            Text(words.total(its, mark), "lead"),
            Text(words.yardstick(its, mark)),
            Picture(pictures.waterfall(rows, alt), alt, _caption()),
            *([_table(figures, its)] if any(step.after for step in its.steps) else []),
            Points([_said(step, mark) for step in its.steps]),
        ]
    if still_open:
        blocks.append(Text(t("What is open:"), "note"))
        blocks.append(Points([point.text for point in still_open]))
    return Section("story", t("The story so far"), blocks)


def _caption() -> str:
    return t(
        "Dots are accuracies, bars what a step changed, lines 95 % intervals. Blue gained, orange "
        "lost, grey may be luck; hatched is what fewer classes give by themselves. The axis does "
        "not begin at 0."
    )


def _said(step: Step, mark: words.Mark) -> Sentence:
    return t("{name}: {said}", name=t(words.NAMES[step.kind]), said=words.step(step, mark))


def _take(figures: Figures, its: Waterfall) -> None:
    """Take in every figure that the sentences show."""
    split = "test, reviewed" if its.reviewed else "test"

    def add(
        name: str, value: float, unit: Unit, bounds: Sequence[float] | None, *of: Level
    ) -> None:
        figures.add(
            f"{NAME}.{name}",
            value,
            unit,
            bounds,
            n=its.n_images,
            split=split,
            sources=tuple(dict.fromkeys(level.model for level in of)),
        )

    for name in ("n_images", "n_test", "n_settled", "n_picked"):
        add(name, getattr(its, name), "count", None)
    for name, level in (("start", its.start), ("end", its.end)):
        add(name, level.accuracy, "share", (level.low, level.high), level)
        add(f"{name}.chance", level.chance, "share", None, level)
        add(f"{name}.kappa", level.kappa, "number", None, level)
        add(f"{name}.bits", level.bits, "number", None, level)
    add("total", its.total.value, "points", its.total[1:3], its.end, its.start)
    for step in its.steps:
        add(f"{step.kind}.n_tried", step.n_tried, "count", None)
        if step.gain is not None and step.before is not None and step.after is not None:
            ends = step.after, step.before
            add(step.kind, step.gain.value, "points", step.gain[1:3], *ends)
            for name, level in (("before", step.before), ("after", step.after)):
                of = (level.low, level.high)
                add(f"{step.kind}.{name}", level.accuracy, "share", of, level)
                add(f"{step.kind}.kappa_{name}", level.kappa, "number", None, level)
                add(f"{step.kind}.bits_{name}", level.bits, "number", None, level)
                add(f"{step.kind}.n_{name}", level.n_classes, "count", None, level)
            if step.corrected is not None:
                divided = step.corrected
                add(f"{step.kind}.by_itself", divided.by_itself, "points", None, *ends)
                add(f"{step.kind}.beyond", divided.beyond, "points", divided[2:4], *ends)
        if step.rival is not None and step.rival_gain is not None:
            add(f"{step.kind}.rival", step.rival_gain.value, "points", step.rival_gain[1:3],
                step.rival, its.end)  # fmt: skip


def _table(figures: Figures, its: Waterfall) -> Table:
    head = [
        t("step"), t("model"), t("before"), t("after"), t("gain"), t("95 % interval"),
        t("kappa after"),
    ]  # fmt: skip
    rows = []
    for step in its.steps:
        cells = [t(words.NAMES[step.kind])]
        if step.after is None:
            rows.append([*cells, *["–"] * 6])
            continue
        name = f"{NAME}.{step.kind}"
        rows.append(
            [
                *cells,
                words.named(step.after),
                figures.text(f"{name}.before", ".1%"),
                figures.text(f"{name}.after", ".1%"),
                figures.text(name, "+.1f"),
                t(
                    "{low:+.1f} to {high:+.1f}",
                    low=figures.number(name, "low"),
                    high=figures.number(name, "high"),
                ),
                figures.text(f"{name}.kappa_after", ".2f"),
            ]
        )
    caption = t("Each step on the same {n:,} images; gains in points.", n=its.n_images)
    return Table(caption, head, rows, first_number=2)
