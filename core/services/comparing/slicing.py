"""Slices: on which kinds of image is a model worse than on the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.analysis.comparisons import slices
from core.analysis.comparisons.paired import holm
from core.analysis.comparisons.slices import Slice
from core.ids import content_id
from core.language import phrase
from core.services.comparing.questions import Answers, Question, truth
from core.services.data import datasets, exploring
from core.services.data.brightness import brightness
from core.services.labels import label_sets
from core.store.database import Workspace

N_PARTS = 4  # of what is measured: quarters of the images
SURE = 0.05  # a smaller p, corrected for the number of slices, is called a finding
AGREES, DIFFERS = phrase("as given"), phrase("another label")
UNKNOWN = phrase("not reviewed")


@dataclass(frozen=True, slots=True, eq=False)
class Slicing:
    """One way to divide the images of a question.

    Attributes
    ----------
    by : {"class", "size", "brightness", "contrast", "cluster", "labels"}
    codes : array of int64, shape (n_images,)
        Aligned with the images of the question.
    parts : tuple
        A name, or (least, largest) of what is measured: pixels for size, else shares.
    """

    by: str
    codes: np.ndarray
    parts: tuple[str | tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A slice beside the rest; `holm_p` is corrected for the number of slices."""

    by: str
    part: str | tuple[float, float]
    code: int
    slice: Slice
    holm_p: float

    @property
    def worse(self) -> bool:
        """Return whether it is worse than the rest, beyond what chance explains."""
        return self.holm_p < SURE and self.slice.difference < 0


def version(ws: Workspace, dataset_id: str) -> str:
    """Return what changes when a slicing by clusters or reviews would."""
    found = exploring.exploration(ws, dataset_id)
    newest = label_sets.list_label_sets(ws, dataset_id)[:1]
    seen = [found["seed"], found["crosstab"], list(found["clusters"])] if found else []
    return content_id("slicing", [[record.id for record in newest], seen])


def slicings(ws: Workspace, question: Question) -> list[Slicing]:
    """Return every way to divide the images of a question that tells any apart.

    Notes
    -----
    What is measured is cut into quarters of the images. Clusters are those that the newest
    exploration is about; "labels" says what the newest label set made of the given label.

    Raises
    ------
    InvalidInput
        If the question has no images.
    """
    positions, y = truth(ws, question)
    frame = datasets.images(ws, question.dataset_id)
    area = (frame["width"].to_numpy() * frame["height"].to_numpy())[positions]
    light = brightness(ws, question.dataset_id)[positions]
    measured = {"size": area, "brightness": light[:, 0], "contrast": light[:, 1]}
    found = [Slicing("class", y, question.classes)]
    for by, values in measured.items():
        codes, ranges = slices.parts_of_equal_size(values, N_PARTS)
        found.append(Slicing(by, codes, tuple(ranges)))
    found += _by_cluster(ws, question, positions) + _by_review(ws, question, positions)
    return [slicing for slicing in found if len(np.unique(slicing.codes)) > 1]


def findings(said: Answers, divided: Sequence[Slicing]) -> list[Finding]:
    """Return all slices of a model's answers: findings first, then the furthest below the rest."""
    rows = [
        (slicing.by, slicing.parts[code], code, its)
        for slicing in divided
        for code, its in enumerate(slices.slices(said.right, slicing.codes, len(slicing.parts)))
        if its is not None
    ]
    corrected = holm([its.p_value for *_, its in rows])
    found = [Finding(*row, float(p)) for row, p in zip(rows, corrected, strict=True)]
    return sorted(found, key=lambda row: (not row.worse, row.slice.difference))


def images_in(
    said: Answers, divided: Sequence[Slicing], finding: Finding
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a slice's images and whether each is right; the surest errors first."""
    (codes,) = (slicing.codes for slicing in divided if slicing.by == finding.by)
    inside = np.flatnonzero(codes == finding.code)
    right = said.right[inside]
    order = np.lexsort((-said.confidence[inside], right))
    return inside[order], right[order]


def table(found: Sequence[Finding], model: str, split: str) -> pd.DataFrame:
    """Return one row a slice, to be downloaded."""
    return pd.DataFrame(
        [
            {
                "model": model,
                "split": split,
                "by": row.by,
                "slice": row.part if isinstance(row.part, str) else None,
                "least": None if isinstance(row.part, str) else row.part[0],
                "largest": None if isinstance(row.part, str) else row.part[1],
                "n_images": row.slice.n_images,
                "accuracy": row.slice.accuracy,
                "low": row.slice.accuracy_ci[0],
                "high": row.slice.accuracy_ci[1],
                "difference_to_rest": row.slice.difference,
                "p_value": row.slice.p_value,
                "holm_p": row.holm_p,
            }
            for row in found
        ]
    )


def _by_cluster(ws: Workspace, question: Question, positions: np.ndarray) -> list[Slicing]:
    found = exploring.exploration(ws, question.dataset_id)
    if found is None:
        return []
    k = found["crosstab"]["k"]
    codes = np.asarray(found["clusters"][k][positions], dtype=np.int64)
    return [Slicing("cluster", codes, tuple(str(c + 1) for c in range(k)))]


def _by_review(ws: Workspace, question: Question, positions: np.ndarray) -> list[Slicing]:
    """Divide by what the newest label set says of the labels of the import."""
    newest = label_sets.list_label_sets(ws, question.dataset_id)[:1]
    if not newest:
        return []
    dataset = datasets.get_dataset(ws, question.dataset_id)
    given = datasets.label_indices(ws, dataset)[positions]
    differs = label_sets.indices(ws, dataset, newest[0])[positions] != given
    sure = label_sets.quality(ws, newest[0])
    unknown = ~differs & (np.isnan(sure[positions]) if sure is not None else False)
    codes = np.where(unknown, 2, differs.astype(np.int64))
    return [Slicing("labels", codes, (AGREES, DIFFERS, UNKNOWN))]
