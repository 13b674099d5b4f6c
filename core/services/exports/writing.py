"""Export a model: one folder that answers without a workspace, proved before it has its name."""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from core.errors import InvalidInput, JobFailed, NotReady
from core.ids import bytes_id
from core.language import SOURCE, speaking, t
from core.models.artifact import KERAS_FILE, ONNX_FILE
from core.models.embedding import RESIZING
from core.records import CascadeRecord, Dataset, Run
from core.services.cascades import guaranteeing
from core.services.classes.mapping import get_class_map
from core.services.exports import card, examples
from core.services.exports import manifest as m
from core.services.exports.manifest import Manifest
from core.services.exports.served import IMAGE, LOADER
from core.services.exports.verifying import verify
from core.services.runs import predicting
from core.settings import product_version
from core.store import extended
from core.store.database import Workspace, utc_now


def export(ws: Workspace, model_id: str, to: Path) -> dict[str, Any]:
    """Write a model into a new folder, with all that is needed to ask it elsewhere.

    Parameters
    ----------
    model_id : str
        A run, a cascade or an extended model.
    to : Path
        Must not exist, or be an empty folder.

    Returns
    -------
    dict
        What `verify` says of the folder, and files [{file, n_bytes}].

    Raises
    ------
    InvalidInput
        If the folder cannot be taken.
    NotFound
        If there is no such model.
    NotReady
        If a member was trained elsewhere, or on embeddings that this version makes otherwise.
    JobFailed
        If the folder answers otherwise than the workspace; it is not left behind.
    """
    with _new_folder(to) as folder:
        its = _write(ws, model_id, folder)
        found = verify(folder, ws.settings.limits, ws.settings.n_threads)
        if found["n_equal"] < found["n_checked"]:
            raise JobFailed(
                t("the exported {model} answers otherwise than the workspace", model=model_id),
                expected=t("{n} equal answers", n=found["n_checked"]),
                received=t(
                    "{n}; the largest difference of a probability is {difference:.2g}",
                    n=found["n_equal"],
                    difference=found["largest_difference"],
                ),
            )
    files = [{"file": name, "n_bytes": its.files[name].n_bytes} for name in sorted(its.files)]
    return {**found, "folder": str(to), "files": files}


def pack(ws: Workspace, model_id: str) -> tuple[Path, dict[str, Any]]:
    """Export a model as one .zip with the folder in it, in the workspace's cache.

    Returns
    -------
    path, found
        The file, which may be deleted at any time, and what `export` says; raises as that does.
    """
    with ws.scratch() as scratch:
        found = export(ws, model_id, scratch / model_id)
        packed = scratch / "packed.zip"
        with ZipFile(packed, "w", ZIP_STORED) as archive:  # weights and PNG do not shrink
            for path in sorted((scratch / model_id).rglob("*")):
                archive.write(path, path.relative_to(scratch))
        target = ws.path / "cache" / f"{model_id}.zip"
        target.parent.mkdir(exist_ok=True)
        os.replace(packed, target)
    return target, found


@contextmanager
def _new_folder(to: Path) -> Iterator[Path]:
    """Make a folder beside `to` that takes its name at the end; nothing is left on a failure."""
    to = to.absolute()
    try:
        taken = to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir())))
        if taken or not to.parent.is_dir():
            raise InvalidInput(
                t("{path} cannot be written", path=to),
                expected=t("a new or an empty folder, in a folder that exists"),
                received=t("one that is taken") if taken else t("no folder {path}", path=to.parent),
            )
        folder = to.parent / f".{to.name}-{secrets.token_hex(6)}"
        folder.mkdir()
        try:
            yield folder
            os.replace(folder, to)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be written", path=to),
            received=error.strerror or str(error),
            todo=t("name a folder that this account may write to, on a disk with space"),
        ) from error


