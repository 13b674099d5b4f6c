"""Do these images look like those the model was measured on? Silent where nothing can be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.analysis.novelty import Drift
from core.language import phrase, t, tn
from core.records import CascadeRecord, Run
from core.services.runs import drifting
from core.services.workspace import Workspace
from pages.parts.predict_source import Asked

FAR = phrase(
    "This image is farther from the training images than 99 of 100 test images. Confidence speaks "
    "of images like the test images: it may not hold here."
)
FAR_PROMISED = phrase(
    "This image is farther from the training images than 99 of 100 test images. Confidence, and "
    "the guarantee of a threshold, speak of images like the test images: they may not hold here."
)
UNLIKE = phrase(
    "**These images look unlike the test images: the confidence of each answer may not hold.** "
    "{story}"
)
UNLIKE_PROMISED = phrase(
    "**These images look unlike those the guarantee was calibrated on: it may not hold.** {story} "
    "The same goes for the confidence of each answer."
)


def one(ws: Workspace, model: CascadeRecord | Run, asked: Asked) -> None:
    """Warn of a new image that lies far out."""
    if not isinstance(asked, int) and drifting.is_far(ws, model.id, (asked.name, asked.getvalue())):
        st.warning(t(FAR_PROMISED if _promised(model) else FAR), icon=":material/explore_off:")


def _promised(model: CascadeRecord | Run) -> bool:
    """Say whether a threshold of this model was guaranteed, so that there is something to void."""
    promise = model.plan["promise"] if isinstance(model, CascadeRecord) else None
    return promise is not None and promise["threshold"] is not None


def many(ws: Workspace, model: CascadeRecord | Run, rows: Sequence[Mapping[str, Any]]) -> None:
    """Say how many of the images that were answered lie far out, and whether it is too many."""
    found = drifting.drift(ws, model.id, rows)
    if found is None:
        return
    if found.p_value <= drifting.DRIFT_LEVEL:
        st.warning(
            t(UNLIKE_PROMISED if _promised(model) else UNLIKE, story=story(found)),
            icon=":material/explore_off:",
        )
    else:
        st.caption(
            t(
                "Nothing says that these images are unlike the test images: {story}",
                story=story(found),
            )
        )


def story(found: Drift) -> str:
    """Return how many lie far out, against how many were expected."""
    if found.p_value >= 0.001:
        chance = t("p = {p:.3f}", p=found.p_value)
    else:
        chance = t("p < {p:.3f}", p=0.001)
    return tn(
        "{n_far:,} of {n:,} image ({rate:.1%}) lie farther from the training images than 95 of 100 "
        "test images do; {expected:.1%} are expected ({chance}, taking the images as independent "
        "of each other).",
        "{n_far:,} of {n:,} images ({rate:.1%}) lie farther from the training images than 95 of "
        "100 test images do; {expected:.1%} are expected ({chance}, taking the images as "
        "independent of each other).",
        found.n_images,
        n_far=found.n_far,
        rate=found.far_rate,
        expected=found.expected_rate,
        chance=chance,
    )
