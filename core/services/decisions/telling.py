"""The figures of a class map, told in sentences that need no confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.language import Sentence, t, text, tn
from core.records import Run

Figures = Mapping[str, Any]

_APART, _ONE_CLUMP = 0.1, 0.4  # overlaps below and above which an adjective is given
_AGREE = 0.5  # alpha: half of what chance leaves open


def gains(figures: Figures) -> tuple[Sentence, ...]:
    """Tell what merging does to accuracy, what of it comes by itself, and what is left."""
    before, after = figures["before"], figures["after"]
    if before is None or after is None:
        return (t("There are no test images to measure it on."),)
    said = [
        t(
            "Of {n:,} test images, {after:.1%} are answered rightly ({interval}, 95 % interval) "
            "instead of {before:.1%} ({interval_before}).",
            n=figures["n_images"],
            after=after["accuracy"],
            interval=text.interval(after["accuracy_ci"]),
            before=before["accuracy"],
            interval_before=text.interval(before["accuracy_ci"]),
        )
    ]
    if figures["n_classes"] < figures["n_labels"]:
        said.append(
            t(
                "A part of that comes by itself: with fewer classes, guessing alone is right in "
                "{after:.1%} of cases instead of {before:.1%}.",
                after=after["chance"],
                before=before["chance"],
            )
        )
        said.append(beyond_guessing(before, after))
    return tuple(said)


def beyond_guessing(before: Figures, after: Figures) -> Sentence:
    """Tell kappa as it is and as proposed; whether that is more than luck, the verdict says."""
    return t(
        "With guessing taken off (kappa: 0 is guessing, 1 is perfect): {after} instead of "
        "{before}.",
        after=_kappa(after),
        before=_kappa(before),
    )


def _kappa(figures: Figures) -> Sentence:
    if figures["kappa_ci"] is None:
        return t("{kappa:.2f}", kappa=figures["kappa"])
    low, high = figures["kappa_ci"]
    return t("{kappa:.2f} ({low:.2f} to {high:.2f})", kappa=figures["kappa"], low=low, high=high)


def costs(figures: Figures) -> tuple[Sentence, ...]:
    """Tell what is lost: what an answer says."""
    before, after = figures["before"], figures["after"]
    if before is None or after is None or figures["n_classes"] == figures["n_labels"]:
        return ()
    return (
        t(
            "{share:.0%} of the images are of classes that can no longer be told apart.",
            share=figures["n_merged"] / figures["n_images"],
        ),
        t(
            "Each answer says less, because there are fewer of them: {after:.2f} bits instead of "
            "{before:.2f}.",
            after=after["bits"],
            before=before["bits"],
        ),
    )


def money(cost: Figures | None) -> tuple[Sentence, ...]:
    """Tell what is saved or paid by the costs that somebody entered; nothing without any."""
    if cost is None:
        return ()
    more = cost["saved"] < 0
    bounds = [cost["low"], cost["high"]]
    amount, low, high = (
        text.number(round(-x if more else x, 2) + 0.0, ",.2f")
        for x in (cost["saved"], *(reversed(bounds) if more else bounds))
    )
    values = {"amount": amount, "low": low, "high": high, "unit": cost["unit"]}
    if more:
        return (
            t(
                "By the costs of mistakes that were entered, an image costs {amount} {unit} more "
                "on average ({low} to {high}, 95 % interval).",
                **values,
            ),
        )
    return (
        t(
            "By the costs of mistakes that were entered, an image costs {amount} {unit} less on "
            "average ({low} to {high}, 95 % interval).",
            **values,
        ),
    )


def judged(figures: Figures, run: Run, judged_on: str) -> Sentence:
    """Tell on which images the verdict rests, whose answers these are, and where gains are told."""
    n_judged, n_test = figures["n_judged"], figures["n_images"]
    values = {
        "model": run.algorithm,
        "id": run.id,
        "test": tn("{n:,} test image", "{n:,} test images", n_test),
    }
    if judged_on == "crossval":
        return t(
            "Whether to merge is judged on {images}, each answered by a model that had not seen it "
            "(cross-validation of {model}, {id}). Gains and costs are told on {test}.",
            images=tn(
                "{n:,} training and validation image",
                "{n:,} training and validation images",
                n_judged,
            ),
            **values,
        )
    return t(
        "Whether to merge is judged on {images}, as {model} ({id}) answers them. Gains and costs "
        "are told on {test}.",
        images=tn("{n:,} validation image", "{n:,} validation images", n_judged),
        **values,
    )


def evidence(figures: Figures) -> tuple[Sentence, ...]:
    """Tell what the model, the reviewers and the embeddings say of each two labels that join."""
    n, better = figures["n_same_sizes"], figures["gain_rank"] - 1
    if figures["n_classes"] == figures["n_labels"]:
        return ()
    among = (
        tn(
            "Of {of:,} ways to merge into classes of the same sizes, {n:,} gains more accuracy.",
            "Of {of:,} ways to merge into classes of the same sizes, {n:,} gain more accuracy.",
            better,
            of=n,
        )
        if better
        else t("Of {n:,} ways to merge into classes of the same sizes, none gains more.", n=n)
    )
    return (among, *(_pair(row) for row in figures["pairs"]))


def _pair(row: Figures) -> Sentence:
    """Tell everything that is known of two labels."""
    model = tn(
        "the model takes {n:,} image of {n_images:,} for the other one.",
        "the model takes {n:,} images of {n_images:,} for the other one.",
        row["n_confused"],
        n_images=row["n_images"],
    )
    known = [model, _people(row["people"])]
    if row["overlap"] is not None:
        known.append(_looks(row["overlap"]))
    return t("{a} and {b}: {known}", a=row["a"], b=row["b"], known=" ".join(known))


def _people(people: Sequence[float] | None) -> Sentence:
    if people is None:
        return t("No two people have reviewed such images yet.")
    alpha, low, high = people
    values = {"alpha": alpha, "low": low, "high": high}
    if low > _AGREE:
        return t(
            "People tell them apart (agreement {alpha:.2f}, {low:.2f} to {high:.2f}; 1 is always).",
            **values,
        )
    if high < _AGREE:
        return t(
            "People do not agree which is which either (agreement {alpha:.2f}, {low:.2f} to "
            "{high:.2f}; 0 is chance).",
            **values,
        )
    return t(
        "How far people agree cannot be told yet (agreement {alpha:.2f}, {low:.2f} to {high:.2f}).",
        **values,
    )


def _looks(overlap: float) -> Sentence:
    if overlap <= _APART:
        return t("By their looks they lie apart: {share:.0%} of them overlap.", share=overlap)
    if overlap >= _ONE_CLUMP:
        return t("By their looks they are one clump: {share:.0%} of them overlap.", share=overlap)
    return t("By their looks {share:.0%} of them overlap.", share=overlap)
