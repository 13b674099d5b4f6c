"""Import images into a new data set: submit, and the recipe the job process runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.analysis.splits import assign_splits, check_shares
from core.errors import Conflict, InvalidInput
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.services.data.uploads import forget_upload
from core.sources import build as building
from core.sources import open_source
from core.sources.build import Fit
from core.sources.items import Source
from core.store import datasets
from core.store.database import Workspace, utc_now

Report = Callable[[float | None, str], None]

_NAME = re.compile(r"[\w][\w .-]{0,63}")
_SCHEMES = ("builtin:", "keras:")
FORMAT = 1  # of what an import produces: part of the data set's id


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How images are cached and split."""

    size_px: int | None = None  # side of the cached squares; None: from the images' own sizes
    fit: Fit = "crop"  # "crop": centre square; "pad": whole image with borders
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15)  # train, val, test
    seed: int = 0


def builtin_sources() -> list[tuple[str, str, str]]:
    """Return (source, title, one sentence) of what can be imported without own files."""
    return [
        (
            "builtin:rosebuds",
            t("Rosebuds"),
            t(
                "{n:,} drawn cut-rose buds in seven stages; synthetic, so the truth is known",
                n=1050,
            ),
        ),
        (
            "builtin:digits",
            t("Digits"),
            t("{n:,} scanned digits of 8 x 8 pixels, from scikit-learn", n=1797),
        ),
        (
            "keras:fashion_mnist",
            "Fashion-MNIST",
            t("{n:,} articles of clothing; read from a local copy or downloaded", n=70000),
        ),
        (
            "keras:cifar10",
            "CIFAR-10",
            t("{n:,} photographs of 32 x 32 px; read from a local copy or downloaded", n=60000),
        ),
    ]


def submit_import(
    ws: Workspace, source: str, name: str, options: ImportOptions | None = None
) -> str:
    """Start an import in the background and return the job's id.

    Parameters
    ----------
    source : str
        A folder, a .zip, a .csv or .parquet manifest on this machine, or a built-in source.
    name : str
        What the data set will be called: letters, digits, space, dot, dash; 64 at most.

    Raises
    ------
    InvalidInput
        If the name, the source or an option cannot be used.
    Conflict
        If the name is taken.
    """
    options = options or ImportOptions()
    _check_name(ws, name)
    building.check_options(options.size_px, options.fit)
    check_shares(options.shares)
    if not source.startswith(_SCHEMES):
        source = str(Path(source).expanduser().resolve())  # the job has another working folder
    open_source(source, ws.settings.limits).close()  # a wrong path is told now
    params = {"source": source, "name": name, "options": asdict(options)}
    return engine.submit(
        ws,
        "import",
        params,
        title=t("Import {dataset}", dataset=name),
        idem_key=content_id("import", params),  # a double click is one job
    )


