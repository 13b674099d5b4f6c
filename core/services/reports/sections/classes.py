"""Classes: which maps were considered, what speaks for and against them, and how they look."""

from __future__ import annotations

from typing import Any

from core.language import phrase, say, t
from core.language.text import NONE
from core.records import ClassMapRecord, Dataset
from core.services.classes import mapping
from core.services.comparing.questions import Model
from core.services.reports.blocks import Block, Facts, Photos, Section, Table, Text
from core.services.reports.figures import Figures, Unit
from core.services.reports.ranking import ranking
from core.services.reports.sections.data import photos_of
from core.store.database import Workspace

_N_TOP, _N_PHOTOS = 5, 4
_VERDICTS = {
    "baseline": phrase("as it is"),
    "merge": phrase("merge"),
    "do not merge": phrase("do not merge"),
    "not enough images to tell": phrase("not enough images to tell"),
}


def section(ws: Workspace, dataset: Dataset, figures: Figures, best: Model | None) -> Section:
    """Tell which classes were considered, and whether it is better to merge some."""
    blocks: list[Block] = [
        Text(
            t(
                "Fewer classes raise accuracy by themselves, whatever they mean. So a merge is "
                "judged by what an answer still tells: ITCA counts every right answer by how rare "
                "its class is; bits can only fall, and should not fall by more than noise. Where "
                "answers hardly tell two classes apart, and ITCA does not clearly fall, one answer "
                "for both is the simpler of two equals."
            )
        )
    ]
    if best is not None:
        blocks += _considered(ws, figures, best)
    newest: dict[str, ClassMapRecord] = {}
    for record in mapping.list_class_maps(ws, dataset.id):  # the newest version of a name first
        newest.setdefault(record.name, record)
    for record in newest.values():
        blocks += _saved(ws, dataset, record)
    return Section("classes", t("The classes"), blocks)


def _considered(ws: Workspace, figures: Figures, best: Model) -> list[Block]:
    found = ranking(ws, best.run, _N_TOP)
    head = [
        t("class map"), t("classes"), t("accuracy"), t("chance"), t("kappa"), t("bits"),
        t("ITCA change"), t("95 % interval"), t("gain beyond chance"), t("verdict"),
    ]  # fmt: skip
    rows = [_row(figures, best, found, number) for number in range(len(found["merges"]))]
    how = {
        "val": t("its answers to validation images"),
        "crossval": t("cross-validated answers to training and validation images"),
    }[found["evidence"]]
    caption = t(
        "The best of {n:,} ways to merge the classes of {model} ({id}), judged by {how} "
        "({n_images:,}).",
        n=found["n_class_maps"],
        model=best.run.algorithm,
        id=best.id,
        how=how,
        n_images=found["n_images"],
    )
    verdict = t("What the images suggest: {verdict}", verdict=say(found["verdict"]))
    return [Table(caption, head, rows, n_words_after=1), Text(verdict)]


def _row(figures: Figures, best: Model, found: dict[str, Any], number: int) -> list[str]:
    merge = found["merges"][number]
    name = f"merge.{number}"
    about: dict[str, Any] = {"n": found["n_images"], "split": found["evidence"]}

    def add(part: str, unit: Unit, interval: Any = None) -> str:
        its = (best.id,)
        return figures.add(f"{name}.{part}", merge[part], unit, interval, sources=its, **about)

    shares = [figures.text(add(part, "share"), ".1%") for part in ("accuracy", "chance")]
    numbers = [figures.text(add(part, "number"), ".2f") for part in ("kappa", "bits")]
    change = add("itca_gain", "number", merge["itca_gain_ci"])
    excess = add("excess_gain", "points", merge["ci"])
    if merge["class_map"] == "no merge":  # what the others are held against
        cells = [t("no merge"), str(merge["n_classes"]), *shares, *numbers]
        return [*cells, NONE, NONE, NONE, t(_VERDICTS[merge["verdict"]])]
    return [
        merge["class_map"],
        str(merge["n_classes"]),
        *shares,
        *numbers,
        figures.text(change, "+.3f"),
        t(
            "{low:+.3f} to {high:+.3f}",
            low=figures.number(change, "low"),
            high=figures.number(change, "high"),
        ),
        figures.text(excess, "+.1f"),
        t(_VERDICTS[merge["verdict"]]),
    ]


def _saved(ws: Workspace, dataset: Dataset, record: ClassMapRecord) -> list[Block]:
    """Return what a saved class map joins, with images of it."""
    class_map = mapping.get_class_map(ws, dataset.id, record.id)
    merged = {name: labels for name, labels in class_map.groups.items() if len(labels) > 1}
    kept = [name for name, labels in class_map.groups.items() if len(labels) == 1]
    rows = [(name, ", ".join(labels)) for name, labels in merged.items()]
    if kept:
        rows.append((t("as they are"), ", ".join(kept)))
    title = t(
        "Saved class map {name}, version {version} ({id}): {n_labels} labels become {n} classes.",
        name=record.name,
        version=record.version,
        id=record.id,
        n_labels=len(class_map.labels),
        n=class_map.n_classes,
    )
    blocks: list[Block] = [Text(title, "lead"), Facts(rows)]
    if record.why:
        by = record.who or t("nobody named")
        blocks.append(Text(t("Why, says {who}: {why}", who=by, why=record.why)))
    joined = [label for labels in merged.values() for label in labels]
    items = photos_of(ws, dataset, joined, _N_PHOTOS)
    if items:
        blocks.append(Photos(t("Images of the labels that this class map joins."), items))
    return blocks
