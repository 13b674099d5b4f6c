"""A zip of class folders, or of a manifest and its images: nothing is ever extracted to disk.

What is hostile about the *archive* refuses all of it with one sentence, because nothing in it can
be trusted then: too large, too many entries, names that leave it (absolute, drive, `..`,
backslash, control characters), two entries with one name, links, encryption, overlapping entries.
What is wrong with one *file* lists that file: a compression ratio or size over the limit, another
compression method, a checksum that does not fit, something that is no picture (nested archives).
A manifest inside is held to the limits of one file, and its rows to those of the archive: however
often they name a file, the import reads no more than the archive may unpack to.
"""

from __future__ import annotations

import io
import posixpath
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import IO

from core.language import t
from core.records import Problem
from core.settings import ImageLimits
from core.sources.archive_checks import check_end_record, check_entries, entry_name, hostile
from core.sources.items import Source, SourceItem, make_item, printable, spread
from core.sources.layout import is_ignored, looks_like_picture
from core.sources.manifest import find_listing
from core.sources.recognise import BadImage, too_large
from core.sources.table import read_table

_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SMALL_BYTES = 1_000_000  # a flat bitmap may shrink a thousandfold; harmless at this size


class ArchiveSource(Source):
    """Class folders inside a .zip, perhaps inside a folder of it, or else a manifest.

    Raises
    ------
    InvalidInput
        From the constructor, where the archive is damaged or hostile, or has neither class folders
        nor a manifest.
    """

    def __init__(self, path: Path, limits: ImageLimits) -> None:
        self.name = printable(path.stem)
        self._limits = limits
        self._zip = _open(path, limits)
        try:
            self._rows = self._make_rows(t("the archive {name}", name=printable(path.name)))
        except BaseException:
            self._zip.close()
            raise
        self.n_items = len(self._rows)

    def items(self) -> Iterator[SourceItem | Problem]:
        """Yield the files of the class folders by name (as in a folder), or the manifest's rows."""
        yield from self._rows

    def sample(self, n: int) -> Sequence[SourceItem]:
        """Return up to `n` items spread evenly over the archive."""
        return spread([row for row in self._rows if isinstance(row, SourceItem)], n)

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()

    def _make_rows(self, where: str) -> list[SourceItem | Problem]:
        entries = {entry_name(entry): entry for entry in self._zip.infolist() if not entry.is_dir()}
        names = sorted(name for name in entries if not is_ignored(name))
        layout = find_listing(names, where, lambda name: self._read(entries[name]))
        if isinstance(layout, str):
            return self._listed(layout, entries)
        rows: list[SourceItem | Problem] = []
        for name in names:
            place = layout.place(name)
            if place:
                rows.append(make_item(name, partial(self._read, entries[name]), *place))
            elif looks_like_picture(name):
                rows.append(Problem(printable(name), "unlabelled", t("it lies in no class folder")))
        return rows

    def _listed(
        self, manifest: str, entries: Mapping[str, zipfile.ZipInfo]
    ) -> list[SourceItem | Problem]:
        """Return the rows of a manifest; a path that leaves the archive is no entry's name."""
        folder = posixpath.dirname(manifest)
        found = {unicodedata.normalize("NFC", name): entries[name] for name in entries}
        n_bytes = 0

        def reader(file: str) -> Callable[[], bytes]:
            nonlocal n_bytes
            name = posixpath.normpath(posixpath.join(folder, file))
            entry = found.get(unicodedata.normalize("NFC", name))
            if entry is None:
                return _absent
            n_bytes += entry.file_size
            if n_bytes > self._limits.archive_unpacked_bytes:
                raise hostile(
                    t("the rows of {manifest} name too many bytes", manifest=printable(manifest))
                )
            return partial(self._read, entry)

        data = io.BytesIO(self._read(entries[manifest]))
        return read_table(manifest, data, reader, self._limits.archive_entries)

    def _read(self, entry: zipfile.ZipInfo) -> bytes:
        return _read(self._zip, entry, self._limits)


def pictures(file: IO[bytes], limits: ImageLimits) -> list[tuple[str, Callable[[], bytes]]]:
    """Return (name, read) of every file in a zip, in whichever folder it lies.

    Parameters
    ----------
    file : binary file
        Stays open for as long as something is to be read.
    limits : ImageLimits

    Returns
    -------
    list of (str, callable)
        By name, without the operating system's own files; `read` raises BadImage for one that is
        too large, packed too tightly, or damaged.

    Raises
    ------
    InvalidInput
        If the archive is damaged or hostile; see the module's text.
    """
    archive = _open(file, limits)
    found = {entry_name(entry): entry for entry in archive.infolist() if not entry.is_dir()}
    return [
        (printable(name), partial(_read, archive, found[name], limits))
        for name in sorted(found)
        if not is_ignored(name)
    ]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: ImageLimits) -> bytes:
    if entry.file_size > limits.file_bytes:
        raise too_large(limits)
    if entry.file_size > max(_SMALL_BYTES, limits.archive_ratio * entry.compress_size):
        raise BadImage(
            "refused",
            t("it is packed more than {ratio} times", ratio=limits.archive_ratio),
        )
    if entry.compress_type not in _METHODS:
        raise BadImage(
            "refused",
            t(
                "its compression method {number} is not read",
                number=entry.compress_type,
            ),
        )
    try:
        with archive.open(entry) as file:
            return file.read(limits.file_bytes + 1)
    except _DAMAGE as error:
        raise BadImage("unreadable", t("its part of the archive is damaged")) from error


def _absent() -> bytes:
    raise BadImage("unreadable", t("it is not in the archive"))


def _open(source: Path | IO[bytes], limits: ImageLimits) -> zipfile.ZipFile:
    """Open an archive after looking at what it declares, and look at each entry before any read."""
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            check_end_record(file, limits)
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        raise hostile(t("its directory is damaged")) from error
    try:
        check_entries(archive.infolist(), archive.start_dir, limits)
    except BaseException:
        archive.close()
        raise
    return archive