def run_import(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Run an import (in the job process) and return what the command line prints."""
    ws, source = context.workspace, params["source"]
    options = ImportOptions(**{**params["options"], "shares": tuple(params["options"]["shares"])})
    told = import_now(ws, source, params["name"], options, context.report, context.should_stop)
    forget_upload(ws, source)  # its images are in the workspace now
    return told


def import_now(
    ws: Workspace,
    source_text: str,
    name: str,
    options: ImportOptions,
    report: Report,
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Read, decode, split and store; nothing is visible before the last step.

    Raises
    ------
    InvalidInput
        If no image could be read.
    Conflict
        If the name is taken.
    """
    _check_name(ws, name)
    with open_source(source_text, ws.settings.limits) as source, ws.scratch() as folder:
        built = building.build(
            source,
            ws.settings.limits,
            folder,
            size_px=options.size_px,
            fit=options.fit,
            n_workers=ws.settings.n_threads,
            report=lambda share, text: report(None if share is None else 0.95 * share, text),
            stop=stop,
        )
        report(0.96, t("splitting and storing"))
        return _store(ws, source, source_text, built, name, options)


def _store(
    ws: Workspace,
    source: Source,
    source_text: str,
    built: building.Built,
    name: str,
    options: ImportOptions,
) -> dict[str, Any]:
    """Move the files into blobs and insert the data set in one transaction."""
    blob = {key: ws.blobs.put_file(path) for key, path in built.files.items()}
    sidecar = source.sidecar()
    members = _members(built, options)
    content = [(m["image_id"], m["label"], m["split"]) for m in members]
    identity = [FORMAT, name, options.fit, blob["pixels"], list(built.labels), content]
    record = {
        "id": content_id("ds", identity),
        "name": name,
        "source": source_text,
        "labels": list(built.labels),
        "n_images": len(members),
        "size_px": built.size_px,
        "fit": options.fit,
        "seed": options.seed,
        "pixels": blob["pixels"],
        "atlas": blob["atlas"],
        "atlas_offsets": blob["atlas_offsets"],
        "n_duplicates": built.n_duplicates,
        "note": source.note,
        "sidecar": ws.blobs.put_bytes(sidecar) if sidecar else None,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        if datasets.find(conn, name):
            raise _taken(name)
        datasets.add(conn, record, _images(built, blob["pack"]), members, built.problems)
    return summary(ws, str(record["id"]))


def _members(built: building.Built, options: ImportOptions) -> list[dict[str, Any]]:
    """Return which images the data set has, in order, each with its split."""
    rows = built.rows
    splits = assign_splits(
        [row.label for row in rows],
        [row.group for row in rows],
        [row.split for row in rows],
        shares=options.shares,
        seed=options.seed,
        keys=[row.image_id for row in rows],  # the order of files does not matter
    )
    return [
        {
            "position": position,
            "image_id": row.image_id,
            "path": row.path,
            "label": row.label,
            "split": str(split),
            "group": row.group,
        }
        for position, (row, split) in enumerate(zip(rows, splits, strict=True))
    ]


def _images(built: building.Built, pack: str) -> list[dict[str, Any]]:
    """Return where each image's original bytes are, and what they are."""
    return [
        {
            "id": row.image_id,
            "pack": pack,
            "offset": row.offset,
            "n_bytes": row.n_bytes,
            "width": row.width,
            "height": row.height,
            "format": row.format,
        }
        for row in built.rows
    ]


def summary(ws: Workspace, dataset_id: str) -> dict[str, Any]:
    """Return what `import` prints: counts by label and split, and what was skipped."""
    with ws.read() as conn:
        dataset = datasets.get(conn, dataset_id)
        frame = datasets.images(conn, dataset.id)
        skipped = datasets.problems(conn, dataset.id)
    per_label = frame["label"].value_counts()
    per_split = frame["split"].value_counts()
    return {
        "dataset": dataset.id,
        "name": dataset.name,
        "n_images": dataset.n_images,
        "labels": {label: int(per_label.get(label, 0)) for label in dataset.labels},
        "splits": {split: int(per_split.get(split, 0)) for split in ("train", "val", "test")},
        "skipped": [
            {"file": p.file, "reason": p.reason}
            for p in skipped
            if p.kind not in ("duplicate", "label_conflict")
        ],
        "n_duplicates": dataset.n_duplicates,
        "n_label_conflicts": sum(p.kind == "label_conflict" for p in skipped),
        "size_px": dataset.size_px,
    }


def _check_name(ws: Workspace, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            t("this name cannot be used for a data set"),
            expected=t("1 to 64 letters, digits, spaces, dots or dashes, a letter or digit first"),
            received=repr(name),
        )
    with ws.read() as conn:
        if datasets.find(conn, name):
            raise _taken(name)


def _taken(name: str) -> Conflict:
    return Conflict(
        t("a data set of this name exists already"),
        received=repr(name),
        todo=t("choose another name; images it shares with the first are embedded only once"),
    )
