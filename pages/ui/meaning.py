"""What each figure means, said once: the tooltips of all pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.language import text
from pages.ui import names

MEANING = {
    "accuracy": "Share of images whose predicted class is the true one.",
    "chance": (
        "What guessing reaches when it knows only how frequent each class is. It rises by itself "
        "when there are fewer classes."
    ),
    "kappa": (
        "Cohen's kappa: how much of what chance leaves open the answers get right. "
        "0 is guessing, 1 is perfect."
    ),
    "bits": (
        "Mutual information of true and predicted class: how much one answer tells. "
        "Merging classes can only lose bits. Few images make the figure too high; the interval "
        "takes that off."
    ),
    "skill": (
        "How much of what chance leaves open the answers get right: (accuracy - chance level) / "
        "(1 - chance level). 0 is guessing, 1 is perfect."
    ),
    "itca": (
        "Information-theoretic classification accuracy: every right answer counts -ln of its "
        "class's share, so it is worth less the fewer classes there are. A merge pays only if it "
        "rises."
    ),
    "gain_rank": (
        "Where the gain in accuracy stands among merges that leave groups of the same sizes: all "
        "of them up to 10 classes, random ones beyond. 1st of many: no other merge of that kind "
        "gains as much. Ties count against it."
    ),
    "excess_gain": (
        "Gain in accuracy less the mean gain of all merges of the same sizes: what is left when "
        "what fewer classes give by themselves is taken off."
    ),
    "balanced_accuracy": "Mean over the classes of the share that is recognised.",
    "macro_f1": "Mean over the classes of F1, which weighs misses and false alarms alike.",
    "log_loss": "Mean of -ln(probability given to the true class); lower is better.",
    "ece": (
        "Calibration error: how far confidence and share of right answers lie apart; 0 is perfect. "
        "Few images put a noise floor under it, which the interval leaves out."
    ),
    "augrc": (
        "AUGRC: the chance that a wrong answer goes through because the model was surer of it "
        "than of another image. Lower is better: it takes few errors and a confidence that knows "
        "them."
    ),
    "ms_per_image": (
        "Milliseconds from the pixels of an image to the answer, on one processor. A cascade asks "
        "its expert about some images only."
    ),
    "deferral_rate": "Share of images that the generalist passes on to an expert.",
    "recovery": "Share of the deferred images where the expert corrects a wrong answer.",
    "breakage": "Share of the deferred images where the expert spoils a right answer.",
    "gain": (
        "Accuracy of the cascade less that of the generalist alone: images corrected minus "
        "images spoilt, over all images."
    ),
    "random": (
        "Net gain expected when the same number of images, drawn at random from all, is passed on. "
        "A cascade that does not beat it asks about the wrong images."
    ),
}


def spread(bounds: Sequence[float]) -> str:
    """Return the bounds of a difference of shares as "-1.3 to +3.8 points"."""
    return f"{100 * bounds[0]:+.1f} to {text.points(bounds[1])}"


def explain(figure: str, n_images: int, split: str, more: str = "") -> str:
    """Return a tooltip: what a figure means, and on how many images of which split it stands."""
    return f"{MEANING[figure]} On {n_images:,} {names.SPLITS[split]} images. {more}".rstrip()


def accuracy_card(label: str, figures: dict[str, Any], split: str, **more: Any) -> None:
    """Draw an accuracy with its interval in the tooltip and under the number."""
    st.metric(
        label,
        text.percent(figures["accuracy"]),
        help=explain(
            "accuracy",
            figures["n_images"],
            split,
            f"95 % interval (Wilson): {text.interval(figures['accuracy_ci'])}.",
        ),
        border=True,
        height="stretch",
        **more,
    )
