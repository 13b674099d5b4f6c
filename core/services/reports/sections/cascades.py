"""Cascades: what asking experts gains and costs, and what is promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.language import t
from core.language.text import NONE, duration
from core.records import CascadeRecord, Dataset
from core.services.cascades import reporting, saving
from core.services.reports.blocks import Block, Section, Table, Text
from core.services.reports.figures import Figures, Unit
from core.store.database import Workspace

_MOST = 5  # newest first


def section(ws: Workspace, dataset: Dataset, figures: Figures) -> Section:
    """Tell of each saved cascade whether its experts pay."""
    records = saving.all_of(ws, dataset.id)
    blocks: list[Block] = [
        Text(
            t(
                "A generalist answers; where its first two guesses are two classes that an expert "
                "was trained to tell apart, and it is not sure enough, the expert is asked. "
                "Recovered are wrong answers that the expert corrects, broken are right ones that "
                "it spoils. The threshold was chosen on validation images unless said otherwise."
            )
        )
    ]
    if not records:
        blocks = [Text(t("No cascade was saved yet."))]
    for record in records[:_MOST]:
        blocks += _one(figures, record)
    return Section("cascade", t("The cascade"), blocks)


def _one(figures: Figures, record: CascadeRecord) -> list[Block]:
    report, name = record.report, f"cascade.{record.id}"
    called = f"{record.name} ({record.id})" if record.name else record.id
    title = t(
        "Cascade {name} on generalist {generalist}: {verdict}",
        name=called,
        generalist=record.generalist,
        verdict=reporting.verdict(dict(report)),
    )
    promised = Text(_promise(figures, name, record.plan.get("promise")))
    if not report["test"]["n_deferred"]:  # tables of zeros would tell nothing
        return [Text(title, "lead"), Text(_unasked(figures, name, record)), promised]
    return [
        Text(title, "lead"),
        Text(_account(figures, name, record)),
        _pairs(figures, name, report["test"]["pairs"]),
        Text(_controls(figures, name, report)),
        promised,
    ]


def _adder(figures: Figures, name: str, record: CascadeRecord) -> Callable[..., float]:
    """Return the function that takes in a figure of the test images and returns it to show."""
    test = record.report["test"]
    sources = (record.id, record.generalist, *record.experts)

    def add(part: str, unit: Unit, interval: Sequence[float] | None = None) -> float:
        its = f"{name}.{part}"
        n = test["n_images"]
        figures.add(its, test[part], unit, interval, n=n, split="test", sources=sources)
        return figures.number(its)

    return add


def _unasked(figures: Figures, name: str, record: CascadeRecord) -> str:
    """Tell what a cascade does whose experts are asked about nothing."""
    add = _adder(figures, name, record)
    return t(
        "Of {n:,} test images {n_answered:,} are answered without a person, all by the generalist: "
        "{accuracy:.1%} of the answers are right, by the labels of its training. {person:.1%} of "
        "the images go to a person.",
        n=add("n_images", "count"),
        n_answered=add("n_answered", "count"),
        accuracy=add("accuracy", "share", record.report["test"]["accuracy_ci"]),
        person=add("person_rate", "share"),
    )


def _account(figures: Figures, name: str, record: CascadeRecord) -> str:
    add, test = _adder(figures, name, record), record.report["test"]
    return t(
        "Of {n:,} test images {n_answered:,} are answered without a person. On these, by the "
        "labels of its training, accuracy is {accuracy:.1%}, and of the generalist alone "
        "{alone:.1%}: a gain of {gain:+.1f} points ({low:+.1f} to {high:+.1f}). {deferral:.1%} of "
        "the images go to an expert: {won:,} recovered, {lost:,} broken. {person:.1%} go to a "
        "person.",
        n=add("n_images", "count"),
        n_answered=add("n_answered", "count"),
        accuracy=add("accuracy", "share", test["accuracy_ci"]),
        alone=add("generalist_accuracy", "share"),
        gain=add("gain", "points", test["gain_ci"]),
        low=figures.number(f"{name}.gain", "low"),
        high=figures.number(f"{name}.gain", "high"),
        deferral=add("deferral_rate", "share"),
        won=add("n_recovered", "count"),
        lost=add("n_broken", "count"),
        person=add("person_rate", "share"),
    )


def _pairs(figures: Figures, name: str, pairs: Sequence[Mapping[str, Any]]) -> Table:
    head = [
        t("expert"), t("threshold"), t("deferred"), t("recovered"), t("broken"), t("gain"), t("id"),
    ]  # fmt: skip
    rows = []
    for number, row in enumerate(pairs):
        at = f"{name}.pair.{number}"
        of = (row["expert"],)
        tau = figures.add(f"{at}.tau", row["tau"], "number", sources=of)
        counts = [
            figures.add(f"{at}.{part}", row[part], "count", split="test", sources=of)
            for part in ("n_deferred", "n_recovered", "n_broken")
        ]
        gain = figures.add(f"{at}.gain", row["gain"], "points", row["gain_ci"], sources=of)
        rows.append(
            [
                " / ".join(row["pair"]),
                figures.text(tau, ".2f"),
                *(figures.text(count, ",") for count in counts),
                figures.text(gain, "+.1f"),
                row["expert"],
            ]
        )
    caption = t("The accounts of each expert on test images; gains in points.")
    return Table(caption, head, rows, n_words_after=1)


def _controls(figures: Figures, name: str, report: Mapping[str, Any]) -> str:
    random, ensemble = report["controls"]["random"], report["controls"]["ensemble"]
    costs = report.get("costs") or {}
    added = costs.get("added_training_s")
    trained = NONE if added is None else duration(added)
    by_chance = figures.add(f"{name}.random_gain", random["gain"], "points", split="test")
    if ensemble is None:
        return t(
            "Asking the experts about as many images at random would gain {random:+.1f} points. "
            "There is no second generalist to compare with. Training the experts took {trained}.",
            random=figures.number(by_chance),
            trained=trained,
        )
    lead = figures.add(
        f"{name}.ensemble_lead", ensemble["lead"], "points", ensemble["lead_ci"], split="test",
        sources=(ensemble["run"],),
    )  # fmt: skip
    return t(
        "Two controls that a cascade must beat: asking the experts about as many images at random "
        "would gain {random:+.1f} points; a second generalist ({run}) in their place leaves the "
        "cascade {lead:+.1f} points ahead ({low:+.1f} to {high:+.1f}). Training the experts took "
        "{trained}.",
        random=figures.number(by_chance),
        run=ensemble["run"],
        lead=figures.number(lead),
        low=figures.number(lead, "low"),
        high=figures.number(lead, "high"),
        trained=trained,
    )


def _promise(figures: Figures, name: str, promise: Mapping[str, Any] | None) -> str:
    if promise is None or promise.get("threshold") is None:
        return t("Nothing is promised about its error rate.")
    for part in ("n_accepted", "n_errors", "n_checked", "n_wrong"):
        figures.add(f"{name}.promise.{part}", promise[part], "count", split="test")
    for part in ("max_error", "confidence", "upper_bound"):
        figures.add(f"{name}.promise.{part}", promise[part], "share", split="test")
    numbers = {
        part: figures.number(f"{name}.promise.{part}")
        for part in (
            *("n_accepted", "n_errors", "n_checked", "n_wrong"),
            *("max_error", "confidence", "upper_bound"),
        )
    }
    return t(
        "Promised: of what is answered without a person at most {max_error:.1%} is wrong, with "
        "{confidence:.0%} confidence. {n_errors:,} of {n_accepted:,} calibration images were "
        "wrong, so the rate is below {upper_bound:.1%}; on {n_checked:,} other test images "
        "{n_wrong:,} were wrong. It holds for images like these, and no longer when a threshold "
        "is moved.",
        **numbers,
    )