def _write(ws: Workspace, model_id: str, folder: Path) -> Manifest:
    """Write every file and return the manifest."""
    generalist, experts, record = predicting.members_of(ws, model_id)
    dataset, _, model = predicting.model_of(ws, model_id)
    for run in (generalist, *experts):
        if run.is_imported:
            raise NotReady(
                t("{run} was trained elsewhere: its weights are not here to export", run=run.id),
                todo=t("choose models that were trained here"),
            )
    members = [model.generalist, *model.experts]
    backbones = {one.backbone: one.embedder() for one in members if one.backbone and one.embedder}
    chosen = examples.choose(ws, generalist, record)
    answered = examples.record_answers(ws, model_id, generalist, chosen)
    for name, blob in _weights((generalist, *experts)).items():
        _put(folder / name, ws.blobs.read_bytes(blob))
    for index, embedder in enumerate(backbones.values()):
        _put(folder / m.backbone_file(index), Path(str(embedder.file)).read_bytes())
    for index, (_, picture) in enumerate(answered):
        _put(folder / m.example_file(index), picture)
    class_map = get_class_map(ws, dataset.id, generalist.class_map_id)
    its = Manifest(
        format=m.FORMAT,
        product=f"desempate {product_version()}",
        created_at=utc_now(),
        model=model_id,
        class_of=dict(zip(class_map.labels, class_map.class_of, strict=True)),
        preprocessing=m.Preprocessing(dataset.size_px, dataset.fit, RESIZING),
        backbones=tuple(
            m.BackboneEntry(str(name), each.key, each.input_px, each.dim)
            for name, each in backbones.items()
        ),
        members=tuple(
            m.MemberEntry(one.id, run.algorithm, one.classes, one.temperature, one.backbone)
            for one, run in zip(members, (generalist, *experts), strict=True)
        ),
        plan=_plan(record),
        sources=_sources(ws, dataset, (generalist, *experts), record),
        examples=tuple(entry for entry, _ in answered),
        files={},
    )
    return _seal(ws, its, dataset, generalist, record, folder)


def _seal(
    ws: Workspace,
    its: Manifest,
    dataset: Dataset,
    generalist: Run,
    record: CascadeRecord | None,
    folder: Path,
) -> Manifest:
    """Write what is for people and for MLflow, and last the manifest with all checksums."""
    with ws.read() as conn:
        taught = extended.find(conn, its.model)
    text = card.model_card(its, dataset, generalist, record, taught)
    _put(folder / m.CARD, text.encode())
    _put(folder / m.README, card.readme(its).encode())
    _put(folder / m.MLMODEL, mlmodel(its).encode())
    entries = {}
    for name in sorted(m.file_names(its)):
        data = (folder / name).read_bytes()
        entries[name] = m.FileEntry(bytes_id(data), len(data))
    whole = replace(its, files=entries)
    _put(folder / m.MANIFEST, m.to_text(whole).encode())
    return whole


def mlmodel(its: Manifest) -> str:
    """Return `MLmodel`, by which MLflow serves the folder: JSON, which is YAML as well.

    It names a module of this product and nothing that would have to be unpickled.
    """
    flavor = {"loader_module": LOADER, "python_version": platform.python_version(), "env": {}}
    image = {"type": "string", "name": IMAGE, "required": True}
    content = {
        "flavors": {"python_function": flavor},
        "signature": {"inputs": json.dumps([image])},
        "utc_time_created": its.created_at,
        "metadata": {"product": its.product, "model": its.model},
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _weights(runs: tuple[Run, ...]) -> dict[str, str]:
    """Return the blob of every file of weights, by its name in the folder."""
    found = {}
    for index, run in enumerate(runs):
        stem = m.member_stem(index, len(runs))
        found[f"{stem}.keras"] = run.artifact[KERAS_FILE]
        found[f"{stem}.onnx"] = run.artifact[ONNX_FILE]
    return found


def _plan(record: CascadeRecord | None) -> m.PlanEntry | None:
    if record is None:
        return None
    plan: Mapping[str, Any] = record.plan
    rules = tuple(m.RuleEntry(tuple(r["weights"]), r["intercept"]) for r in plan["rules"])
    promise = None
    if plan["promise"]:
        with speaking(SOURCE):  # as the rest of the folder, whoever asked for it
            promise = str(guaranteeing.sentence(plan["promise"]))
    return m.PlanEntry(tuple(plan["taus"]), plan["person"], rules, promise)


def _sources(
    ws: Workspace, dataset: Dataset, runs: tuple[Run, ...], record: CascadeRecord | None
) -> m.Sources:
    with ws.read() as conn:
        taught = [extended.find(conn, run.id) for run in runs]
    ids = tuple(its.run if its else run.id for its, run in zip(taught, runs, strict=True))
    cascade = record.id if record else None
    return m.Sources(dataset.id, dataset.name, runs[0].class_map_id, ids, cascade)


def _put(path: Path, data: bytes) -> None:
    """Write a file and have it on the disk before the folder gets its name."""
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
