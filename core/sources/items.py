"""What a source hands over: one item a file, read only when asked for."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from core.language import t
from core.records import Problem, Split

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
MAX_LABEL_CHARS = 200  # a label is a heading on screen and a key in many tables
MAX_PATH_CHARS = 4_096  # PATH_MAX of Linux; a zip may declare 65,535


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One file of a source that may become an image.

    Attributes
    ----------
    path : str
        The file's name inside the source, with `/`; printable, so fit for a database and a screen.
    read : callable
        Returns the file's bytes; raises `core.errors.InvalidInput` or `OSError` where it cannot.
    label : str or None
        None where the source has no label for this file.
    split : {"train", "val", "test"} or None
        The split the source gives, None where it gives none.
    group : str or None
        Images of one group never sit in two splits.
    """

    path: str
    read: Callable[[], bytes]
    label: str | None
    split: Split | None = None
    group: str | None = None


class Source(ABC):
    """Where images come from; opened by `core.sources.open_source`, closed by `with`.

    Attributes
    ----------
    name : str
        A name to suggest for the data set.
    note : str
        What a reader must know about these images, may be empty.
    n_items : int or None
        How many items `items` will yield, None where that is not known before.
    natural_px : int or None
        The side of the images where the source draws or stores them all alike.
    label_order : tuple of str or None
        The natural order of the labels; None: sorted.
    """

    name: str
    note: str = ""
    n_items: int | None = None
    natural_px: int | None = None
    label_order: tuple[str, ...] | None = None

    @abstractmethod
    def items(self) -> Iterator[SourceItem | Problem]:
        """Yield every file once, in an order that is the same each time."""

    def sample(self, n: int) -> Sequence[SourceItem]:
        """Return up to `n` items spread evenly over the source; none if `natural_px` is known."""
        return ()

    def sidecar(self) -> bytes | None:
        """Return what only tests and the report's honesty note read, such as the true labels."""
        return None

    def close(self) -> None:  # noqa: B027 -- most sources hold nothing open
        """Release files; the items of a closed source cannot be read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def make_item(
    path: str,
    read: Callable[[], bytes],
    label: str | None,
    split: Split | None = None,
    group: str | None = None,
) -> SourceItem | Problem:
    """Return an item with printable names, or why there is none.

    Parameters
    ----------
    path : str
        As found.
    read : callable
        Returns the file's bytes; see `SourceItem`.
    label : str or None
        As found; None or blank lists the file as unlabelled.
    split : {"train", "val", "test"}, optional
        The split the source gives.
    group : str, optional
        As found.

    Notes
    -----
    Labels are compared as people read them: spaces around them do not count, and the two ways of
    writing an accent are one (NFC). A label that begins like a formula is kept as it is; writing
    it into a spreadsheet safely is the exporter's duty.

    Examples
    --------
    >>> make_item("a/1.png", bytes, " a ").label
    'a'
    >>> make_item("1.png", bytes, None).kind
    'unlabelled'
    """
    shown = printable(path)
    text = printable(unicodedata.normalize("NFC", label.strip())) if label else ""
    if not text:
        return Problem(shown, "unlabelled", t("no label says what it shows"))
    if len(text) > MAX_LABEL_CHARS:
        return Problem(
            shown,
            "refused",
            t(
                "its label is longer than {n} characters",
                n=MAX_LABEL_CHARS,
            ),
        )
    return SourceItem(shown, read, text, split, group)


def printable(text: str) -> str:
    r"""Return `text` without what a database, a log or a screen could trip over.

    Bytes that were not UTF-8 and control characters become escapes; 4,096 characters at most.

    Examples
    --------
    >>> printable("caf\udce9\n.png")
    'caf\\xe9\\x0a.png'
    """
    if not text.isprintable():
        text = "".join(map(_escape, text))
    return text if len(text) <= MAX_PATH_CHARS else text[: MAX_PATH_CHARS - 1] + "…"


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return char


def spread(rows: Sequence[SourceItem], n: int) -> Sequence[SourceItem]:
    """Return up to `n` of `rows`, evenly spaced from the first on."""
    return [rows[i * len(rows) // n] for i in range(n)] if len(rows) > n else rows
