"""What each algorithm that was tried does, in a plain sentence."""

from __future__ import annotations

from collections.abc import Mapping

from core.language import phrase, t
from core.models import ALGORITHMS
from core.records import Dataset
from core.services.reports.blocks import Facts
from core.services.runs.training import list_runs
from core.store.database import Workspace

_IN_FULL: Mapping[str, str] = {  # of the others the line that the Train page shows
    "probe": phrase("One layer learns to read embeddings; the network that makes them stays."),
    "knn": phrase("The training images whose embeddings are nearest vote."),
    "transfer": phrase("A network that learned from other pictures goes on learning from these."),
    "cnn": phrase("A small network that learns from these images alone."),
    "alexnet": phrase("The network that won a well-known contest in 2012, trained from scratch."),
    "prototypical": phrase(
        "Made for few images a class (one-shot): the class whose mean image is nearest."
    ),
    "matching": phrase(
        "Made for few images a class (one-shot): examples of each class vote, the more alike the "
        "more."
    ),
    "siamese": phrase(
        "Made for few images a class (one-shot): learns whether two images are of one class."
    ),
    "memory": phrase(
        "Made for few images a class (one-shot): keeps what it saw, and looks up what is alike."
    ),
}
_ELSEWHERE = phrase("Trained elsewhere; what it said of these images was taken in.")


def told(ws: Workspace, dataset: Dataset) -> Facts:
    """Return what each algorithm of a data set's runs does, and where it is from."""
    names = dict.fromkeys(run.algorithm for run in list_runs(ws, dataset.id))
    return Facts([(name, _what(name)) for name in names])


def _what(name: str) -> str:
    known = ALGORITHMS.get(name)
    if known is None:
        return t(_ELSEWHERE)
    what = t(_IN_FULL.get(name, known.summary))
    return t("{what} Source: {source}.", what=what, source=t(known.paper))
