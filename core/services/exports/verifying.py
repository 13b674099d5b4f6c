"""Ask an exported folder again what was recorded when it was written, and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.services.exports import manifest as m
from core.services.exports.manifest import ExampleEntry
from core.services.exports.opening import open_export, read_file
from core.settings import ImageLimits

TOLERANCE = 1e-5  # of a probability: rounding on another processor stays near 1e-6


def verify(folder: Path, limits: ImageLimits, n_threads: int = 1) -> dict[str, Any]:
    """Check every byte of an exported folder, and ask it the recorded examples again.

    Returns
    -------
    dict
        folder, model, n_files, n_checked and n_equal (examples; equal: the same class and route,
        and every probability within `TOLERANCE`), largest_difference (of a probability), unequal
        [{file, expected, received, difference}].

    Raises
    ------
    InvalidInput
        As `open_export`.
    """
    exported = open_export(folder, n_threads)
    its = exported.manifest
    for name in sorted(its.files):
        read_file(folder, its, name)
    names = [m.example_file(index) for index in range(len(its.examples))]
    answers = exported.answer([(n, read_file(folder, its, n)) for n in names], limits)
    differences = [_difference(e, a) for e, a in zip(its.examples, answers, strict=True)]
    rows = list(zip(its.examples, answers, differences, strict=True))
    unequal = [
        {
            "file": said["file"],
            "expected": f"{example.answer} ({example.route})",
            "received": f"{said['class']} ({said['route']})",
            "difference": difference,
        }
        for example, said, difference in rows
        if (said["class"], said["route"]) != (example.answer, example.route)
        or not difference <= TOLERANCE  # also of NaN
    ]
    return {
        "folder": str(folder),
        "model": its.model,
        "n_files": len(its.files),
        "n_checked": len(rows),
        "n_equal": len(rows) - len(unequal),
        "largest_difference": max(differences),
        "unequal": unequal,
    }


def _difference(example: ExampleEntry, said: dict[str, Any]) -> float:
    pairs = zip(example.probabilities, said["probabilities"].values(), strict=True)
    return float(max(abs(before - now) for before, now in pairs))
