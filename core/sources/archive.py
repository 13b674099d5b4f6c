"""A zip of class folders, or of a manifest and its images: nothing is ever extracted to disk.

What is hostile about the *archive* refuses all of it with one sentence, because nothing in it can
be trusted then: too large, too many entries, names that leave it (absolute, drive, `..`,
backslash, control characters), two entries with one name, links, encryption, overlapping entries.
What is wrong with one *file* lists that file: a compression ratio or size over the limit, another
compression method, a checksum that does not fit, something that is no picture (nested archives).
A manifest inside is held to the limits of one file, and its rows to those of the archive: however
often they name a file, the import reads no more than the archive may unpack to.

References
----------
PKWARE, APPNOTE.TXT 6.3.10: sections 4.3.7, 4.3.12 to 4.3.16. CVE-2024-0450 (overlapping entries),
CVE-2025-8291 (zip64 end record): fixed in newer Pythons than the oldest one supported here.
"""

from __future__ import annotations

import io
import os
import posixpath
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import IO

from core.errors import InvalidInput
from core.records import Problem
from core.settings import ImageLimits
from core.sources.images import BadImage
from core.sources.items import Source, SourceItem, make_item, printable, spread
from core.sources.layout import is_ignored, looks_like_picture
from core.sources.manifest import find_listing
from core.sources.table import read_table

_END = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16
_END64_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_CENTRAL = struct.Struct("<4s16xL4x3H12x")  # 4.3.12: packed size, lengths of what follows
_IN_EXTRA = 0xFFFF_FFFF  # 4.4.8: the size is in the zip64 extra field
_LOCAL_BYTES = 30  # 4.3.7, without name and extra field
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DIRECTORY_BYTES_PER_ENTRY = 512  # on average at most; 46 and the name are usual
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
            self._rows = self._make_rows(f"the archive {printable(path.name)}")
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
        entries = {_name(entry): entry for entry in self._zip.infolist() if not entry.is_dir()}
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
                rows.append(Problem(printable(name), "unlabelled", "it lies in no class folder"))
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
                raise _hostile(f"the rows of {printable(manifest)} name too many bytes")
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
    found = {_name(entry): entry for entry in archive.infolist() if not entry.is_dir()}
    return [
        (printable(name), partial(_read, archive, found[name], limits))
        for name in sorted(found)
        if not is_ignored(name)
    ]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: ImageLimits) -> bytes:
    if entry.file_size > limits.file_bytes:
        raise BadImage("refused", f"the file is larger than {limits.file_bytes:,} bytes")
    if entry.file_size > max(_SMALL_BYTES, limits.archive_ratio * entry.compress_size):
        raise BadImage("refused", f"it is packed more than {limits.archive_ratio} times")
    if entry.compress_type not in _METHODS:
        raise BadImage("refused", f"its compression method {entry.compress_type} is not read")
    try:
        with archive.open(entry) as file:
            return file.read(limits.file_bytes + 1)
    except _DAMAGE as error:
        raise BadImage("unreadable", "its part of the archive is damaged") from error


def _absent() -> bytes:
    raise BadImage("unreadable", "it is not in the archive")


def _open(source: Path | IO[bytes], limits: ImageLimits) -> zipfile.ZipFile:
    """Open an archive after looking at what it declares, and look at each entry before any read."""
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            _check_end_record(file, limits)
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        raise _hostile("its directory is damaged") from error
    try:
        _check_entries(archive.infolist(), archive.start_dir, limits)
    except BaseException:
        archive.close()
        raise
    return archive


