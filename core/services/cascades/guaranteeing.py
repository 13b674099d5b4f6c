"""Promise an error rate on what is answered without a person, or say why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from core.analysis.cascades.guarantee import Guarantee, guarantee, upper_bound
from core.analysis.cascades.routes import Thresholds
from core.language import Sentence, t
from core.services.cascades.members import Members, kept_for_calibration
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Promise:
    """A guarantee, the thresholds that it holds for, and how it did on other test images."""

    guarantee: Guarantee
    thresholds: Thresholds | None  # None: nothing is promised
    n_checked: int  # test images that were not calibrated on and are answered without a person
    n_wrong: int  # of them

    @property
    def sentence(self) -> str:
        """Return what is promised, or what is missing."""
        return _sentence(self.guarantee)

    def summary(self) -> dict[str, Any]:
        """Return it in plain Python values."""
        high = float(upper_bound(self.n_wrong, self.n_checked, self.guarantee.confidence))
        return {
            **asdict(self.guarantee),
            "sentence": self.sentence,
            "n_checked": self.n_checked,
            "n_wrong": self.n_wrong,
            "checked_upper_bound": high,
        }


def sentence(kept: Mapping[str, Any]) -> Sentence:
    """Return what a promise says, in the reader's language, from what `summary` kept of it."""
    return _sentence(Guarantee(**{its.name: kept[its.name] for its in fields(Guarantee)}))


def _sentence(g: Guarantee) -> Sentence:
    asked = t(
        "at most {error:g} % wrong with {sure:g} % confidence",
        error=100 * g.max_error,
        sure=100 * g.confidence,
    )
    if g.threshold is not None:
        return t(
            "Of what is answered without a person, {asked}: {n_wrong:,} of {n:,} calibration "
            "images were wrong, so the rate is below {bound:.1%}.",
            asked=asked,
            n_wrong=g.n_errors,
            n=g.n_accepted,
            bound=g.upper_bound,
        )
    if g.n_missing:
        return t(
            "There are too few images to promise {asked}: it takes {n_needed:,} that are answered "
            "without any error, and {n:,} are; {n_missing:,} are missing.",
            asked=asked,
            n_needed=g.n_needed,
            n=g.n_accepted,
            n_missing=g.n_missing,
        )
    return t(
        "No threshold keeps this promise ({asked}): at the best one {n_wrong:,} of {n:,} "
        "calibration images were wrong, and the rate may be as high as {bound:.1%}.",
        asked=asked,
        n_wrong=g.n_errors,
        n=g.n_accepted,
        bound=g.upper_bound,
    )


def promise(
    ws: Workspace, members: Members, taus: tuple[float, ...], max_error: float, confidence: float
) -> Promise:
    """Look for the lowest confidence that can be answered without a person and keeps a promise.

    Parameters
    ----------
    taus : tuple of float, one an expert
        They stay; so they must not have been chosen on test images.
    max_error, confidence : float in (0, 1)
        At most so many of the answers may be wrong, and how sure that must be.

    Raises
    ------
    InvalidInput
        If a share is out of range.

    Notes
    -----
    Validation decides in which order thresholds are tried, one half of the test images whether
    they hold, and the other half shows how the promise does on images that had no say.
    """
    calibrating = kept_for_calibration(ws, members)
    said = {}
    for name, part in (("val", members.val), ("test", members.test)):
        routed = part.send(members.pairs, Thresholds(taus))
        said[name] = routed.confidence.clip(0.0, 1.0), routed.answer == part.y
    sure, right = said["test"]
    found = guarantee(said["val"], (sure[calibrating], right[calibrating]), max_error, confidence)
    if found.threshold is None:
        return Promise(found, None, 0, 0)
    kept = ~calibrating & (sure >= found.threshold)
    thresholds = Thresholds(taus, found.threshold)
    return Promise(found, thresholds, int(kept.sum()), int(np.sum(~right & kept)))
