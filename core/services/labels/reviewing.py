"""Review: say what is on an image, and take it back; blind unless asked otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput, NotFound
from core.language import t
from core.records import Review
from core.services.data.datasets import get_dataset
from core.services.labels.review_events import (
    check_label,
    event_of,
    given_label,
    person,
    position_of,
)
from core.store import review_reading, reviews
from core.store.database import Workspace

Reveal = Literal["never", "after", "always"]


@dataclass(frozen=True, slots=True)
class ImageState:
    """What a reviewer may know about an image.

    Attributes
    ----------
    image, position
        Its id, and its row in the data set. Images of a folder stand together there: a position
        on screen would give the label away, as a file name would.
    labels : tuple of str
        What can be answered, in the order of the data set.
    version : int
        How often this person spoke about this image; sent back as `expected_version`.
    mine : Review or None
        What of it counts.
    given : str or None
        The label of the import; None while it is hidden.
    others : tuple of Review or None
        What counts of everybody else; None while it is hidden.
    """

    image: str
    position: int
    labels: tuple[str, ...]
    version: int
    mine: Review | None
    given: str | None
    others: tuple[Review, ...] | None


def submit(
    ws: Workspace,
    dataset_id: str,
    image: str,
    *,
    reviewer: str,
    event_id: str,
    verdict: Literal["label", "skip", "not_sure"] = "label",
    label: str | None = None,
    note: str = "",
    expected_version: int | None = None,
    source: str = "",
    blind: bool = True,
) -> Review:
    """Store what a reviewer says about an image; what this returned is on the disk.

    Parameters
    ----------
    image : str
        Image id.
    event_id : str
        Made by the sender for this answer and kept while it is sent again: it counts once.
    verdict, label
        "label" with one of the data set's labels, or "skip" or "not_sure" without.
    expected_version : int, optional
        `ImageState.version` as the reviewer saw it; None does not check.
    source : str
        The queue that the image came from.
    blind : bool
        Whether the reviewer had seen neither the given label nor another's answer.

    Returns
    -------
    Review
        What is stored; for a repeated send, what was stored the first time.

    Raises
    ------
    InvalidInput
        If the name, the verdict, the label or the note cannot be used.
    NotFound
        If the image is not in the data set.
    Conflict
        If this person spoke about this image in another window, or the event id was used for
        something else. The sentence says what and when.
    StoreError
        If it could not be stored; nothing counts then, and the same event id can be sent again.
    """
    dataset = get_dataset(ws, dataset_id)
    if verdict not in ("label", "skip", "not_sure"):
        raise InvalidInput(
            t("unknown verdict"), expected=t("label, skip or not_sure"), received=repr(verdict)
        )
    if verdict == "label":
        check_label(dataset, label)
    elif label is not None:
        raise InvalidInput(
            t("only a label has a label"),
            received=t("{verdict} with {label!r}", verdict=verdict, label=label),
        )
    event = {
        **event_of(ws, dataset, image, event_id, note),
        "reviewer": person(reviewer),
        "verdict": verdict,
        "label": label,
        "undoes": None,
        "source": source,
        "blind": blind,
    }
    with ws.write() as conn:
        return reviews.add(conn, event, expected_version)[0]


def undo(
    ws: Workspace, dataset_id: str, *, reviewer: str, event_id: str, undoes: str | None = None
) -> Review | None:
    """Take back a reviewer's last answer that counts, or a certain one, by a new event.

    Parameters
    ----------
    event_id : str
        Of this taking back; a repeated send counts once.
    undoes : str, optional
        Event id of what is taken back; default the last.

    Returns
    -------
    Review or None
        The taking back: its `undoes` and `image_id` say of what. None if there is nothing.

    Raises
    ------
    Conflict
        If `undoes` does not count any more.
    NotFound
        If there is no such answer of this person.
    """
    dataset, name = get_dataset(ws, dataset_id), person(reviewer)
    with ws.write() as conn:
        known = reviews.find(conn, event_id)
        mine = known is not None and (known.dataset_id, known.reviewer) == (dataset.id, name)
        if known and mine and known.verdict == "undo" and undoes in (None, known.undoes):
            return known
        target = reviews.last(conn, dataset.id, name) if undoes is None else None
        if undoes is not None:
            target = reviews.find(conn, undoes)
            if target is None or (target.dataset_id, target.reviewer) != (dataset.id, name):
                raise NotFound(
                    t("{name} has given no such answer", name=name), received=repr(undoes)
                )
        if target is None:
            return None
        event = {
            **event_of(ws, dataset, target.image_id, event_id, ""),
            "reviewer": name,
            "verdict": "undo",
            "label": None,
            "undoes": target.event_id,
            "source": target.source,
            "blind": target.blind,
        }
        return reviews.add(conn, event)[0]


def image_state(
    ws: Workspace, dataset_id: str, image: str, reviewer: str, *, reveal: Reveal = "never"
) -> ImageState:
    """Return what a reviewer may know about an image.

    Parameters
    ----------
    reveal : {"never", "after", "always"}
        When the given label and the others' answers are shown: never, once this person's own
        answer counts (to skip is none), or always (for training; such answers are not blind).

    Raises
    ------
    NotFound
        If the image is not in the data set.
    """
    dataset, name = get_dataset(ws, dataset_id), person(reviewer)
    position = position_of(ws, dataset, image)
    with ws.read() as conn:
        version, mine = reviews.state(conn, dataset.id, image, name)
        answered = mine is not None and mine.verdict != "skip"
        shown = reveal == "always" or (reveal == "after" and answered)
        said = reviews.current(conn, dataset.id, image_id=image) if shown else []
    others = tuple(review for review in said if review.reviewer != name)
    return ImageState(
        image,
        position,
        dataset.labels,
        version,
        mine,
        given_label(ws, dataset, position) if shown else None,
        others if shown else None,
    )


def reviewers(ws: Workspace, dataset_id: str) -> list[str]:
    """Return who has reviewed a data set, in order of their names."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return review_reading.people(conn, dataset.id)
