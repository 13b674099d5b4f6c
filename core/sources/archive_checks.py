"""What an archive declares, held against its limits and itself before anything in it is read.

References
----------
PKWARE, APPNOTE.TXT 6.3.10: sections 4.3.7, 4.3.12 to 4.3.16. CVE-2024-0450 (overlapping entries),
CVE-2025-8291 (zip64 end record): fixed in newer Pythons than the oldest one supported here.
"""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Sequence
from typing import IO

from core.errors import InvalidInput
from core.language import phrase, t
from core.settings import ImageLimits
from core.sources.items import printable

_END = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16
_END64_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_CENTRAL = struct.Struct("<4s16xL4x3H12x")  # 4.3.12: packed size, lengths of what follows
_IN_EXTRA = 0xFFFF_FFFF  # 4.4.8: the size is in the zip64 extra field
_LOCAL_BYTES = 30  # 4.3.7, without name and extra field
_DIRECTORY_BYTES_PER_ENTRY = 512  # on average at most; 46 and the name are usual


def check_end_record(file: IO[bytes], limits: ImageLimits) -> None:
    """Refuse on the last bytes of the archive and on one walk over its directory.

    `ZipFile` makes an object of every entry before anybody can say no, and goes by the directory's
    size and not by its count: both are checked here, and that they agree.
    """
    n_bytes = file.seek(0, os.SEEK_END)
    if n_bytes > limits.archive_bytes:
        raise hostile(t("it is larger than {n:,} bytes", n=limits.archive_bytes))
    start, size, n_entries = _directory(file, n_bytes)
    if n_entries > limits.archive_entries:
        raise hostile(
            t(
                "it declares {n_entries:,} files, more than {most:,}",
                n_entries=n_entries,
                most=limits.archive_entries,
            )
        )
    if size > (1_000 + n_entries) * _DIRECTORY_BYTES_PER_ENTRY:
        raise hostile(t("its directory is larger than its number of files explains"))
    file.seek(start)
    directory = file.read(size)
    at = n_found = n_packed = 0
    while at + _CENTRAL.size <= size:
        magic, n_packed_here, *lengths = _CENTRAL.unpack_from(directory, at)
        if magic != b"PK\x01\x02":
            raise hostile(t("its directory is damaged"))
        at += _CENTRAL.size + sum(lengths)
        n_found += 1
        n_packed += _LOCAL_BYTES + (n_packed_here if n_packed_here != _IN_EXTRA else 0)
    if n_packed > start:
        raise hostile(t("its entries overlap: they declare more bytes than it has"))
    if at != size or n_found != n_entries:
        raise hostile(
            t(
                "it declares {n_entries:,} files and lists {n_found:,}",
                n_entries=n_entries,
                n_found=n_found,
            )
        )


def _directory(file: IO[bytes], n_bytes: int) -> tuple[int, int, int]:
    """Return the directory's offset, size and number of entries, as its end record has them."""
    n_tail = min(n_bytes, _END.size + 0xFFFF + _END64_LOCATOR.size)
    file.seek(n_bytes - n_tail)
    tail = file.read(n_tail)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > n_tail:
        raise hostile(t("it has no end: it is truncated, or not a zip"))
    _, _, _, _, n_entries, size, start, _ = _END.unpack_from(tail, at)
    end = n_bytes - n_tail + at
    locator = at - _END64_LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        _, _, start64, _ = _END64_LOCATOR.unpack_from(tail, locator)
        file.seek(min(start64, n_bytes))
        record = file.read(_END64.size)
        if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
            raise hostile(t("its directory is damaged"))
        _, _, _, _, _, _, _, n_entries, size, start = _END64.unpack(record)
        end = start64
        if end + _END64.size != n_bytes - n_tail + locator:
            raise hostile(t("its directory is damaged"))
    if start + size != end:
        raise hostile(t("its directory is not where it says; other bytes lie before or behind it"))
    return start, size, n_entries


def check_entries(entries: Sequence[zipfile.ZipInfo], directory: int, limits: ImageLimits) -> None:
    """Refuse an archive for what its entries declare; see `core.sources.archive`."""
    if sum(entry.file_size for entry in entries) > limits.archive_unpacked_bytes:
        raise hostile(t("it unpacks to more than {n:,} bytes", n=limits.archive_unpacked_bytes))
    seen: dict[str, str] = {}
    for entry in entries:
        name = entry.orig_filename
        if fault := _fault(entry):
            raise hostile(t(fault, name=printable(name)[:200]))
        same = unicodedata.normalize("NFC", entry_name(entry)).casefold().rstrip("/")
        if same in seen:
            raise hostile(
                t(
                    "{first!r} and {name!r} are one name",
                    first=printable(seen[same]),
                    name=printable(name),
                )
            )
        seen[same] = name
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    starts = [entry.header_offset for entry in ordered] + [directory]
    for entry, end in zip(ordered, starts[1:], strict=True):
        if entry.header_offset + _LOCAL_BYTES + entry.compress_size > end:
            raise hostile(
                t("{name!r} overlaps what comes after it", name=printable(entry.filename)[:200])
            )


def _fault(entry: zipfile.ZipInfo) -> str | None:
    """Return what makes an entry one that no honest archive of pictures has."""
    name = entry.orig_filename
    parts = name.split("/")
    if "\\" in name:
        return phrase("{name!r} has a backslash in its name; pack it again with / between folders")
    if any(unicodedata.category(char) == "Cc" for char in name):
        return phrase("{name!r} has a control character in its name")
    if name.startswith("/") or name[1:2] == ":" or ".." in parts:
        return phrase("{name!r} leads out of the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return phrase("{name!r} is a link, not a file")
    if entry.flag_bits & 0x1:
        return phrase("{name!r} is encrypted")
    return None


def entry_name(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name; many tools write UTF-8 without saying so (APPNOTE appendix D)."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def hostile(what: str) -> InvalidInput:
    """Return the error that says why an archive is not read."""
    return InvalidInput(
        t("the archive is not read: {what}", what=what),
        expected=t("a plain .zip of class folders, or of a manifest and its images"),
        todo=t("pack the folder again, or unpack it yourself and import the folder"),
    )
