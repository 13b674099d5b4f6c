"""What each figure means, said once: the tooltips of all pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.language import phrase, t, text
from pages.ui import names

MEANING = {
    "accuracy": phrase("Share of images whose predicted class is the true one."),
    "chance": phrase(
        "What guessing reaches when it knows only how frequent each class is. It rises by itself "
        "when there are fewer classes."
    ),
    "kappa": phrase(
        "Cohen's kappa: how much of what chance leaves open the answers get right. "
        "0 is guessing, 1 is perfect."
    ),
    "bits": phrase(
        "Mutual information of true and predicted class: how much one answer tells. "
        "Merging classes can only lose bits. Few images make the figure too high; the interval "
        "takes that off."
    ),
    "skill": phrase(
        "How much of what chance leaves open the answers get right: (accuracy - chance level) / "
        "(1 - chance level). 0 is guessing, 1 is perfect."
    ),
    "itca": phrase(
        "Information-theoretic classification accuracy: every right answer counts -ln of its "
        "class's share, so it is worth less the fewer classes there are. A merge pays only if it "
        "rises."
    ),
    "gain_rank": phrase(
        "Where the gain in accuracy stands among merges that leave groups of the same sizes: all "
        "of them up to 10 classes, random ones beyond. 1st of many: no other merge of that kind "
        "gains as much. Ties count against it."
    ),
    "excess_gain": phrase(
        "Gain in accuracy less the mean gain of all merges of the same sizes: what is left when "
        "what fewer classes give by themselves is taken off."
    ),
    "balanced_accuracy": phrase("Mean over the classes of the share that is recognised."),
    "macro_f1": phrase("Mean over the classes of F1, which weighs misses and false alarms alike."),
    "log_loss": phrase("Mean of -ln(probability given to the true class); lower is better."),
    "ece": phrase(
        "Calibration error: how far confidence and share of right answers lie apart; 0 is perfect. "
        "Few images put a noise floor under it, which the interval leaves out."
    ),
    "augrc": phrase(
        "AUGRC: the chance that a wrong answer goes through because the model was surer of it "
        "than of another image. Lower is better: it takes few errors and a confidence that knows "
        "them."
    ),
    "ms_per_image": phrase(
        "Milliseconds from the pixels of an image to the answer, on one processor. A cascade asks "
        "its expert about some images only."
    ),
    "deferral_rate": phrase("Share of images that the generalist passes on to an expert."),
    "recovery": phrase("Share of the deferred images where the expert corrects a wrong answer."),
    "breakage": phrase("Share of the deferred images where the expert spoils a right answer."),
    "gain": phrase(
        "Accuracy of the cascade less that of the generalist alone: images corrected minus "
        "images spoilt, over all images."
    ),
    "random": phrase(
        "Net gain expected when the same number of images, drawn at random from all, is passed on. "
        "A cascade that does not beat it asks about the wrong images."
    ),
}


def spread(bounds: Sequence[float]) -> str:
    """Return the bounds of a difference of shares as "-1.3 to +3.8 points"."""
    low, high = 100 * bounds[0], 100 * bounds[1]
    return t("{low:+.1f} to {high:+.1f} points", low=low, high=high)


def explain(figure: str, n_images: int, split: str, more: str = "") -> str:
    """Return a tooltip: what a figure means, and on how many images of which split it stands."""
    on = names.images(split, n_images)
    said = t("{meaning} On {images}.", meaning=t(MEANING[figure]), images=on)
    return f"{said} {more}".rstrip()


def accuracy_card(label: str, figures: dict[str, Any], split: str, **more: Any) -> None:
    """Draw an accuracy with its interval in the tooltip and under the number."""
    st.metric(
        label,
        text.percent(figures["accuracy"]),
        help=explain(
            "accuracy",
            figures["n_images"],
            split,
            t(
                "95 % interval (Wilson): {interval}.",
                interval=text.interval(figures["accuracy_ci"]),
            ),
        ),
        border=True,
        height="stretch",
        **more,
    )
