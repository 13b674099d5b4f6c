"""The review screen: one image, one button a label, and the keys of a keyboard.

It is a component of its own, because a rerun of the page takes longer than a person's next
answer: the browser holds the next pictures, shows one at once, and sends what was said.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.ids import content_id
from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.labels import review_pictures, review_queues, reviewing
from core.services.labels.review_queues import Queue
from core.services.workspace import Workspace
from pages.parts import review_images, review_intake
from pages.ui import messages, state

KEYS = "1234567890abdefghijklmopstvwxy"  # C and R are Streamlit's; n, q, u and z are commands
_N_AHEAD = 8  # pictures in the browser
_N_ORDER = 30
ASSETS = Path(__file__).with_name("assets")
_SCREEN = st.components.v2.component(
    "desempate_review",
    html="<div class='root' role='group'>\n</div>",
    css=(ASSETS / "review.css").read_text(),
    js="".join((ASSETS / f"review{part}.js").read_text() for part in ("_desk", "_view", "")),
)
WORDS = {  # what stands on the desk; the browser puts numbers and names into the places
    "review": phrase("Review"),
    "labels": phrase("Labels"),
    "picture": phrase("The image to review"),
    "loading": phrase("Loading the next image …"),
    "finished": phrase(
        "Nothing is left in this queue. Thank you! Another queue may have images for you."
    ),
    "filter": phrase("Type a label"),
    "filter_how": phrase("Type a label, Enter takes the first   /"),
    "space": phrase("space"),
    "skip": phrase("Skip"),
    "not_sure": phrase("Not sure"),
    "undo": phrase("Undo"),
    "zoom": phrase("Zoom"),
    "note": phrase("Note"),
    "note_of": phrase("A note on this image"),
    "note_how": phrase("A note on this image; Enter goes back"),
    "this": phrase("This image"),
    "last": phrase("The last image: you said {mine}"),
    "given": phrase("Label given: {given}"),
    "nobody": phrase("Nobody else has answered yet."),
    "late": phrase("{n} kept here, not saved yet: the server does not answer"),
    "saving": phrase("saving {n} …"),
    "saved": phrase("saved"),
    "unsaved": phrase("{n} not saved"),
    "saved_here": phrase("{n} saved in this window"),
    "refused_undo": phrase("Taking back is not saved. {why}"),
    "refused": phrase("Your answer {answer} is not saved. {why}"),
    "said_skip": phrase("skip"),
    "said_not_sure": phrase("not sure"),
    "save_mine": phrase("Save mine all the same"),
    "keep_theirs": phrase("Keep what was there"),
    "again": phrase("Try again"),
    "give_up": phrase("Give it up"),
    "again_now": phrase("Try again now"),
}


@dataclass(frozen=True)
class Task:
    """Who reviews what, and what is shown.

    Attributes
    ----------
    kind : str
        A queue of `review_queues`.
    reviewer : str
    reveal : {"never", "after", "always"}
        When the given label and the others' answers are shown.
    more : mapping
        The pair, or the positions, that the queue needs.
    """

    kind: str
    reviewer: str
    reveal: reviewing.Reveal
    more: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Identity of what is on the screen; another one begins anew."""
        return content_id("task", [self.kind, self.reveal, sorted(self.more.items())])


@st.fragment
def screen(ws: Workspace, dataset: Dataset, task: Task) -> None:
    """Draw the screen; this alone runs again with every answer."""
    key = f"review-{dataset.id}-{task.reviewer}"
    with messages.guard():
        said = state.component_value(key, "said") or {}
        receipt = review_intake.take_in(ws, dataset, task.reviewer, said.get("events", []))
        found = review_queues.queue(
            ws, dataset.id, task.kind, task.reviewer, n_next=_N_ORDER, **task.more
        )
        _SCREEN(
            key=key,
            data=screen_data(ws, dataset, task, found, receipt, said),
            default={"said": None},
            on_said_change=_nothing,
        )


def screen_data(
    ws: Workspace,
    dataset: Dataset,
    task: Task,
    found: Queue,
    receipt: review_intake.Receipt,
    said: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the browser gets: what was saved, and what comes next.

    Neither position nor path nor, unless it is to be revealed, anybody's label is in it.
    """
    order = review_queues.images_of(ws, dataset.id, found.next)
    have = {str(image) for image in said.get("have", [])}
    wanted = [image for image in [*receipt.undone.values(), said.get("want")] if image]
    ahead = dict.fromkeys([*wanted, *order[:_N_AHEAD]])
    return {
        "who": f"{dataset.id}/{task.reviewer}",
        "task": task.name,
        "source": task.kind,
        "labels": list(dataset.labels),
        "keys": [*KEYS[: len(dataset.labels)]],
        "turn": int(said.get("turn", 0)),
        "order": order,
        "items": [_item(ws, dataset, task, image) for image in ahead if image not in have],
        "saved": receipt.saved,
        "refused": receipt.refused,
        "undone": receipt.undone,
        "told": _told(ws, dataset, task, receipt),
        "left": left(found),
        "words": {name: t(words) for name, words in WORDS.items()},
    }


def left(found: Queue) -> str:
    """Return how much of a queue is left, and for how long at the present pace."""
    if found.left_s is None or found.pace_s is None or not found.n_left:
        return tn(
            "{n_left:,} of {n:,} image left",
            "{n_left:,} of {n:,} images left",
            found.n_total,
            n_left=found.n_left,
        )
    return tn(
        "{n_left:,} of {n:,} image left, about {time} at your {pace:.1f} s an image",
        "{n_left:,} of {n:,} images left, about {time} at your {pace:.1f} s an image",
        found.n_total,
        n_left=found.n_left,
        time=text.duration(found.left_s),
        pace=found.pace_s,
    )


def _item(ws: Workspace, dataset: Dataset, task: Task, image: str) -> dict[str, Any]:
    """Return one picture with what may be known of it before the answer."""
    reveal: reviewing.Reveal = "always" if task.reveal == "always" else "never"
    known = reviewing.image_state(ws, dataset.id, image, task.reviewer, reveal=reveal)
    picture = base64.b64encode(review_pictures.jpeg(ws, image)).decode()
    return {
        "image": image,
        "version": known.version,
        "src": f"data:image/jpeg;base64,{picture}",
        "given": known.given,
        "others": _others(known),
    }


def _told(
    ws: Workspace, dataset: Dataset, task: Task, receipt: review_intake.Receipt
) -> dict[str, Any] | None:
    """Return what is revealed after the last answer."""
    last = receipt.last
    if task.reveal != "after" or last is None:
        return None
    known = reviewing.image_state(ws, dataset.id, last.image_id, task.reviewer, reveal="after")
    if known.given is None:
        return None
    mine = review_images.answer(last)
    return {"mine": mine, "given": known.given, "others": _others(known), "image": last.image_id}


def _others(known: reviewing.ImageState) -> list[list[str]]:
    return [[review.reviewer, review_images.answer(review)] for review in known.others or ()]


def _nothing() -> None:
    """Be the callback that Streamlit asks for beside a default."""