def _check_end_record(file: IO[bytes], limits: ImageLimits) -> None:
    """Refuse on the last bytes of the archive and on one walk over its directory.

    `ZipFile` makes an object of every entry before anybody can say no, and goes by the directory's
    size and not by its count: both are checked here, and that they agree.
    """
    n_bytes = file.seek(0, os.SEEK_END)
    if n_bytes > limits.archive_bytes:
        raise _hostile(f"it is larger than {limits.archive_bytes:,} bytes")
    start, size, n_entries = _directory(file, n_bytes)
    if n_entries > limits.archive_entries:
        raise _hostile(f"it declares {n_entries:,} files, more than {limits.archive_entries:,}")
    if size > (1_000 + n_entries) * _DIRECTORY_BYTES_PER_ENTRY:
        raise _hostile("its directory is larger than its number of files explains")
    file.seek(start)
    directory = file.read(size)
    at = n_found = n_packed = 0
    while at + _CENTRAL.size <= size:
        magic, n_packed_here, *lengths = _CENTRAL.unpack_from(directory, at)
        if magic != b"PK\x01\x02":
            raise _hostile("its directory is damaged")
        at += _CENTRAL.size + sum(lengths)
        n_found += 1
        n_packed += _LOCAL_BYTES + (n_packed_here if n_packed_here != _IN_EXTRA else 0)
    if n_packed > start:
        raise _hostile("its entries overlap: they declare more bytes than it has")
    if at != size or n_found != n_entries:
        raise _hostile(f"it declares {n_entries:,} files and lists {n_found:,}")


def _directory(file: IO[bytes], n_bytes: int) -> tuple[int, int, int]:
    """Return the directory's offset, size and number of entries, as its end record has them."""
    n_tail = min(n_bytes, _END.size + 0xFFFF + _END64_LOCATOR.size)
    file.seek(n_bytes - n_tail)
    tail = file.read(n_tail)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > n_tail:
        raise _hostile("it has no end: it is truncated, or not a zip")
    _, _, _, _, n_entries, size, start, _ = _END.unpack_from(tail, at)
    end = n_bytes - n_tail + at
    locator = at - _END64_LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        _, _, start64, _ = _END64_LOCATOR.unpack_from(tail, locator)
        file.seek(min(start64, n_bytes))
        record = file.read(_END64.size)
        if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
            raise _hostile("its directory is damaged")
        _, _, _, _, _, _, _, n_entries, size, start = _END64.unpack(record)
        end = start64
        if end + _END64.size != n_bytes - n_tail + locator:
            raise _hostile("its directory is damaged")
    if start + size != end:
        raise _hostile("its directory is not where it says; other bytes lie before or behind it")
    return start, size, n_entries


def _check_entries(entries: Sequence[zipfile.ZipInfo], directory: int, limits: ImageLimits) -> None:
    """Refuse an archive for what its entries declare; see the module's text."""
    if sum(entry.file_size for entry in entries) > limits.archive_unpacked_bytes:
        raise _hostile(f"it unpacks to more than {limits.archive_unpacked_bytes:,} bytes")
    seen: dict[str, str] = {}
    for entry in entries:
        name = entry.orig_filename
        if fault := _fault(entry):
            raise _hostile(f"{printable(name)[:200]!r} {fault}")
        same = unicodedata.normalize("NFC", _name(entry)).casefold().rstrip("/")
        if same in seen:
            raise _hostile(f"{printable(seen[same])!r} and {printable(name)!r} are one name")
        seen[same] = name
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    starts = [entry.header_offset for entry in ordered] + [directory]
    for entry, end in zip(ordered, starts[1:], strict=True):
        if entry.header_offset + _LOCAL_BYTES + entry.compress_size > end:
            raise _hostile(f"{printable(entry.filename)[:200]!r} overlaps what comes after it")


def _fault(entry: zipfile.ZipInfo) -> str | None:
    """Return what makes an entry one that no honest archive of pictures has."""
    name = entry.orig_filename
    parts = name.split("/")
    if "\\" in name:
        return "has a backslash in its name; pack it again with / between folders"
    if any(unicodedata.category(char) == "Cc" for char in name):
        return "has a control character in its name"
    if name.startswith("/") or name[1:2] == ":" or ".." in parts:
        return "leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link, not a file"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    return None


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name; many tools write UTF-8 without saying so (APPNOTE appendix D)."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _hostile(what: str) -> InvalidInput:
    return InvalidInput(
        f"the archive is not read: {what}",
        expected="a plain .zip of class folders, or of a manifest and its images",
        todo="pack the folder again, or unpack it yourself and import the folder",
    )
