"""Mistakes: the surest errors, those that all models share, and what joining models could gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.analysis.comparisons import mistakes, paired
from core.analysis.comparisons.mistakes import Shared
from core.analysis.metrics import wilson_interval
from core.services.comparing.questions import Answers, Question
from core.services.data.datasets import images
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Share:
    """A share of right answers, of how many images, with its 95 % interval (Wilson)."""

    n_images: int
    n_right: int

    @property
    def accuracy(self) -> float:
        """Return the share."""
        return self.n_right / self.n_images

    @property
    def ci(self) -> tuple[float, float]:
        """Return its interval."""
        return wilson_interval(self.n_right, self.n_images)


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What models could reach together.

    Attributes
    ----------
    own : tuple of Share
        Of each model.
    alone : tuple of array of int64
        Rows of the images that each model alone gets right, the surest first.
    any_right : Share
        Images that at least one model gets right: no choice among their answers beats it.
    averaged : Share
        Of the plain average of their probabilities.
    best : int
        The model that is right most often on these images; a tie goes to the first.
    gain, gain_ci, gain_p : float, (float, float), float
        Accuracy of the average less that of the best, its paired bootstrap interval, and
        McNemar's exact p.
    """

    own: tuple[Share, ...]
    alone: tuple[np.ndarray, ...]
    any_right: Share
    averaged: Share
    best: int
    gain: float
    gain_ci: tuple[float, float]
    gain_p: float


def surest(said: Answers) -> np.ndarray:
    """Return the rows of a model's errors, the most confident first."""
    return mistakes.surest_errors(said.confidence, said.right)


def shared(said: Sequence[Answers]) -> Shared:
    """Return the images that all models answer wrongly: label suspects."""
    return mistakes.shared_errors(
        said[0].y, [its.predicted for its in said], [its.confidence for its in said]
    )


def worth(said: Sequence[Answers]) -> Worth:
    """Return what the answers of some models to one question are worth together."""
    y, n = said[0].y, len(said[0].y)
    right = np.array([its.right for its in said])
    averaged = mistakes.average([its.probs for its in said]).argmax(axis=1) == y
    best = int(right.sum(axis=1).argmax())
    gain, gain_ci = paired.paired_difference(averaged, right[best])
    return Worth(
        own=tuple(Share(n, int(mine.sum())) for mine in right),
        alone=tuple(mistakes.right_alone(right, [its.confidence for its in said])),
        any_right=Share(n, int(right.any(axis=0).sum())),
        averaged=Share(n, int(averaged.sum())),
        best=best,
        gain=gain,
        gain_ci=gain_ci,
        gain_p=paired.mcnemar_exact(averaged, right[best]),
    )


def images_table(
    ws: Workspace, question: Question, said: Sequence[Answers], rows: np.ndarray
) -> pd.DataFrame:
    """Return some images with what each model said of them, to be downloaded."""
    positions = said[0].positions[rows]
    frame = images(ws, question.dataset_id).iloc[positions]
    classes = np.array(question.classes, dtype=object)
    table: pd.DataFrame = frame[["image_id", "path", "split", "label"]].rename(
        columns={"image_id": "image"}
    )
    table["true"] = classes[said[0].y[rows]]
    for its in said:
        table[f"answer_{its.model}"] = classes[its.predicted[rows]]
        table[f"confidence_{its.model}"] = its.confidence[rows]
    return table


def worth_table(said: Sequence[Answers], found: Worth, split: str) -> pd.DataFrame:
    """Return one row a model, then any and the average, to be downloaded."""
    names = [*(its.model for its in said), "any of them right", "average of their probabilities"]
    shares = [*found.own, found.any_right, found.averaged]
    alone: list[int | None] = [*(len(rows) for rows in found.alone), None, None]
    return pd.DataFrame(
        [
            {
                "model": name,
                "split": split,
                "n_images": share.n_images,
                "accuracy": share.accuracy,
                "low": share.ci[0],
                "high": share.ci[1],
                "n_right_alone": n_alone,
            }
            for name, share, n_alone in zip(names, shares, alone, strict=True)
        ]
    )
