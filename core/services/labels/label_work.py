"""What the reviews of a data set say together: how far people agree, and one label from all."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.analysis.labels import agreement as measures
from core.analysis.labels.agreement import Estimate
from core.analysis.labels.votes import NOBODY
from core.errors import InvalidInput
from core.language import t
from core.records import Dataset, LabelSet
from core.services.data.datasets import get_dataset
from core.services.labels import label_sets
from core.services.labels.settling import settle
from core.services.labels.votes import Votes, votes_of
from core.store.database import Workspace


def agreement(ws: Workspace, dataset_id: str, *, source: str | None = None) -> dict[str, Any]:
    """Return how far reviewers agree beyond chance, with intervals over images.

    Parameters
    ----------
    source : str, optional
        Only reviews from one queue. Suspects and disagreements are harder than other images: an
        agreement that stands for all of them comes from "random".

    Returns
    -------
    dict
        n_reviews, n_reviewers, n_images (with a review), n_skipped, n_not_sure, n_not_blind (left
        out of the figures), last_review;
        agreement {alpha, alpha_ci, kappa, kappa_ci, n_images}: Krippendorff's and Fleiss', on
        images that two or more labelled;
        class_pairs [{a, b, alpha, ci, n_images, n_disagreed}];
        reviewers [{reviewer, n_reviews, n_images, share, share_ci, kappa, kappa_ci}];
        reviewer_pairs [{a, b, kappa, ci, n_images, n_disagreed, mostly}].
        Figures are None where undefined, intervals where there are too few images.
    """
    dataset = get_dataset(ws, dataset_id)
    its, n = votes_of(ws, dataset.id, source=source, blind_only=True), len(dataset.labels)
    alpha, kappa = measures.alpha(its.votes, n), measures.kappa(its.votes, n)
    return {
        "dataset": dataset.id,
        "source": source,
        "n_reviews": its.n_reviews,
        "n_reviewers": len(its.reviewers),
        "n_images": int((its.votes != NOBODY).any(axis=1).sum()),
        "n_skipped": len(its.skipped),
        "n_not_sure": len(its.not_sure),
        "n_not_blind": its.n_not_blind,
        "last_review": its.last_seq,
        "agreement": {
            "alpha": _number(alpha.value),
            "alpha_ci": _interval(alpha),
            "kappa": _number(kappa.value),
            "kappa_ci": _interval(kappa),
            "n_images": alpha.n_images,
        },
        "class_pairs": _class_pairs(dataset, its),
        "reviewers": _reviewers(dataset, its),
        "reviewer_pairs": _reviewer_pairs(dataset, its),
    }


def class_pairs(ws: Workspace, dataset_id: str) -> list[dict[str, Any]]:
    """Return the `class_pairs` of `agreement` alone, which take a fraction of its time."""
    dataset = get_dataset(ws, dataset_id)
    return _class_pairs(dataset, votes_of(ws, dataset.id, source=None, blind_only=True))


def disagreements(
    ws: Workspace,
    dataset_id: str,
    *,
    pair: tuple[str, str] | None = None,
    reviewers: tuple[str, str] | None = None,
    source: str | None = None,
) -> list[int]:
    """Return the positions of the images behind a number of `agreement`.

    Parameters
    ----------
    pair : (label, label), optional
        Images that were given both; default any two labels.
    reviewers : (name, name), optional
        Only what these two said; with `pair`, too, the first said the first label.
    source : str, optional
        As for `agreement`.

    Raises
    ------
    InvalidInput
        If a label or a reviewer is unknown here.
    """
    dataset = get_dataset(ws, dataset_id)
    its = votes_of(ws, dataset.id, source=source, blind_only=True)
    found = measures.disagreed_on(
        its.votes,
        len(dataset.labels),
        classes=_places(dataset.labels, pair, t("there is no such label here")),
        reviewers=_places(its.reviewers, reviewers, t("there is no such reviewer here")),
    )
    return [int(row) for row in np.flatnonzero(found)]


def consensus(
    ws: Workspace,
    dataset_id: str,
    *,
    method: str = "crowdlab",
    name: str = "consensus",
    run_id: str | None = None,
    who: str = "",
) -> LabelSet:
    """Make one label of all reviews and save it as the next version of a label set.

    Parameters
    ----------
    method : {"crowdlab", "dawid_skene", "majority"}
    name : str
        Of the label set.
    run_id : str, optional
        For "crowdlab": whose out-of-fold answers count beside the reviewers; default the best.

    Returns
    -------
    LabelSet
        An adjudicated image has the label that was decided, a reviewed one the consensus, any
        other that of the import. `origin` says method, run, reviews, reviewers' quality and how
        many labels changed. The same reviews give the same version.

    Raises
    ------
    InvalidInput
        If there is no such method, or no image was reviewed twice (CROWDLAB).
    NotReady
        If nobody has reviewed anything, or there are no out-of-fold answers (CROWDLAB).
    """
    dataset = get_dataset(ws, dataset_id)
    its = settle(ws, dataset, method, run_id)
    found, votes = its.consensus, its.votes
    origin = {
        "method": method,
        "run": its.run,
        "last_review": votes.last_seq,
        "n_reviews": votes.n_reviews,
        "n_reviewers": len(votes.reviewers),
        "n_reviewed_images": int((found.labels != NOBODY).sum()),
        "decisions": list(its.decisions),
        "n_changed": int((its.labels != its.original).sum()),
        "model_weight": found.model_weight,
        "reviewer_quality": {
            person: _number(value)
            for person, value in zip(votes.reviewers, found.reviewer_quality, strict=True)
        },
    }
    return label_sets.save_label_set(
        ws, dataset.id, name, its.labels, origin=origin, quality=its.quality, who=who
    )


def _class_pairs(dataset: Dataset, its: Votes) -> list[dict[str, Any]]:
    return [
        {
            "a": dataset.labels[pair.a],
            "b": dataset.labels[pair.b],
            "alpha": _number(pair.alpha.value),
            "ci": _interval(pair.alpha),
            "n_images": pair.alpha.n_images,
            "n_disagreed": pair.n_disagreed,
        }
        for pair in measures.by_class_pair(its.votes, len(dataset.labels))
    ]


def _reviewers(dataset: Dataset, its: Votes) -> list[dict[str, Any]]:
    return [
        {
            "reviewer": its.reviewers[figures.reviewer],
            "n_reviews": figures.n_reviews,
            "n_images": figures.share.n_images,
            "share": _number(figures.share.value),
            "share_ci": _interval(figures.share),
            "kappa": _number(figures.kappa.value),
            "kappa_ci": _interval(figures.kappa),
        }
        for figures in measures.by_reviewer(its.votes, len(dataset.labels))
    ]


def _reviewer_pairs(dataset: Dataset, its: Votes) -> list[dict[str, Any]]:
    return [
        {
            "a": its.reviewers[pair.a],
            "b": its.reviewers[pair.b],
            "kappa": _number(pair.kappa.value),
            "ci": _interval(pair.kappa),
            "n_images": pair.kappa.n_images,
            "n_disagreed": pair.n_disagreed,
            "mostly": [dataset.labels[label] for label in pair.mostly] if pair.mostly else None,
        }
        for pair in measures.by_reviewer_pair(its.votes, len(dataset.labels))
    ]


def _places(
    names: tuple[str, ...], wanted: tuple[str, str] | None, what: str
) -> tuple[int, int] | None:
    if wanted is None:
        return None
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise InvalidInput(
            what,
            expected=", ".join(names[:20]) or t("one who has reviewed"),
            received=unknown[0],
        )
    return names.index(wanted[0]), names.index(wanted[1])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval(estimate: Estimate) -> list[float] | None:
    return [estimate.low, estimate.high] if np.isfinite(estimate.low) else None
