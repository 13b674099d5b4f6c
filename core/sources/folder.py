"""A folder of class folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from core.errors import InvalidInput
from core.records import Problem
from core.settings import ImageLimits
from core.sources.images import BadImage
from core.sources.items import Source, SourceItem, make_item, printable, spread
from core.sources.layout import find_layout, is_ignored, looks_like_picture


class FolderSource(Source):
    """Class folders under `root`, with or without split folders above them.

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
        raise BadImage("refused", f"it lies outside {printable(root.name)}")
    # A pipe would block for ever; O_NONBLOCK opens one at once, and then it is seen for what it is.
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadImage("refused", "it is not a regular file")
        data = file.read(limits.file_bytes + 1)
    if len(data) > limits.file_bytes:
        raise BadImage("refused", f"the file is larger than {limits.file_bytes:,} bytes")
    return data


def _rows(root: Path, limits: ImageLimits) -> list[SourceItem | Problem]:
    paths = sorted(path for path in _walk(root) if not is_ignored(path))
    layout = find_layout(paths, f"the folder {printable(root.name)}")
    rows: list[SourceItem | Problem] = []
    for path in paths:
        place = layout.place(path)
        if place:
            rows.append(make_item(path, partial(read_file, root / path, root, limits), *place))
        elif looks_like_picture(path):
            rows.append(Problem(printable(path), "unlabelled", "it lies in no class folder"))
    return rows


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
                f"the folder {printable(inside or root.name)} cannot be read",
                received=error.strerror,
                todo="give this account the right to read it",
            ) from error
