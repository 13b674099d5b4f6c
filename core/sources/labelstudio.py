"""Label Studio's JSON both ways: one task an image, one `annotation` for each person's review.

What its format has no place for (a name that is no e-mail address, "not sure", the event id) is in
a key of ours, `desempate`, which Label Studio leaves alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from core.language import t
from core.records import Review
from core.sources.items import printable
from core.sources.review_row import SaidRow, parse_time, refused

_OURS = "desempate"
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # Label Studio's own prefix to the names of uploads
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def read_tasks(name: str, data: bytes) -> list[SaidRow]:
    """Return what the finished annotations of an export say; drafts and predictions say nothing.

    Parameters
    ----------
    name : str
        The file's name, for errors.
    data : bytes
        The "JSON" export: a list of tasks.

    Raises
    ------
    InvalidInput
        If this is no such export, a task names no image, or an annotation has several choices.
    """
    try:
        tasks = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise refused(name, t("it is no JSON")) from error
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise InvalidInput(
            t("{name} is no export of Label Studio", name=printable(name)),
            expected=t("its JSON export: a list of tasks"),
            received=type(tasks).__name__,
        )
    rows: list[SaidRow] = []
    for number, task in enumerate(tasks, start=1):
        image = _image(name, number, task)
        rows += [_said(name, number, image, its) for its in _objects(task.get("annotations"))]
    return rows


def write_tasks(images: Iterable[tuple[str, str, Sequence[Review]]]) -> str:
    """Return tasks as Label Studio imports them.

    Parameters
    ----------
    images : iterable of (image id, path, reviews)

    Returns
    -------
    str
        JSON. The labelling configuration needs `<Image name="image" value="$image"/>` and
        `<Choices name="label" toName="image">`.
    """
    tasks = [
        {
            "data": {"image": path, "image_id": image_id},
            "annotations": [_annotated(review) for review in reviews],
        }
        for image_id, path, reviews in images
    ]
    return json.dumps(tasks, ensure_ascii=False, indent=1)


def _image(name: str, number: int, task: Mapping[str, Any]) -> str:
    """Return what names the image: our id, or the file name of the address."""
    data = _object(task.get("data"))
    if isinstance(data.get("image_id"), str):
        return str(data["image_id"])
    address = data.get("image") or next(
        (value for value in data.values() if isinstance(value, str)), None
    )
    if not isinstance(address, str) or not address:
        raise InvalidInput(
            t("task {number} of {name} names no image", number=number, name=printable(name)),
            expected=t('an address in "data": {"image": ...}'),
        )
    path = address.split("?", 1)[0]
    if "/upload/" in path:
        return _UPLOADED.sub("", path.rsplit("/", 1)[-1])
    return path


def _said(name: str, number: int, image: str, said: Mapping[str, Any]) -> SaidRow:
    ours = _object(said.get(_OURS))
    labels, notes = _values(said, "choices", "choices"), _values(said, "textarea", "text")
    skipped = bool(said.get("was_cancelled"))
    if len(labels) > 1 or (not labels and not skipped and ours.get("verdict") != "not_sure"):
        raise InvalidInput(
            t(
                "an annotation of task {number} of {name} does not say what was seen",
                number=number,
                name=printable(name),
            ),
            expected=t("one choice, or a skipped task"),
            received=", ".join(printable(label)[:50] for label in labels) or t("no choice"),
        )
    label = None if skipped or not labels else labels[0]
    at = said.get("created_at")
    return SaidRow(
        number,
        image,
        str(ours.get("reviewer") or _who(name, number, said)),
        "label" if label else "skip" if skipped else "not_sure",
        label,
        parse_time(name, number, at) if isinstance(at, str) else None,
        "\n".join(notes),
        str(ours.get("source") or ""),
        ours.get("blind") is not False,
        str(ours["event_id"]) if ours.get("event_id") else None,
    )


def _values(said: Mapping[str, Any], kind: str, key: str) -> list[str]:
    """Return the texts that the results of one type hold."""
    found: list[str] = []
    for result in _objects(said.get("result")):
        values = _object(result.get("value")).get(key)
        if result.get("type") == kind:
            found += [str(v) for v in values] if isinstance(values, list) else [str(values)]
    return found


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _who(name: str, number: int, said: Mapping[str, Any]) -> str:
    by = said.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("username") or by.get("id")
    if by is None or by == "":
        raise InvalidInput(
            t(
                "an annotation of task {number} of {name} names nobody",
                number=number,
                name=printable(name),
            )
        )
    return t("user {by}", by=by) if isinstance(by, int) else str(by)


def _annotated(review: Review) -> dict[str, Any]:
    at = review.created_at.isoformat().replace("+00:00", "Z")
    said: dict[str, Any] = {
        "result": [],
        "was_cancelled": review.verdict == "skip",
        "created_at": at,
        _OURS: {
            "reviewer": review.reviewer,
            "verdict": review.verdict,
            "source": review.source,
            "blind": review.blind,
            "event_id": review.event_id,
        },
    }
    if _EMAIL.match(review.reviewer):  # an address it does not know refuses the whole file
        said["completed_by"] = {"email": review.reviewer}
    if review.label is not None:
        said["result"].append(_result("label", "choices", {"choices": [review.label]}))
    if review.note:
        said["result"].append(_result("note", "textarea", {"text": [review.note]}))
    return said


def _result(from_name: str, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"from_name": from_name, "to_name": "image", "type": kind, "value": dict(value)}
