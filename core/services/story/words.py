"""What the steps of the story say to a person, in words; a step that gained nothing says so."""

from __future__ import annotations

from collections.abc import Callable

from core.analysis.comparisons.waterfall import Gain
from core.language import Sentence, phrase, t, tn
from core.services.labels.label_sets import ORIGINAL
from core.services.story.measuring import Level
from core.services.story.waterfall import Kind, Step, Waterfall

Mark = Callable[[str, float], float]  # name of a figure and its number as shown -> the same number

NAMES: dict[Kind, str] = {
    "labels": phrase("Better labels"),
    "algorithm": phrase("Better algorithm"),
    "classes": phrase("Classes re-thought"),
    "cascade": phrase("Cascade"),
}
START = phrase("The start")
NOW = phrase("Now")
BY_ITSELF = phrase("Fewer classes by themselves")
BEYOND = phrase("Beyond that")


def unmarked(_name: str, number: float) -> float:
    """Return the number as it is: on a page no figure needs an id."""
    return number


def yardstick(its: Waterfall, mark: Mark = unmarked) -> Sentence:
    """Say on which images everything is measured, and who says what they show."""
    n, n_test = mark("n_images", its.n_images), mark("n_test", its.n_test)
    if not its.reviewed:
        return tn(
            "Measured on all {n:,} test image, by the labels of the import: too few were reviewed "
            "to judge by what people say, so wrong labels count as wrong answers.",
            "Measured on all {n:,} test images, by the labels of the import: too few were reviewed "
            "to judge by what people say, so wrong labels count as wrong answers.",
            its.n_images,
            n=n,
        )
    if its.n_picked:
        return t(
            "Measured on the {n:,} of {n_test:,} test images that people settled by review. "
            "{n_picked:,} of them were picked because they looked hard, so accuracy over all "
            "images is likely to be higher.",
            n=n,
            n_test=n_test,
            n_picked=mark("n_picked", its.n_picked),
        )
    return t(
        "Measured on the {n:,} of {n_test:,} test images that people settled by review.",
        n=n,
        n_test=n_test,
    )


def start(its: Waterfall, mark: Mark = unmarked) -> Sentence:
    """Say where it began."""
    level = its.start
    return t(
        "{algorithm}, the first model, answers {accuracy:.1%} of the images rightly ({low:.1%} to "
        "{high:.1%}); guessing by the size of the classes would reach {chance:.1%}.",
        algorithm=level.algorithm,
        accuracy=mark("start", level.accuracy),
        low=mark("start:low", level.low),
        high=mark("start:high", level.high),
        chance=mark("start.chance", level.chance),
    )


def total(its: Waterfall, mark: Mark = unmarked) -> Sentence:
    """Say what all of it gained, and what of that fewer classes give by themselves."""
    span = _span("total", its.total, mark)
    now = mark("end", its.end.accuracy)
    merged = its.step("classes").corrected
    if merged is None and its.end.model == its.start.model:
        return t("That is where it stands: no step has raised it yet.")
    if merged is None:
        return t(
            "Now {accuracy:.1%} are right: {gain:+.1f} points ({low:+.1f} to {high:+.1f}) since "
            "the start.",
            accuracy=now,
            **span,
        )
    return t(
        "Now {accuracy:.1%} are right: {gain:+.1f} points ({low:+.1f} to {high:+.1f}) since the "
        "start, of which {by_itself:+.1f} come from having fewer classes alone. Kappa, which "
        "leaves chance out, went from {before:.2f} to {after:.2f}.",
        accuracy=now,
        by_itself=mark("classes.by_itself", 100 * merged.by_itself),
        before=mark("start.kappa", its.start.kappa),
        after=mark("end.kappa", its.end.kappa),
        **span,
    )


def step(its: Step, mark: Mark = unmarked) -> Sentence:
    """Say what a step gained, or why it has no bar and what would give it one."""
    if its.state == "measured" and its.gain is not None and its.after is not None:
        return _classes(its, mark) if its.corrected is not None else _measured(its, mark)
    if its.state == "not chosen":
        return _not_chosen(its, mark)
    return t(_NOT_YET[its.kind, its.state])


