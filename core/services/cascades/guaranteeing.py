"""Promise an error rate on what is answered without a person, or say why not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.analysis.cascades.guarantee import Guarantee, guarantee, upper_bound
from core.analysis.cascades.routes import Thresholds
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
        g = self.guarantee
        asked = f"at most {100 * g.max_error:g} % wrong with {100 * g.confidence:g} % confidence"
        if g.threshold is not None:
            return (
                f"Of what is answered without a person, {asked}: {g.n_errors:,} of "
                f"{g.n_accepted:,} calibration images were wrong, so the rate is below "
                f"{100 * g.upper_bound:.1f} %."
            )
        if g.n_missing:
            return (
                f"There are too few images to promise {asked}: it takes {g.n_needed:,} that are "
                f"answered without any error, and {g.n_accepted:,} are; {g.n_missing:,} are "
                "missing."
            )
        return (
            f"No threshold keeps this promise ({asked}): at the best one {g.n_errors:,} of "
            f"{g.n_accepted:,} calibration images were wrong, and the rate may be as high as "
            f"{100 * g.upper_bound:.1f} %."
        )

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
