"""Teach a one-shot network a further class from a handful of images, and say what that did.

Nothing is trained: the weights stay, what the model compares with grows. The result is a model of
its own; the one it was made from stays as it is.
"""

from __future__ import annotations

import shutil
import time
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.analysis import metrics
from core.analysis.comparisons import paired
from core.errors import InvalidInput, NotFound
from core.ids import bytes_id, content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.models.artifact import ONNX_FILE, load_keras, load_session
from core.models.extending import WHICH, extend_saved, leave_one_out, takes_class
from core.records import ExtendedModel, Run
from core.services.classes.mapping import run_classes
from core.services.data.datasets import get_dataset, images, pixels, splits
from core.services.runs.predicting import square
from core.sources.items import MAX_LABEL_CHARS
from core.store import extended
from core.store.database import Workspace

FORMAT = 1  # of what an extended model holds: part of its id
IMAGES_MOST = 50  # more are worth a training
Files = Sequence[tuple[str, bytes]]


def can_extend(model: Run) -> bool:
    """Return whether a run, or an extended model in the form of its run, takes another class."""
    return takes_class(model.algorithm, model.config["options"])


def submit_extend(ws: Workspace, model_id: str, class_name: str, files: Files) -> str:
    """Start teaching a model a class in the background and return the job's id.

    Parameters
    ----------
    model_id : str
        A run, or an extended model, which then gets one class more.
    class_name : str
        The new class.
    files : sequence of (name, bytes)
        1 to `IMAGES_MOST` images that show it; one that is there twice counts once.

    Raises
    ------
    InvalidInput
        If the model takes no class, it has one of that name, the name cannot be used, there are
        none or too many images, or one is no image or one of a class that the model knows.
    NotFound
        If there is no such model.

    Notes
    -----
    The same images, in whatever order, make the same model: the job finds it.
    """
    base = _base(ws, model_id)
    if not can_extend(base):
        raise InvalidInput(
            t("{id} takes no further class", id=base.id),
            expected=t(WHICH),
            received=base.algorithm,
            todo=t("train one of those, or train again with the new class"),
        )
    name = _new_name(class_name, base.classes)
    shown = _prepared(ws, base, files)
    params = {"extends": base.id, "added": name, "images": list(shown), "format": FORMAT}
    with ws.read() as conn:
        found = extended.find(conn, extended.model_id(base.dataset_id, params))
    deleted = str(found.archived_at) if found and found.archived_at else None
    return engine.submit(
        ws,
        "extend",
        {**params, "pixels": ws.blobs.put_array(np.stack(list(shown.values())))},
        title=t("Teach {algorithm} the class {name}", algorithm=base.algorithm, name=name),
        dataset_id=base.dataset_id,
        # A double click is one job; asking for a deleted model brings it back, each time.
        idem_key=content_id("extend", [params, deleted or found is not None]),
    )


def check_number(n_images: int) -> None:
    """Raise InvalidInput if a class cannot be taught with so many images."""
    if not 1 <= n_images <= IMAGES_MOST:
        raise InvalidInput(
            t("this is no number of images to teach a class with"),
            expected=t("1 to {images_most}", images_most=IMAGES_MOST),
            received=str(n_images),
        )


