"""The figures of a cascade, told in sentences that need no confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.language import Sentence, t, text, tn
from core.services.cascades import guaranteeing
from core.services.decisions.telling import Figures, beyond_guessing


def gains(figures: Figures) -> tuple[Sentence, ...]:
    """Tell what the experts change among what is answered."""
    after = figures["after"]
    if after is None:
        return (t("Nothing is answered without a person."),)
    if not figures["n_deferred"]:
        return (t("Every answer is that of the generalist: nothing is gained."),)
    low, high = figures["gain_ci"]
    said = [
        t(
            "Of {n:,} answers on test images, {after:.1%} are right ({interval}, 95 % interval): "
            "{gain} against the generalist alone on the same images ({low:+.1f} to {high}).",
            n=figures["n_answered"],
            after=after["accuracy"],
            interval=text.interval(after["accuracy_ci"]),
            gain=text.points(figures["gain"]),
            low=100 * low,
            high=text.points(high),
        ),
        t(
            "The experts change {won} and {lost}.",
            won=tn(
                "{n:,} wrong answer into a right one",
                "{n:,} wrong answers into right ones",
                figures["n_recovered"],
            ),
            lost=tn(
                "{n:,} right answer into a wrong one",
                "{n:,} right answers into wrong ones",
                figures["n_broken"],
            ),
        ),
    ]
    if not figures["person"] and figures["before"]:
        said.append(beyond_guessing(figures["before"], after))
    return tuple(said)


def costs(figures: Figures) -> tuple[Sentence, ...]:
    """Tell what the experts and the person cost."""
    said = []
    if figures["person_rate"]:
        said.append(
            t("A person has to look at {share:.1%} of the images.", share=figures["person_rate"])
        )
    costs = figures["costs"] or {}
    if costs.get("added_ms_per_image"):
        said.append(
            t("An answer takes {ms:.1f} ms longer on average.", ms=costs["added_ms_per_image"])
        )
    if costs.get("added_training_s") is not None:
        said.append(
            t(
                "Training the experts took {duration}; it is due again whenever the model is "
                "trained anew.",
                duration=text.duration(costs["added_training_s"]),
            )
        )
    return tuple(said)


def evidence(figures: Figures, promise: Mapping[str, Any] | None) -> tuple[Sentence, ...]:
    """Tell each expert's account, and what is promised."""
    said = [
        tn(
            "{pair}: asked about {n:,} test image; {won:,} corrected, {lost:,} spoilt.",
            "{pair}: asked about {n:,} test images; {won:,} corrected, {lost:,} spoilt.",
            row["n_deferred"],
            pair=" / ".join(row["pair"]),
            won=row["n_recovered"],
            lost=row["n_broken"],
        )
        for row in figures["pairs"]
        if row["n_deferred"]
    ]
    if promise is not None:
        said.append(guaranteeing.sentence(promise))
    return tuple(said)
