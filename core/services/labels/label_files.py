"""Reviews and labels in and out of files: CSV, Parquet, Label Studio's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pandas as pd

from core.errors import InvalidInput
from core.ids import bytes_id, canonical_json
from core.language import t
from core.records import Dataset, Review
from core.services.data.datasets import get_dataset, image_ids, images
from core.services.data.finding import finder
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.services.labels.review_events import ID_MOST, NOTE_MOST, check_label, person, utc_text
from core.services.runs.exporting import unwritable, write_table
from core.sources.items import printable
from core.sources.labelstudio import write_tasks
from core.sources.review_file import read_reviews
from core.sources.review_row import SaidRow
from core.store import reviews
from core.store.database import Workspace, utc_now

_LISTED = 100  # rows that are listed with a reason; the rest is counted


def import_reviews(ws: Workspace, dataset_id: str, path: Path) -> dict[str, Any]:
    """Read a file of reviews into a data set, all of it or nothing; see `add_reviews`.

    Raises
    ------
    InvalidInput
        If the file cannot be opened, or as `add_reviews`.
    """
    try:
        with path.open("rb") as file:
            return add_reviews(ws, dataset_id, path.name, file)
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be read", path=path),
            expected=t("a file of reviews"),
            received=error.strerror or str(error),
        ) from error


def add_reviews(ws: Workspace, dataset_id: str, name: str, file: IO[bytes]) -> dict[str, Any]:
    """Store the reviews of an open file, all of them or none.

    Parameters
    ----------
    name : str
        The file's name; its suffix says how it is read: .csv, .tsv, .parquet or .json.
    file : binary file

    Returns
    -------
    dict
        dataset, n_reviews (rows that count here), n_new (not known before: a file may be read
        twice), n_reviewers, n_images, n_skipped and skipped [{row, reason}]: rows about images
        that this data set does not have, at most 100 of them listed.

    Raises
    ------
    InvalidInput
        If the file or a row cannot be understood, a label is not one of the data set, or no row is
        about an image of it.
    Conflict
        If an event id of the file was used for another review.

    Notes
    -----
    An image is named by its id, its path in the data set, or its file name where only one image
    has it. A reviewer's later row on an image follows the earlier one, and the last one counts.
    """
    dataset = get_dataset(ws, dataset_id)
    rows = read_reviews(name, file)
    find = finder(images(ws, dataset.id))
    events: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for row in rows:
        image, why = find(row.image)
        if image is None:
            skipped.append({"row": row.row, "reason": why})
        else:
            events.append(_event(dataset, name, row, image, seen))
    if not events:
        raise InvalidInput(
            t("{file} has no review of an image of {name}", file=name, name=dataset.name),
            expected=t("image ids, paths or file names of this data set"),
            received=skipped[0]["reason"] if skipped else t("no rows"),
        )
    with ws.write() as conn:
        known = reviews.known(conn, [event["event_id"] for event in events])
        _as_ours(known, dataset, events)
        n_new = reviews.add_many(conn, events)
    return {
        "dataset": dataset.id,
        "n_reviews": len(events),
        "n_new": n_new,
        "n_reviewers": len({event["reviewer"] for event in events}),
        "n_images": len({event["image_id"] for event in events}),
        "n_skipped": len(skipped),
        "skipped": skipped[:_LISTED],
    }


def export_reviews(ws: Workspace, dataset_id: str, path: Path) -> int:
    """Write the reviews that count as .csv, .parquet or Label Studio's .json; return how many.

    Notes
    -----
    The columns are image (its id), path, reviewer, label, time, note, verdict, source, blind and
    event_id; `import_reviews` reads them back, once. In a CSV no text begins like a formula.

    Raises
    ------
    InvalidInput
        If `path` ends in something else, or cannot be written.
    """
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        said = reviews.current(conn, dataset.id)
    path_of = dict(zip(image_ids(ws, dataset.id), images(ws, dataset.id)["path"], strict=True))
    if path.suffix.lower() == ".json":
        by_image: dict[str, list[Review]] = {}
        for review in said:
            by_image.setdefault(review.image_id, []).append(review)
        text = write_tasks((image, path_of[image], its) for image, its in by_image.items())
        _write_text(path, text)
    else:
        write_table(pd.DataFrame([_row(r, path_of) for r in said], columns=_COLUMNS), path)
    return len(said)


def export_labels(ws: Workspace, dataset_id: str, path: Path, *, labels: str = ORIGINAL) -> int:
    """Write one label an image as .csv or .parquet; return how many.

    The columns are image (its id), path, split, label and, of a consensus, quality.

    Raises
    ------
    InvalidInput
        If `path` ends in neither, or cannot be written.
    NotFound
        If there is no such label set.
    """
    dataset = get_dataset(ws, dataset_id)
    label_set = label_sets.find(ws, dataset, labels)
    frame = images(ws, dataset.id)
    table = frame[["image_id", "path", "split"]].rename(columns={"image_id": "image"})
    table["label"] = [dataset.labels[i] for i in label_sets.indices(ws, dataset, label_set)]
    if label_set is not None:
        table["quality"] = label_sets.quality(ws, label_set)
    write_table(table, path)
    return len(table)


_COLUMNS = [
    *("image", "path", "reviewer", "label", "time", "note"),
    *("verdict", "source", "blind", "event_id"),
]


def _row(review: Review, path_of: Mapping[str, str]) -> dict[str, Any]:
    return {
        "image": review.image_id,
        "path": path_of[review.image_id],
        "reviewer": review.reviewer,
        "label": review.label or "",
        "time": utc_text(review.created_at),
        "note": review.note,
        "verdict": review.verdict,
        "source": review.source,
        "blind": "true" if review.blind else "false",
        "event_id": review.event_id,
    }


def _event(
    dataset: Dataset, name: str, row: SaidRow, image: str, seen: dict[str, int]
) -> dict[str, Any]:
    """Return the columns of a review; without an event id it has one made of what it says."""
    try:
        reviewer = person(row.reviewer)
        if row.label is not None:
            check_label(dataset, row.label)
        if len(row.note) > NOTE_MOST or len(row.event_id or "") > ID_MOST:
            raise InvalidInput(
                t("a note or an event id is too long"),
                expected=t(
                    "at most {note_most:,} and {id_most} characters",
                    note_most=NOTE_MOST,
                    id_most=ID_MOST,
                ),
            )
    except InvalidInput as error:
        raise InvalidInput(
            t("row {row} of {name}: {what}", row=row.row, name=printable(name), what=error.what),
            expected=error.expected,
            received=error.received,
        ) from error
    said = [dataset.id, image, reviewer, row.verdict, row.label, row.note]
    said.append(utc_text(row.at) if row.at else None)
    digest = bytes_id(canonical_json(said).encode())
    seen[digest] = seen.get(digest, 0) + 1
    return {
        "event_id": row.event_id or f"import-{digest[:32]}-{seen[digest]}",
        "dataset_id": dataset.id,
        "image_id": image,
        "reviewer": reviewer,
        "verdict": row.verdict,
        "label": row.label,
        "undoes": None,
        "note": row.note,
        "source": row.source or "import",
        "blind": row.blind,
        "created_at": utc_text(row.at) if row.at else utc_now(),
    }


def _as_ours(known: Mapping[str, Review], dataset: Dataset, events: list[dict[str, Any]]) -> None:
    """Give reviews that were exported from another data set of this workspace ids of their own."""
    for event in events:
        there = known.get(event["event_id"])
        if there is not None and there.dataset_id != dataset.id:
            made_of = f"{dataset.id} {event['event_id']}".encode()
            event["event_id"] = f"import-{bytes_id(made_of)[:32]}"


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error
