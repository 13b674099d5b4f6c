"""The images behind a number, with what people said under each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.language import phrase, t
from core.records import Dataset, Review
from core.services.labels.votes import Votes, votes_of
from core.services.workspace import Workspace
from pages.ui import gallery

_PAGE_SIZE = 24
_WITHOUT_LABEL = {"skip": phrase("skip"), "not_sure": phrase("not sure")}


def images(
    ws: Workspace,
    dataset: Dataset,
    positions: Sequence[int],
    key: str,
    *,
    source: str | None = None,
    only: Sequence[str] = (),
    empty: str | None = None,
) -> None:
    """Draw the images; first the label given, then what people said, or what `only` these did.

    Without any image, `empty` says so.
    """
    its = votes_of(ws, dataset.id, source=source)
    subs = [said(its, dataset.labels, position, only) for position in positions]
    gallery.gallery(
        ws,
        dataset,
        positions,
        key,
        subs=subs,
        page_size=_PAGE_SIZE,
        empty=empty or t("No images here."),
    )


def answer(review: Review) -> str:
    """Return what somebody said of an image: a label, or the word for none."""
    return review.label or t(_WITHOUT_LABEL[review.verdict])


def said(its: Votes, labels: Sequence[str], position: int, only: Sequence[str] = ()) -> str:
    """Return "2 Bola, 1 Rayando", or of certain people "Bola / Rayando" in their order."""
    row = its.votes[position]
    if only:
        mine = [int(row[its.reviewers.index(name)]) for name in only]
        return " / ".join(labels[vote] if vote >= 0 else "–" for vote in mine)
    counted = Counter(labels[int(vote)] for vote in row if vote >= 0)
    return ", ".join(f"{n} {label}" for label, n in counted.most_common())