_NOT_YET: dict[tuple[Kind, str], str] = {
    ("labels", "missing"): phrase(
        "Not done yet: let several people review images, make one label of what they say, and "
        "train on it."
    ),
    ("labels", "unmeasured"): phrase(
        "There are new labels, and no model learned from them yet: train one on them."
    ),
    ("labels", "inseparable"): phrase(
        "The labels changed together with the algorithm: train the first algorithm on the new "
        "labels to tell the two apart."
    ),
    ("algorithm", "missing"): phrase("Not done yet: only one algorithm was tried. Train another."),
    ("classes", "missing"): phrase(
        "Not done yet: ask which labels are really one class. The answer may be none."
    ),
    ("cascade", "missing"): phrase(
        "Not done yet: train an expert for two classes that are confused, and build a cascade."
    ),
}
_MEASURED: dict[tuple[Kind, str], str] = {
    ("labels", "gained"): phrase(
        "{algorithm} that learned the reviewed labels: {gain:+.1f} points ({low:+.1f} to "
        "{high:+.1f})."
    ),
    ("labels", "lost"): phrase(
        "{algorithm} that learned the reviewed labels lost: {gain:+.1f} points ({low:+.1f} to "
        "{high:+.1f})."
    ),
    ("labels", "no measurable gain"): phrase(
        "No measurable gain from {algorithm} that learned the reviewed labels: {gain:+.1f} points "
        "({low:+.1f} to {high:+.1f}), which luck alone may give."
    ),
    ("algorithm", "gained"): phrase(
        "{algorithm}, the best on validation: {gain:+.1f} points ({low:+.1f} to {high:+.1f})."
    ),
    ("algorithm", "lost"): phrase(
        "{algorithm} was the best on validation and lost here: {gain:+.1f} points ({low:+.1f} to "
        "{high:+.1f})."
    ),
    ("algorithm", "no measurable gain"): phrase(
        "No measurable gain from {algorithm}, the best on validation: {gain:+.1f} points "
        "({low:+.1f} to {high:+.1f}), which luck alone may give."
    ),
    ("cascade", "gained"): phrase(
        "Experts break the ties: {gain:+.1f} points ({low:+.1f} to {high:+.1f})."
    ),
    ("cascade", "lost"): phrase(
        "The experts do harm here: {gain:+.1f} points ({low:+.1f} to {high:+.1f})."
    ),
    ("cascade", "no measurable gain"): phrase(
        "No measurable gain from the experts: {gain:+.1f} points ({low:+.1f} to {high:+.1f}), "
        "which luck alone may give."
    ),
}
_MERGED: dict[str, str] = {
    "gained": phrase(
        "{n_before} classes became {n_after}: {gain:+.1f} points. Fewer classes give "
        "{by_itself:+.1f} by themselves; {beyond:+.1f} ({low:+.1f} to {high:+.1f}) are real. Kappa "
        "{kappa_before:.2f} to {kappa_after:.2f}, bits {bits_before:.2f} to {bits_after:.2f}."
    ),
    "lost": phrase(
        "{n_before} classes became {n_after}: {gain:+.1f} points, less than the {by_itself:+.1f} "
        "that fewer classes give by themselves ({beyond:+.1f}, {low:+.1f} to {high:+.1f}): these "
        "are the wrong classes to merge. Kappa {kappa_before:.2f} to {kappa_after:.2f}, bits "
        "{bits_before:.2f} to {bits_after:.2f}."
    ),
    "no measurable gain": phrase(
        "{n_before} classes became {n_after}: {gain:+.1f} points, of which fewer classes give "
        "{by_itself:+.1f} by themselves. What is left, {beyond:+.1f} ({low:+.1f} to {high:+.1f}), "
        "may be luck: no measurable gain. Kappa {kappa_before:.2f} to {kappa_after:.2f}, bits "
        "{bits_before:.2f} to {bits_after:.2f}."
    ),
}


def _measured(its: Step, mark: Mark) -> Sentence:
    if its.gain is None or its.after is None:
        raise ValueError("a step without a bar has no gain")
    template = _MEASURED[its.kind, str(its.verdict)]
    return t(template, algorithm=its.after.algorithm, **_span(its.kind, its.gain, mark))


def _classes(its: Step, mark: Mark) -> Sentence:
    before, after, gain, divided = its.before, its.after, its.gain, its.corrected
    if before is None or after is None or gain is None or divided is None:
        raise ValueError("a step without a bar has no gain")
    return t(
        _MERGED[str(its.verdict)],
        n_before=mark("classes.n_before", before.n_classes),
        n_after=mark("classes.n_after", after.n_classes),
        gain=mark("classes", 100 * gain.value),
        by_itself=mark("classes.by_itself", 100 * divided.by_itself),
        beyond=mark("classes.beyond", 100 * divided.beyond),
        low=mark("classes.beyond:low", 100 * divided.low),
        high=mark("classes.beyond:high", 100 * divided.high),
        kappa_before=mark("classes.kappa_before", before.kappa),
        kappa_after=mark("classes.kappa_after", after.kappa),
        bits_before=mark("classes.bits_before", before.bits),
        bits_after=mark("classes.bits_after", after.bits),
    )


def _not_chosen(its: Step, mark: Mark) -> Sentence:
    if its.rival is None or its.rival_gain is None:
        raise ValueError("what was not chosen is measured beside what was")
    values = {
        "rival": named(its.rival),
        **_span(f"{its.kind}.rival", its.rival_gain, mark),
        "n": mark(f"{its.kind}.n_tried", its.n_tried),
    }
    if its.kind == "labels":
        return t(
            "No gain: the best model on validation learned other labels. With the reviewed ones, "
            "{rival} differs from it by {gain:+.1f} points ({low:+.1f} to {high:+.1f}).",
            **values,
        )
    if its.kind == "algorithm":
        return tn(
            "No gain: {n} other algorithm was tried and is not better on validation. {rival} "
            "differs by {gain:+.1f} points ({low:+.1f} to {high:+.1f}) from the one in use.",
            "No gain: {n} other algorithms were tried, and none is better on validation. The best "
            "of them, {rival}, differs by {gain:+.1f} points ({low:+.1f} to {high:+.1f}) from the "
            "one in use.",
            its.n_tried,
            **values,
        )
    return tn(
        "No gain: {n} cascade was built and is not better on validation. It differs by {gain:+.1f} "
        "points ({low:+.1f} to {high:+.1f}) from the model in use.",
        "No gain: {n} cascades were built, and none is better on validation. The best of them "
        "differs by {gain:+.1f} points ({low:+.1f} to {high:+.1f}) from the model in use.",
        its.n_tried,
        **values,
    )


def named(level: Level) -> str:
    """Return what people call a model: its algorithm, and whether it learned reviewed labels."""
    if level.labels == ORIGINAL:
        return level.algorithm
    return t("{algorithm} on reviewed labels", algorithm=level.algorithm)


def _span(name: str, gain: Gain, mark: Mark) -> dict[str, float]:
    return {
        "gain": mark(name, 100 * gain.value),
        "low": mark(f"{name}:low", 100 * gain.low),
        "high": mark(f"{name}:high", 100 * gain.high),
    }
