"""Backbones, embeddings, algorithms and their training; Keras is imported inside functions.

`ALGORITHMS` is the table of what can be trained; adding an algorithm is adding a module and a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput
from core.language import phrase, t
from core.models import (
    alexnet,
    cnn,
    knn,
    matching,
    memory,
    probe,
    prototypical,
    siamese,
    transfer,
)
from core.models.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A way of training a classifier: what it is called, what it eats, how it is built."""

    name: str
    title: str
    summary: str  # one short line in a list of them
    paper: str
    input: Literal["embedding", "pixels"]
    options: type  # a frozen dataclass; see core.models.options
    build: Callable[..., Recipe]  # as core.models.probe.build


ALGORITHMS: Mapping[str, Algorithm] = {
    a.name: a
    for a in (
        Algorithm(
            "probe",
            phrase("Probe"),
            phrase("A linear head on embeddings; seconds"),
            phrase("Alain and Bengio 2016; Kornblith et al. 2019"),
            "embedding",
            probe.ProbeOptions,
            probe.build,
        ),
        Algorithm(
            "knn",
            phrase("Nearest neighbours"),
            phrase("The nearest training images vote; seconds"),
            phrase("Cover and Hart 1967; Wu et al. 2018"),
            "embedding",
            knn.KnnOptions,
            knn.build,
        ),
        Algorithm(
            "transfer",
            phrase("Transfer"),
            phrase("A pretrained network, tuned; minutes"),
            phrase("Yosinski et al. 2014"),
            "pixels",
            transfer.TransferOptions,
            transfer.build,
        ),
        Algorithm(
            "cnn",
            phrase("CNN"),
            phrase("A small residual network; minutes"),
            phrase("He et al. 2016"),
            "pixels",
            cnn.CnnOptions,
            cnn.build,
        ),
        Algorithm(
            "alexnet",
            phrase("AlexNet"),
            phrase("The network of 2012; minutes"),
            phrase("Krizhevsky et al. 2012"),
            "pixels",
            alexnet.AlexnetOptions,
            alexnet.build,
        ),
        Algorithm(
            "prototypical",
            phrase("Prototypical"),
            phrase("One-shot: the nearest class mean"),
            phrase("Snell et al. 2017"),
            "pixels",
            prototypical.PrototypicalOptions,
            prototypical.build,
        ),
        Algorithm(
            "matching",
            phrase("Matching"),
            phrase("One-shot: attention over a support set"),
            phrase("Vinyals et al. 2016"),
            "pixels",
            matching.MatchingOptions,
            matching.build,
        ),
        Algorithm(
            "siamese",
            phrase("Siamese"),
            phrase("One-shot: are two images of one class?"),
            phrase("Koch et al. 2015"),
            "pixels",
            siamese.SiameseOptions,
            siamese.build,
        ),
        Algorithm(
            "memory",
            phrase("Memory"),
            phrase("One-shot: an external memory"),
            phrase("Santoro et al. 2016"),
            "pixels",
            memory.MemoryOptions,
            memory.build,
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
        raise InvalidInput(
            t("unknown algorithm"), expected=t(" or ").join(ALGORITHMS), received=name
        )
    return ALGORITHMS[name]
