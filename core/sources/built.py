"""What `core.sources.build` hands to the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.records import Problem, Split


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """One image that was taken; its place in `Built.rows` is its row in every array."""

    image_id: str  # sha256 of the file's bytes
    path: str
    label: str
    split: Split | None  # None: the source gave none
    group: str | None
    width: int  # of the picture as people see it, after EXIF orientation
    height: int
    format: str
    offset: int  # of the file's bytes in the pack
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Built:
    """What `build` made.

    Attributes
    ----------
    rows : list of BuiltImage
        In the order of the source; no two have the same bytes.
    problems : list of Problem
        Files that were not taken, in the order of the source.
    n_duplicates : int
        Files whose bytes had come before; each is also a problem of kind "duplicate" or
        "label_conflict".
    files : mapping
        "pack": the originals back to back; "pixels": uint8 .npy (n_images, size_px, size_px, 3);
        "atlas": JPEG thumbnails back to back; "atlas_offsets": int64 .npy (n_images + 1,).
    size_px : int
        Side of the square pixels.
    labels : tuple of str
        The labels, in order.
    """

    rows: list[BuiltImage]
    problems: list[Problem]
    n_duplicates: int
    files: Mapping[str, Path]
    size_px: int
    labels: tuple[str, ...]
