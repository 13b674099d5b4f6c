"""What is written for people beside an exported model: its card and a short README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.language import SOURCE, keep, say, speaking
from core.records import CascadeRecord, Dataset, ExtendedModel, Run
from core.services.exports import manifest as m
from core.services.exports.manifest import Manifest


def model_card(
    its: Manifest,
    dataset: Dataset,
    run: Run,
    record: CascadeRecord | None,
    taught: ExtendedModel | None,
) -> str:
    """Return `MODEL_CARD.md`.

    Parameters
    ----------
    its : Manifest
    dataset : Dataset
        What it was trained on.
    run : Run
        The generalist, or the only model.
    record : CascadeRecord, optional
    taught : ExtendedModel, optional
        Where the model was taught a class after its training.

    References
    ----------
    M. Mitchell et al., "Model cards for model reporting", 2019: whose headings these are.
    """
    parts = {
        f"# {its.model}": [_answers(its, run), f"Made by {its.product} on {its.created_at}."],
        "## What it answers": [*_classes(its)],
        "## How it decides": [*_deciding(its)],
        "## Data": [*_data(its, dataset, run)],
        "## Figures": [*_figures(its, run, record, taught)],
        "## Limits": [*_limits(its, dataset, taught)],
    }
    return "\n".join(f"{head}\n\n{_lines(lines)}\n" for head, lines in parts.items())


def readme(its: Manifest) -> str:
    """Return `README.md`: what lies where, and the three commands."""
    lines = [
        f"# {its.model}, exported",
        "",
        f"Written by {its.product}. [{m.CARD}]({m.CARD}) says what the model answers and how well.",
        "Python runs it with the product's code and `requirements.txt`, without a workspace:",
        "",
        "    python -m core verify THIS_FOLDER             # are the answers still those recorded?",
        "    python -m core predict THIS_FOLDER image.jpg  # ask it",
        "    mlflow models serve -m THIS_FOLDER --env-manager local  # answer over HTTP",
        "",
        "The last needs `requirements-mlflow.txt`, and the product in PYTHONPATH. It takes",
        'POST /invocations with `{"dataframe_records": [{"image": "<base64 of an image file>"}]}`.',
        "",
        f"- `{m.MANIFEST}`: classes, class map, thresholds, temperatures, preprocessing, checksums",
        "- `models/`: ONNX files answer; `.keras` files are for training on",
        "- `examples/`: held-out images with what was recorded of them in the manifest",
        f"- `{m.MLMODEL}`: for MLflow",
        "",
        "| file | model | classes | takes |",
        "|---|---|---|---|",
    ]
    n = len(its.members)
    for index, member in enumerate(its.members):
        takes = f"embeddings of {member.backbone}" if member.backbone else "pixels"
        classes = ", ".join(map(_plain, member.classes))
        stem = m.member_stem(index, n)
        lines.append(f"| `{stem}` | {member.algorithm} ({member.id}) | {classes} | {takes} |")
    lines += [
        f"| `{m.backbone_file(index)}` | {entry.name} | | pixels, {entry.input_px} px |"
        for index, entry in enumerate(its.backbones)
    ]
    return "\n".join(lines) + "\n"


def _answers(its: Manifest, run: Run) -> str:
    what = f"{len(run.classes)} classes"
    if its.plan is None:
        return f"One model ({run.algorithm}) for {what}."
    n = len(its.members) - 1
    return f"A cascade for {what}: a generalist ({run.algorithm}) and {_count(n, 'expert')}."


def _classes(its: Manifest) -> Iterator[str]:
    for name in its.members[0].classes:
        labels = [label for label, its_class in its.class_of.items() if its_class == name]
        merged = f": the labels {', '.join(map(_plain, labels))}" if len(labels) > 1 else ""
        yield f"- {_plain(name)}{merged}"
    yield "- Nothing else: an image of anything else is given one of these classes all the same."


def _deciding(its: Manifest) -> Iterator[str]:
    how = its.preprocessing
    fit = {"crop": "its middle cut out", "pad": "filled up with grey", "stretch": "stretched"}
    yield f"- An image becomes a square of {how.size_px} px, {fit[how.fit]}."
    first = its.members[0]
    yield f"- Confidence is calibrated on validation images (temperature {first.temperature:.3f})."
    if its.plan is None:
        return
    held = "its confidence" if not its.plan.rules else "(1 - the expected gain of asking) / 2"
    for expert, tau in zip(its.members[1:], its.plan.taus, strict=True):
        among = " / ".join(map(_plain, expert.classes))
        yield (
            f"- If the generalist's best two are among {among} and {held} is below {tau:.3f}, "
            f"{expert.id} ({expert.algorithm}) is asked; equality keeps the generalist's answer."
        )
    if its.plan.person > 0:
        yield f"- If the answer's confidence is below {its.plan.person:.3f}, a person is asked."
    else:
        yield "- Everything is answered; nothing is left to a person."


def _data(its: Manifest, dataset: Dataset, run: Run) -> Iterator[str]:
    yield f"- {_plain(dataset.name)} ({dataset.id}), {dataset.n_images:,} images of all splits."
    if dataset.note:
        with speaking(SOURCE):  # as the rest of the card
            note = say(keep(dataset.note))
        yield f"- {_plain(note)}"
    if run.config.get("labels"):
        yield f"- Learned from, and measured by, the label set {run.config['labels']}."
    if its.sources.class_map:
        yield f"- Labels merged into classes by {its.sources.class_map}."
    yield f"- Runs: {', '.join(its.sources.runs)}."
    yield f"- {_count(len(its.examples), 'held-out image')} of it lie in `examples/`."


def _figures(
    its: Manifest, run: Run, record: CascadeRecord | None, taught: ExtendedModel | None
) -> Iterator[str]:
    if record is not None:
        yield from _of_cascade(its, record)
        return
    if taught is not None:
        test = taught.test
        yield (
            f"- Accuracy on {test['n_images']:,} test images of the classes before "
            f"{_plain(taught.added)} was taught: {_share(test['accuracy_after'])} "
            f"({_interval(test['accuracy_after_ci'])})."
        )
        n, right = taught.new_class["n_images"], taught.new_class["n_recognised"]
        if right is not None:
            yield f"- {_plain(taught.added)}: {right} of its {n} images, each left out in turn."
        return
    for split, name in (("test", "test"), ("val", "validation")):
        found = run.metrics[split]
        yield (
            f"- Accuracy on {found['n_images']:,} {name} images: {_share(found['accuracy'])} "
            f"({_interval(found['accuracy_ci'])}); by guessing {_share(found['chance'])}."
        )
    gap = _share(run.metrics["test"]["ece"])
    yield f"- Mean gap between confidence and accuracy on test images: {gap}."


def _of_cascade(its: Manifest, record: CascadeRecord) -> Iterator[str]:
    test = record.report["test"]
    yield (
        f"- Accuracy of what is answered without a person, on {test['n_answered']:,} of "
        f"{test['n_images']:,} test images: {_share(test['accuracy'])} "
        f"({_interval(test['accuracy_ci'])}); of the generalist alone on the same images "
        f"{_share(test['generalist_accuracy'])}."
    )
    yield (
        f"- An expert is asked about {_share(test['deferral_rate'])} of the images, a person about "
        f"{_share(test['person_rate'])}."
    )
    yield f"- {record.report['verdict']}"
    chosen = "on validation images" if record.tau_from == "validation" else "by hand"
    yield f"- Thresholds were chosen {chosen}."
    promise = its.plan.promise if its.plan else None
    yield f"- {promise}" if promise else "- No error rate is guaranteed."


def _limits(its: Manifest, dataset: Dataset, taught: ExtendedModel | None) -> Iterator[str]:
    yield "- The figures hold for images like those of the data set; intervals are 95 %."
    yield "- Test images that were looked at to choose between models flatter the chosen one."
    if its.plan is not None and its.plan.promise:
        yield "- The guarantee ends where images come from elsewhere, or a threshold is moved."
    if taught is not None:
        yield f"- Confidence was not calibrated with images of {_plain(taught.added)}."
    if dataset.n_duplicates:
        yield f"- {_count(dataset.n_duplicates, 'duplicate')} had been left out at the import."


def _lines(lines: list[str]) -> str:
    return "\n".join(lines)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(bounds: Sequence[float]) -> str:
    low, high = bounds
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _plain(text: str) -> str:
    """Return text from files with Markdown's own characters escaped."""
    return "".join("\\" + c if c in "\\`*_[]<>#|~$" else c for c in " ".join(text.split()))
