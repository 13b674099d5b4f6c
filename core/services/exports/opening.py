"""Open an exported folder that may come from anywhere: nothing in it is trusted, nothing is run.

Names come from the list in `manifest`, never from the folder; links and special files are refused;
sizes are held against limits before anything is read; a file is read once, and what was read is
held against its checksum and then used. Only ONNX files answer: `.keras` files are for whoever
wants to train on, and are not read here. Checksums find damage. Against somebody who writes a
whole folder anew they are no protection: such a folder can answer wrongly, but runs no code.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from core.analysis.cascades.learned import GainRule
from core.analysis.cascades.routes import Thresholds
from core.errors import AppError, InvalidInput
from core.ids import bytes_id
from core.language import t
from core.models import portable
from core.models.artifact import Session
from core.models.embedding import Embedder
from core.services.cascades.plan import Plan
from core.services.exports import manifest as m
from core.services.exports.manifest import Manifest, MemberEntry
from core.services.runs import answering
from core.services.runs.answering import Member, Model
from core.settings import ImageLimits

_MOST_FILES = 2_000  # in one folder
_FOLDERS = ("models", "examples")


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """An opened folder, ready to answer."""

    folder: Path
    manifest: Manifest
    model: Model

    def answer(
        self, files: Sequence[tuple[str, bytes]], limits: ImageLimits
    ) -> list[dict[str, Any]]:
        """Predict images from their bytes; returns what `predicting.predict` does.

        There are no neighbours: the images of the data set stay where they are.

        Raises
        ------
        InvalidInput
            If a file is not an image (the sentence names it), there are none or too many, or the
            graphs of the folder fail.
        """
        answering.check_number(len(files))
        how = self.manifest.preprocessing
        squares = [
            answering.square(name, data, limits, how.size_px, how.fit)  # type: ignore[arg-type]
            for name, data in files
        ]
        try:
            found = answering.answer(self.model, [n for n, _ in files], np.stack(squares), {})
        except AppError:
            raise
        except Exception as error:  # a graph may ask for any memory, or give any shape
            raise InvalidInput(
                t("the models in {folder} cannot answer", folder=self.folder),
                received=str(error)[:200],
            ) from error
        return [{**said, "neighbours": []} for said in found]


def open_export(folder: Path, n_threads: int = 1) -> Exported:
    """Open an exported folder for answering.

    Raises
    ------
    InvalidInput
        If it is no exported folder, holds anything else, or is damaged.
    """
    found = read_manifest(folder)
    backbones = {
        entry.name: portable.open_backbone(
            read_file(folder, found, m.backbone_file(index)),
            entry.embedder,
            entry.dim,
            entry.input_px,
            n_threads,
        )
        for index, entry in enumerate(found.backbones)
    }
    members = [
        _member(folder, found, index, backbones.get(entry.backbone or ""))
        for index, entry in enumerate(found.members)
    ]
    if found.plan is None:
        return Exported(folder, found, Model(members[0]))
    rules = tuple(GainRule(rule.weights, rule.intercept) for rule in found.plan.rules)
    plan = Plan(Thresholds(found.plan.taus, found.plan.person), rules)
    return Exported(folder, found, Model(members[0], tuple(members[1:]), plan))


def read_manifest(folder: Path) -> Manifest:
    """Return what a folder says of itself, after looking at which files it holds.

    Raises
    ------
    InvalidInput
        As `open_export`; what is in the files, beside the manifest, has not been looked at.
    """
    sizes = _sizes(folder)
    if m.MANIFEST not in sizes:
        raise InvalidInput(
            t("{folder} is no exported model", folder=folder),
            expected=t("a folder with a {file}", file=m.MANIFEST),
        )
    data = _read(folder, m.MANIFEST, m.MANIFEST_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            t("{file} cannot be used", file=m.MANIFEST), expected=t("text in UTF-8")
        ) from error
    found = m.read_text(text)
    listed = {name: entry.n_bytes for name, entry in found.files.items()}
    for name in sorted(sizes.keys() | listed.keys()):
        if name != m.MANIFEST and sizes.get(name) != listed.get(name):
            raise InvalidInput(
                t(
                    "the file {name} of {folder} is not as it was written",
                    name=repr(name),
                    folder=folder,
                ),
                expected=_size(listed.get(name)),
                received=_size(sizes.get(name)),
                todo=t("export the model again, or take out what was added"),
            )
    return found


def read_file(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Return the bytes of a listed file.

    Raises
    ------
    InvalidInput
        If they are not those that were written.
    """
    entry = manifest.files[name]
    data = _read(folder, name, entry.n_bytes)
    if bytes_id(data) != entry.sha256:
        raise InvalidInput(
            t("the file {name} of {folder} is damaged", name=repr(name), folder=folder),
            expected=t("bytes with the sha256 {sha256}...", sha256=entry.sha256[:12]),
            todo=t("copy it again, or export the model again"),
        )
    return data


def _member(folder: Path, found: Manifest, index: int, embedder: Embedder | None) -> Member:
    entry = found.members[index]
    name = m.member_stem(index, len(found.members)) + ".onnx"
    session = portable.open_model(read_file(folder, found, name))
    _check_shapes(name, session, entry, found.preprocessing.size_px, embedder)
    made = (lambda: embedder) if embedder else None
    return Member(entry.id, entry.classes, entry.temperature, lambda: session, entry.backbone, made)


def _check_shapes(
    name: str, session: Session, entry: MemberEntry, size_px: int, embedder: Embedder | None
) -> None:
    wanted = ((embedder.dim,) if embedder else (size_px, size_px, 3), len(entry.classes))
    if (session.input_shape, session.n_classes) != wanted:
        raise InvalidInput(
            t("{name} is another model than its manifest says", name=name),
            expected=t("{shape} to {n} classes", shape=str(wanted[0]), n=wanted[1]),
            received=t(
                "{shape} to {n} classes", shape=str(session.input_shape), n=session.n_classes
            ),
        )


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size of every file by its name within the folder; links and the like are refused.

    No folder but those of an export is looked into, so a huge or endless tree costs nothing.
    """
    found: dict[str, int] = {}
    try:
        for prefix, place in (("", folder), *((f"{sub}/", folder / sub) for sub in _FOLDERS)):
            if prefix and prefix[:-1] not in found:
                continue  # not there; the manifest will tell that its files are missing
            found.pop(prefix[:-1], None)
            with os.scandir(place) as entries:
                for entry in islice(entries, _MOST_FILES):  # one more than listed is refused
                    found[prefix + entry.name] = _kind(prefix, entry)
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be read", path=folder), received=error.strerror
        ) from error
    return found


def _kind(prefix: str, entry: os.DirEntry[str]) -> int:
    """Return the size of a plain file; of one of our folders 0."""
    status = entry.stat(follow_symlinks=False)
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    if not prefix and stat.S_ISDIR(status.st_mode) and entry.name in _FOLDERS:
        return 0
    raise InvalidInput(
        t("{name} does not belong into an exported folder", name=repr(prefix + entry.name)),
        expected=t("plain files, in models/ and examples/"),
    )


def _read(folder: Path, name: str, most_bytes: int) -> bytes:
    """Read a plain file whole, never through a link."""
    try:
        handle = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be read", path=folder / name), received=error.strerror
        ) from error
    if len(data) > most_bytes:
        raise InvalidInput(
            t("{path} is too large", path=folder / name), expected=t("{n:,} bytes", n=most_bytes)
        )
    return data


def _size(n_bytes: int | None) -> str:
    return t("no such file") if n_bytes is None else t("{n:,} bytes", n=n_bytes)
