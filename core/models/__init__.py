"""Backbones, embeddings, algorithms and their training; Keras is imported inside functions.

`ALGORITHMS` is the table of what can be trained; adding an algorithm is adding a module and a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput
from core.models import cnn, probe
from core.models.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A way of training a classifier: what it is called, what it eats, how it is built."""

    name: str
    title: str
    summary: str
    paper: str
    input: Literal["embedding", "pixels"]
    options: type  # a frozen dataclass; see core.models.options
    build: Callable[..., Recipe]  # as core.models.probe.build


ALGORITHMS: Mapping[str, Algorithm] = {
    a.name: a
    for a in (
        Algorithm(
            "probe",
            "Probe",
            "A linear head on the embeddings of a pretrained backbone; trained in seconds",
            "Alain and Bengio 2016; Kornblith et al. 2019",
            "embedding",
            probe.ProbeOptions,
            probe.build,
        ),
        Algorithm(
            "cnn",
            "CNN",
            "A small residual network that learns from the pixels alone; trained in minutes",
            "He et al. 2016",
            "pixels",
            cnn.CnnOptions,
            cnn.build,
        ),
    )
}


def get_algorithm(name: str) -> Algorithm:
    """Return the algorithm of that name.

    Raises
    ------
    InvalidInput
        If there is none; the sentence lists those there are.
    """
    if name not in ALGORITHMS:
        raise InvalidInput("unknown algorithm", expected=" or ".join(ALGORITHMS), received=name)
    return ALGORITHMS[name]
