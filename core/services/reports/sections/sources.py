"""Where everything is from: ids of data, runs, class maps and cascades, seeds, versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from core.language import t
from core.language.text import date
from core.records import Dataset
from core.services.cascades import saving
from core.services.classes import mapping
from core.services.labels.label_sets import ORIGINAL
from core.services.reports.blocks import Block, Facts, Section, Table, Text
from core.services.runs.training import list_runs
from core.store.database import Workspace

_PACKAGES = ("numpy", "scipy", "scikit-learn", "keras", "tensorflow", "onnxruntime", "umap-learn")


def section(ws: Workspace, dataset: Dataset, about: Mapping[str, object]) -> Section:
    """List what the figures follow from, so that they can be made again."""
    runs = sorted(list_runs(ws, dataset.id), key=lambda run: (run.created_at, run.id))
    blocks: list[Block] = [
        Text(
            t(
                "Ids are hashes of what a thing follows from: the same data, options and seed have "
                "the same id. Every figure of this report stands under its own id in the report's "
                "JSON form, with the ids that it follows from."
            )
        ),
        Facts([(str(name), str(value)) for name, value in _facts(dataset, about)]),
    ]
    if runs:
        head = [t("run"), t("algorithm"), t("labels"), t("class map"), t("seed"), t("device"),
                t("made on")]  # fmt: skip
        rows = [
            [
                run.id,
                run.algorithm,
                str(run.config.get("labels") or ORIGINAL),
                run.class_map_id or "–",
                str(run.seed),
                run.device,
                date(run.created_at),
            ]
            for run in runs
        ]
        blocks.append(Table(t("All runs of this data set."), head, rows, first_number=9))
    made = [
        (f"{one.name}@{one.version}", one.id) for one in mapping.list_class_maps(ws, dataset.id)
    ]
    made += [(t("cascade"), one.id) for one in saving.all_of(ws, dataset.id)]
    if made:
        blocks.append(Facts(made))
    return Section("sources", t("Where it is from"), blocks)


def versions() -> dict[str, str]:
    """Return the versions of what computes the figures."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _facts(dataset: Dataset, about: Mapping[str, object]) -> list[tuple[str, object]]:
    computed = about["versions"]
    shown = ", ".join(f"{k} {v}" for k, v in computed.items()) if isinstance(computed, dict) else ""
    return [
        (t("data set"), f"{dataset.name} ({dataset.id})"),
        (t("imported on"), date(dataset.created_at)),
        (t("seed of the splits"), dataset.seed),
        (t("size of an image"), t("{size} × {size} pixels", size=dataset.size_px)),
        (t("versions"), shown),
    ]
