"""Ask a model about images: one function for a workspace's models and for exported ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.analysis import calibration
from core.analysis.cascades import routes
from core.analysis.cascades.routes import Thresholds
from core.errors import InvalidInput
from core.language import t
from core.models.artifact import Session
from core.models.embedding import Embedder
from core.services.cascades.plan import Plan
from core.settings import ImageLimits
from core.sources.images import Fit, prepare

PREDICT_MOST = 1_000  # files a call; more belong into a data set
NO_THRESHOLDS = Thresholds(())
_ALONE = Plan(NO_THRESHOLDS)


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A single model, or one of a cascade; its files are opened when it is first asked.

    Parameters
    ----------
    id : str
    classes : tuple of str
        In the order of the session's columns.
    temperature : float
    session : callable
        Returns the session that answers.
    backbone : str, optional
        Whose embeddings the session takes; None: pixels.
    embedder : callable, optional
        Returns that backbone; needed with `backbone`.
    """

    id: str
    classes: tuple[str, ...]
    temperature: float
    session: Callable[[], Session]
    backbone: str | None = None
    embedder: Callable[[], Embedder] | None = None

    def ask(self, pixels: np.ndarray, asked: dict[str, np.ndarray]) -> np.ndarray:
        """Return calibrated probabilities of images, (n_images, n_classes).

        Parameters
        ----------
        pixels : array of uint8, shape (n_images, px, px, 3)
        asked : dict
            Embeddings of these images by backbone; one that is missing is made and put there.
        """
        session, x = self.session(), pixels
        if self.backbone is not None and self.embedder is not None:
            embedder = self.embedder()
            if self.backbone not in asked:
                asked[self.backbone] = embedder.embed(pixels)
            x = asked[self.backbone]
        return calibration.apply_temperature(
            session.predict(x).astype(np.float64), self.temperature
        )


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What can be asked: a generalist with its experts and their plan, or one model alone."""

    generalist: Member
    experts: tuple[Member, ...] = ()
    plan: Plan = _ALONE


def check_number(n_files: int) -> None:
    """Raise InvalidInput if so many images are not answered in one call."""
    if not 1 <= n_files <= PREDICT_MOST:
        raise InvalidInput(
            t("this is no number of images for one call"),
            expected=t("1 to {predict_most:,}", predict_most=PREDICT_MOST),
            received=f"{n_files:,}",
            todo=t("import more as a data set"),
        )


def square(name: str, data: bytes, limits: ImageLimits, size_px: int, fit: Fit) -> np.ndarray:
    """Decode an image as an import does, uint8 (size_px, size_px, 3).

    Raises
    ------
    InvalidInput
        If it is no image; the sentence names the file.
    """
    try:
        return decoded(data, limits, size_px, fit)
    except InvalidInput as error:
        raise InvalidInput(
            t("the file {name} cannot be used: {what}", name=name, what=error.what),
            expected=error.expected,
            received=error.received,
        ) from error


def decoded(data: bytes, limits: ImageLimits, size_px: int, fit: Fit) -> np.ndarray:
    """Return what `square` does; its sentence is the reason alone."""
    pixels = prepare(data, limits, size_px, fit).pixels
    return np.frombuffer(pixels, dtype=np.uint8).reshape(size_px, size_px, 3)


def answer(
    model: Model, names: Sequence[str], pixels: np.ndarray, asked: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Ask the generalist, then the experts for what is deferred.

    Parameters
    ----------
    names : sequence of str
        What each image is called in the answer.
    pixels : array of uint8, shape (n_images, px, px, 3)
    asked : dict
        As `Member.ask`.

    Returns
    -------
    list of dict
        file, class, confidence (calibrated), probabilities {class: share}, deferred, route
        ("generalist", "person", or the id of the expert that answered), generalist {class,
        confidence}, expert {run, class, confidence} or None.
    """
    experts, classes = model.experts, model.generalist.classes
    probs = model.generalist.ask(pixels, asked)
    pairs = [tuple(classes.index(name) for name in expert.classes) for expert in experts]
    said = [np.full((len(pixels), len(pair)), 1.0 / len(pair)) for pair in pairs]
    wanted = model.plan.send(probs, pairs, said).asked  # whom they would go to
    for index, expert in enumerate(experts):
        mine = np.flatnonzero(wanted == index)
        if len(mine):
            part = {backbone: vectors[mine] for backbone, vectors in asked.items()}
            said[index][mine] = expert.ask(pixels[mine], part)
    sent = model.plan.send(probs, pairs, said)
    return [
        {
            "file": names[i],
            "class": classes[sent.answer[i]],
            "confidence": float(sent.confidence[i]),
            "probabilities": dict(zip(classes, map(float, sent.probs[i]), strict=True)),
            "deferred": bool(sent.asked[i] >= 0),
            "route": _route(sent.route[i], experts),
            "generalist": _top(probs[i], classes),
            "expert": {
                "run": experts[sent.asked[i]].id,
                **_top(said[sent.asked[i]][i], experts[sent.asked[i]].classes),
            }
            if sent.asked[i] >= 0
            else None,
        }
        for i in range(len(pixels))
    ]


def _route(route: int, experts: Sequence[Member]) -> str:
    if route == routes.PERSON:
        return "person"
    return "generalist" if route == routes.GENERALIST else experts[route].id


def _top(probs: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    best = int(probs.argmax())
    return {"class": classes[best], "confidence": float(probs[best])}
