"""Folders of this machine: class folders, or a manifest and the images beside it.

Paths in a manifest are relative to its folder. Absolute paths, links and `..` are read where they
lead back under the folder that was opened (the manifest's own where that was) and listed as refused
where they do not: a manifest from a stranger must not fetch what else this account can read.
Whoever has pictures in many places puts the manifest above them.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from core.errors import InvalidInput
from core.language import t
from core.records import Problem
from core.settings import ImageLimits
from core.sources.items import Source, SourceItem, make_item, printable, spread
from core.sources.layout import is_ignored, looks_like_picture
from core.sources.manifest import find_listing
from core.sources.recognise import BadImage, too_large
from core.sources.table import MAX_BYTES, read_table, unusable


class FolderSource(Source):
    """Class folders under `root`, with or without split folders above them, or else a manifest.

    Notes
    -----
    Links to folders are not followed (they can run in circles), and a link to a file is only read
    where the file lies under `root`: a folder from a stranger must not fetch what lies beside it.
    Pipes and devices are listed and never opened.
    """

    def __init__(self, root: Path, limits: ImageLimits) -> None:
        self.name = printable(root.resolve().name) or "images"
        self._rows = _rows(root, limits)
        self.n_items = len(self._rows)

    def items(self) -> Iterator[SourceItem | Problem]:
        """Yield the files of the class folders by path."""
        yield from self._rows

    def sample(self, n: int) -> Sequence[SourceItem]:
        """Return up to `n` items spread evenly over the folder."""
        return spread([row for row in self._rows if isinstance(row, SourceItem)], n)


class TableSource(Source):
    """The rows of a manifest.

    Raises
    ------
    InvalidInput
        From the constructor, where the manifest is too large or cannot be read; see `read_table`.
    """

    def __init__(self, path: Path, limits: ImageLimits) -> None:
        self.name = printable(path.stem)
        if path.stat().st_size > MAX_BYTES:
            raise unusable(path.name, t("it is larger than {n:,} bytes", n=MAX_BYTES))
        with path.open("rb") as file:
            self._rows = read_table(path.name, file, _reader(path.parent, path.parent, limits))
        self.n_items = len(self._rows)

    def items(self) -> Iterator[SourceItem | Problem]:
        """Yield the rows in their order."""
        yield from self._rows

    def sample(self, n: int) -> Sequence[SourceItem]:
        """Return up to `n` rows spread evenly over the table."""
        return spread([row for row in self._rows if isinstance(row, SourceItem)], n)


def read_file(path: str | Path, root: Path, limits: ImageLimits) -> bytes:
    """Return the bytes of a file that lies under `root`.

    Raises
    ------
    BadImage
        If it lies elsewhere, is no regular file, or is larger than the limit.
    OSError
        If the system cannot read it.
    """
    real = Path(path).resolve()
    if not real.is_relative_to(root.resolve()):
        raise BadImage("refused", t("it lies outside {name}", name=printable(root.name)))
    # A pipe would block for ever; O_NONBLOCK opens one at once, and then it is seen for what it is.
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadImage("refused", t("it is not a regular file"))
        data = file.read(limits.file_bytes + 1)
    if len(data) > limits.file_bytes:
        raise too_large(limits)
    return data


def _rows(root: Path, limits: ImageLimits) -> list[SourceItem | Problem]:
    paths = sorted(path for path in _walk(root) if not is_ignored(path))
    layout = find_listing(
        paths,
        t("the folder {name}", name=printable(root.name)),
        lambda path: read_file(root / path, root, limits),
    )
    if isinstance(layout, str):
        manifest = io.BytesIO(read_file(root / layout, root, limits))
        return read_table(layout, manifest, _reader((root / layout).parent, root, limits))
    rows: list[SourceItem | Problem] = []
    for path in paths:
        place = layout.place(path)
        if place:
            rows.append(make_item(path, partial(read_file, root / path, root, limits), *place))
        elif looks_like_picture(path):
            rows.append(Problem(printable(path), "unlabelled", t("it lies in no class folder")))
    return rows


def _reader(folder: Path, root: Path, limits: ImageLimits) -> Callable[[str], Callable[[], bytes]]:
    """Return what makes a path of a manifest in `folder` into a function that reads the file."""
    return lambda file: partial(_read_row, folder, file, root, limits)


def _read_row(folder: Path, file: str, root: Path, limits: ImageLimits) -> bytes:
    try:
        return read_file(folder / file, root, limits)
    except ValueError as error:  # a NUL in the name
        raise BadImage("unreadable", t("no file can have this name")) from error


def _walk(root: Path) -> Iterator[str]:
    """Yield everything under `root` that is not a folder, as relative paths with `/`."""
    stack = [""]
    while stack:
        inside = stack.pop()
        try:
            with os.scandir(root / inside) as entries:
                for entry in entries:
                    path = f"{inside}/{entry.name}" if inside else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(path)
                    else:
                        yield path
        except OSError as error:
            raise InvalidInput(
                t("the folder {name} cannot be read", name=printable(inside or root.name)),
                received=error.strerror,
                todo=t("give this account the right to read it"),
            ) from error
