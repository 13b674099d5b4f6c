"""Small picture files made on the spot, and the folders and zips they come in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def rgb(seed: int = 0, width: int = 24, height: int = 24) -> np.ndarray:
    """Smooth pixels (height, width, 3) that differ for each seed and survive a JPEG."""
    coarse = np.random.default_rng(seed).integers(30, 226, (3, 3, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))


def encoded(seed: int = 0, fmt: str = "PNG", width: int = 24, height: int = 24, **save) -> bytes:
    """One picture file; no two seeds have the same bytes."""
    file = io.BytesIO()
    Image.fromarray(rgb(seed, width, height)).save(file, fmt, **save)
    return file.getvalue()


def class_files(n_per_class: int = 3, labels=("cat", "dog"), **save) -> dict[str, bytes]:
    """`label/0.png` and so on, all different."""
    return {
        f"{label}/{i}.png": encoded(100 * k + i, **save)
        for k, label in enumerate(labels)
        for i in range(n_per_class)
    }


def write_folder(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files by relative path and return the folder."""
    root.mkdir(exist_ok=True)
    for name, data in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return root


def write_zip(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """Write a zip of files by name and return its path."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