def run_extend(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Extend, measure and store (in the job process); return what `extend` prints."""
    ws = context.workspace
    base = _base(ws, params["extends"])
    key = {name: params[name] for name in ("extends", "added", "images", "format")}
    with ws.read() as conn:
        found = extended.find(conn, extended.model_id(base.dataset_id, key))
    if found is None:
        value = _extend(context, base, params["added"], ws.blobs.open_array(params["pixels"]))
        with ws.write() as conn:
            new_id = extended.add(conn, dataset_id=base.dataset_id, params=key, value=value)
        found = get_extended(ws, new_id)
    elif found.archived_at:
        with ws.write() as conn:
            extended.set_archived(conn, found.id, None)
    return summary(found)


def list_extended(ws: Workspace, dataset_id: str, *, archived: bool = False) -> list[ExtendedModel]:
    """Return the extended models of a data set, newest first; the deleted ones when asked."""
    with ws.read() as conn:
        return extended.all_of(conn, dataset_id, archived=archived)


def get_extended(ws: Workspace, model_id: str) -> ExtendedModel:
    """Return an extended model by id.

    Raises
    ------
    NotFound
        If there is none.
    """
    with ws.read() as conn:
        found = extended.find(conn, model_id)
    if found is None:
        raise NotFound(t("there is no such extended model"), received=repr(model_id))
    return found


def as_run(ws: Workspace, record: ExtendedModel) -> Run:
    """Return an extended model in the form of its run, with its own id, classes and files.

    For what asks a model; metrics and predictions in it are the run's.
    """
    return _base(ws, record.id)


def summary(record: ExtendedModel) -> dict[str, Any]:
    """Return what `extend` prints of an extended model.

    Returns
    -------
    dict
        model, run, extends, added, classes, n_images, temperature (the run's), duration_s;
        `test`, on the test images of the old classes: n_images, accuracy_before, accuracy_after,
        each with its _ci, difference and difference_ci (paired), n_taken (of these images, those
        that now go to the new class, by mistake); `new_class`: n_images, n_recognised (of its
        images, each left out while the others are taught; None for a single image).
    """
    return {
        "model": record.id,
        "run": record.run,
        "extends": record.extends,
        "added": record.added,
        "classes": list(record.classes),
        "n_images": len(record.images),
        "temperature": record.temperature,
        "test": dict(record.test),
        "new_class": dict(record.new_class),
        "duration_s": record.duration_s,
    }


def _base(ws: Workspace, model_id: str) -> Run:
    with ws.read() as conn:
        base = extended.answering(conn, model_id)
    if base is None:
        raise NotFound(
            t("there is no such model"),
            expected=t("the id of a run or an extended model"),
            received=repr(model_id),
            todo=t("list runs with `python -m core runs DATASET`"),
        )
    return base


def _new_name(class_name: str, classes: Sequence[str]) -> str:
    """Return the name as labels are kept, if it can be one more class."""
    name = unicodedata.normalize("NFC", class_name.strip())
    if not 0 < len(name) <= MAX_LABEL_CHARS or not name.isprintable():
        raise InvalidInput(
            t("this name cannot be used for a class"),
            expected=t(
                "1 to {max_label_chars} printable characters", max_label_chars=MAX_LABEL_CHARS
            ),
            received=repr(name[:50]),
        )
    if name in classes:
        raise InvalidInput(
            t("the class exists already"),
            expected=t("none of {classes}", classes=", ".join(classes)),
            received=name,
        )
    return name


def _prepared(ws: Workspace, base: Run, files: Files) -> dict[str, np.ndarray]:
    """Return the square pixels of each image by its id, ascending, no two alike."""
    check_number(len(files))
    dataset = get_dataset(ws, base.dataset_id)
    frame = images(ws, dataset.id)
    known = dict(zip(frame["image_id"], run_classes(ws, base), strict=True))
    found = {}
    for name, data in files:
        image_id = bytes_id(data)
        if (index := known.get(image_id, -1)) >= 0:
            raise InvalidInput(
                t(
                    "{name} is in the data set as {label}, which the model knows",
                    name=name,
                    label=base.classes[index],
                ),
                expected=t("images of the new class"),
                todo=t("leave it out"),
            )
        found[image_id] = square(ws, dataset, name, data)
    first_of = {found[image_id].tobytes(): image_id for image_id in sorted(found, reverse=True)}
    return {image_id: found[image_id] for image_id in sorted(first_of.values())}


def _extend(context: JobContext, base: Run, class_name: str, shown: np.ndarray) -> dict[str, Any]:
    """Return what is stored of the model; the figures come from its exported file."""
    ws, started = context.workspace, time.perf_counter()
    context.report(0.0, t("opening the model"))
    with ws.scratch() as folder:
        old, new = folder / "old", folder / "new"
        old.mkdir()
        for name, blob in base.artifact.items():
            shutil.copyfile(ws.blobs.path(blob), old / name)
        files = extend_saved(old, np.asarray(shown), class_name, new)
        context.report(0.3, t("leaving each image out in turn"))
        n_recognised = _recognised(context, old, np.asarray(shown))
        context.report(0.6, t("asking the test images, before and after"))
        test = _on_test(ws, base, old, new)
        blobs = {name: ws.blobs.put_file(path) for name, path in files.items()}
    with ws.read() as conn:
        parent = extended.find(conn, base.id)
    return {
        "run": parent.run if parent else base.id,
        "algorithm": base.algorithm,
        "classes": [*base.classes, class_name],
        "temperature": base.temperature,
        "artifact": blobs,
        "test": test,
        "new_class": {"n_images": len(shown), "n_recognised": n_recognised},
        "duration_s": time.perf_counter() - started,
    }


def _recognised(context: JobContext, folder: Path, shown: np.ndarray) -> int | None:
    if len(shown) < 2:
        return None
    probs = leave_one_out(
        load_keras(folder), shown, lambda share: context.report(0.3 + 0.3 * share)
    )
    return int((probs.argmax(axis=1) == probs.shape[1] - 1).sum())


def _on_test(ws: Workspace, base: Run, old: Path, new: Path) -> dict[str, Any]:
    """Return what the new class costs on the test images of the classes there were."""
    y = run_classes(ws, base)
    rows = np.flatnonzero((splits(ws, base.dataset_id) == "test") & (y >= 0))
    x = pixels(ws, get_dataset(ws, base.dataset_id))
    before, after = (
        load_session(folder / ONNX_FILE).predict(x, rows).argmax(axis=1) for folder in (old, new)
    )
    right_before, right_after = before == y[rows], after == y[rows]
    difference, interval = paired.paired_difference(right_after, right_before)
    found: dict[str, Any] = {"n_images": len(rows)}
    for when, right in (("before", right_before), ("after", right_after)):
        found[f"accuracy_{when}"] = float(right.mean())
        found[f"accuracy_{when}_ci"] = list(metrics.wilson_interval(int(right.sum()), len(rows)))
    return {
        **found,
        "difference": difference,
        "difference_ci": list(interval),
        "n_taken": int((after == len(base.classes)).sum()),
    }
