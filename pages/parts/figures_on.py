"""Which images figures stand on, in words."""

from __future__ import annotations

from core.language import phrase, t
from pages.ui import names

_SPLIT = {
    "train": phrase("Training split"),
    "val": phrase("Validation split"),
    "test": phrase("Test split"),
}


def images(n_images: int, split: str) -> str:
    """Return "1,050 test images"."""
    return t("{n:,} {split} images", n=n_images, split=t(names.SPLITS[split]))


def on(n_images: int, split: str) -> str:
    """Return "On 1,050 test images.": the end of a tooltip."""
    return t("On {n:,} {split} images.", n=n_images, split=t(names.SPLITS[split]))


def split_of(split: str, n_images: int) -> str:
    """Return "Test split, 1,050 images": the beginning of a caption."""
    return t("{split}, {n:,} images", split=t(_SPLIT[split]), n=n_images)


def whole_split(split: str) -> str:
    """Return "Test split"."""
    return t(_SPLIT[split])
