"""Do these images look like those the model was measured on? Silent where nothing can be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.analysis.novelty import Drift
from core.language import phrase, t, tn
from core.services.runs import drifting
from core.services.workspace import Workspace
from pages.parts.predict_source import Asked

FAR = phrase(
    "This image is farther from the training images than 99 of 100 test images. Confidence, and "
    "the guarantee of a threshold, speak of images like the test images: they may not hold here."
)


def one(ws: Workspace, model_id: str, asked: Asked) -> None:
    """Warn of a new image that lies far out."""
    if not isinstance(asked, int) and drifting.is_far(ws, model_id, (asked.name, asked.getvalue())):
        st.warning(t(FAR), icon=":material/explore_off:")


def many(ws: Workspace, model_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Say how many of the images that were answered lie far out, and whether it is too many."""
    found = drifting.drift(ws, model_id, rows)
    if found is None:
        return
    if found.p_value <= drifting.DRIFT_LEVEL:
        st.warning(
            t(
                "**These images look unlike those the guarantee was calibrated on: it may not "
                "hold.** {story} The same goes for the confidence of each answer.",
                story=story(found),
            ),
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
