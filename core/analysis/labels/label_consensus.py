"""One label from several reviewers: majority, Dawid-Skene, and CROWDLAB, which asks a model too.

References
----------
A. P. Dawid, A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM
algorithm", 1979.
H. W. Goh, U. Tkachenko, J. Mueller, "CROWDLAB: Supervised learning to infer consensus labels and
quality scores for data with multiple annotators", 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Bools, Floats, Ints, probabilities, same_length
from core.analysis.labels.votes import NOBODY, check_votes, count_votes
from core.errors import InvalidInput
from core.language import t

N_ITERATIONS, TOLERANCE = 100, 1e-5  # crowd-kit's defaults for Dawid-Skene


@dataclass(frozen=True, slots=True)
class Consensus:
    """What several reviewers together say.

    Attributes
    ----------
    labels : array of int64, shape (n_images,)
        -1 for images that nobody voted on.
    quality : array of float64, shape (n_images,)
        How sure the method is of the label, a share; NaN where nobody voted.
    tied : array of bool, shape (n_images,)
        Whether the two classes with most votes have equally many: people have not decided.
    reviewer_quality : array of float64, shape (n_reviewers,)
        How often the method takes each to be right, a share; NaN for one who never voted.
    model_weight : float or None
        How much CROWDLAB trusts the model where a reviewer has 1 on average.
    """

    labels: Ints
    quality: Floats
    tied: Bools
    reviewer_quality: Floats
    model_weight: float | None = None


def majority(votes: ArrayLike, n_classes: int) -> Consensus:
    """Return the class with most votes.

    Parameters
    ----------
    votes : array of int, shape (n_images, n_reviewers)
        -1 where somebody did not say anything.

    Notes
    -----
    Between classes with equally many votes the one with more votes over all images is taken, then
    the first. Quality is the share of votes that agree; that of a reviewer how often the label is
    what they said.

    Examples
    --------
    >>> majority([[0, 0, 1], [2, 1, -1], [1, 1, 1]], 3).labels.tolist()
    [0, 1, 1]
    """
    table = check_votes(votes, n_classes)
    counts = count_votes(table, n_classes)
    tie_break = counts.sum(axis=0) / (counts.sum() + 1.0)  # below 1: only ties are decided by it
    best = (counts + tie_break).argmax(axis=1)
    n_votes = counts.sum(axis=1)
    labels = np.where(n_votes > 0, best, NOBODY)
    quality = _ratio(counts[np.arange(len(table)), best], n_votes)
    return Consensus(labels, quality, _tied(counts), _agreement_with(table, labels))


def dawid_skene(votes: ArrayLike, n_classes: int) -> Consensus:
    """Return the labels under which each reviewer's habit of confusing classes explains most.

    Parameters
    ----------
    votes : array of int, shape (n_images, n_reviewers)
        -1 where somebody did not say anything.

    Notes
    -----
    Expectation-maximisation from the majority's shares, at most 100 rounds, until the mean
    log-likelihood of an image gains less than 1e-5. Quality is the posterior of the label; that of
    a reviewer the chance that an image of the estimated class mix is named rightly. With few votes
    a reviewer it is often no better than the majority: measured on CIFAR-10H it was worse.
    """
    table = check_votes(votes, n_classes)
    counts = count_votes(table, n_classes)
    voted = np.flatnonzero(counts.sum(axis=1) > 0)
    quality, labels = np.full(len(table), np.nan), np.full(len(table), NOBODY)
    if not len(voted):
        return Consensus(labels, quality, _tied(counts), np.full(table.shape[1], np.nan))
    posterior, prior, confusion = _expectation_maximisation(table[voted], n_classes)
    labels[voted] = posterior.argmax(axis=1)
    quality[voted] = posterior.max(axis=1)
    right = np.einsum("k,rkk->r", prior, confusion)
    right[(table == NOBODY).all(axis=0)] = np.nan
    return Consensus(labels, quality, _tied(counts), right)


def crowdlab(votes: ArrayLike, probs: ArrayLike) -> Consensus:
    """Return the labels that reviewers and a model, each as trusted as it earned, agree on best.

    Parameters
    ----------
    votes : array of int, shape (n_images, n_reviewers)
        -1 where somebody did not say anything; two votes on at least one image.
    probs : array of float, shape (n_images, n_classes)
        Out-of-fold probabilities: of models that had not learned from the image. Rows of images
        that nobody voted on are not looked at.

    Raises
    ------
    InvalidInput
        If no image has two votes: then nothing tells how far reviewers can be trusted.
    """
    from cleanlab.multiannotator import get_label_quality_multiannotator

    n_classes = np.shape(probs)[1] if np.ndim(probs) == 2 else 0
    table = check_votes(votes, n_classes)
    same_length("votes", len(table), "probs", len(np.asarray(probs)))
    counts = count_votes(table, n_classes)
    rows, columns = counts.sum(axis=1) > 0, (table != NOBODY).any(axis=0)
    p = probabilities(np.asarray(probs)[rows]).astype(np.float64)
    if counts.sum(axis=1).max(initial=0) < 2:
        raise InvalidInput(
            t("no image was reviewed by two people, so nothing tells how far to trust each"),
            expected=t("two reviews of at least one image"),
            todo=t("let somebody else review some of the same images, or take the majority"),
        )
    given = table[np.ix_(rows, columns)].astype(np.float64)
    given[given == NOBODY] = np.nan
    found = get_label_quality_multiannotator(
        given,
        p / p.sum(axis=1, keepdims=True),
        consensus_method="best_quality",
        return_detailed_quality=False,
        return_weights=True,
        verbose=False,
    )
    of_image = found["label_quality"]
    labels, quality = np.full(len(table), NOBODY), np.full(len(table), np.nan)
    labels[rows] = of_image["consensus_label"].to_numpy(dtype=np.int64)
    quality[rows] = of_image["consensus_quality_score"].to_numpy(dtype=np.float64)
    of_reviewer = np.full(table.shape[1], np.nan)
    stats = found["annotator_stats"]["annotator_quality"].sort_index()
    of_reviewer[columns] = stats.to_numpy(dtype=np.float64)
    weight = float(found["model_weight"]) / float(np.mean(found["annotator_weight"]))
    return Consensus(labels, quality, _tied(counts), of_reviewer, weight)


def _expectation_maximisation(table: Ints, n_classes: int) -> tuple[Floats, Floats, Floats]:
    """Return posterior (n, K), prior (K,) and confusion (n_reviewers, K, K), row = true."""
    n_reviewers = table.shape[1]
    image, reviewer = np.nonzero(table != NOBODY)
    said = table[image, reviewer]
    counts = count_votes(table, n_classes)
    posterior = counts / counts.sum(axis=1, keepdims=True)
    before = -np.inf
    for _ in range(N_ITERATIONS):
        prior = posterior.mean(axis=0)
        by_said = np.zeros((n_reviewers, n_classes, n_classes))  # reviewer, said, true
        np.add.at(by_said, (reviewer, said), posterior[image])
        confusion = by_said.transpose(0, 2, 1)
        total = confusion.sum(axis=2, keepdims=True)
        confusion = np.divide(confusion, total, out=np.zeros_like(confusion), where=total > 0)
        with np.errstate(divide="ignore"):
            log_posterior = np.tile(np.log(prior), (len(table), 1))
            np.add.at(log_posterior, image, np.log(confusion)[reviewer, :, said])
        peak = log_posterior.max(axis=1, keepdims=True)  # finite: the majority's class explains all
        posterior = np.exp(log_posterior - peak)
        evidence = posterior.sum(axis=1, keepdims=True)
        posterior /= evidence
        likelihood = float((peak + np.log(evidence)).mean())
        if likelihood - before < TOLERANCE:
            break
        before = likelihood
    return posterior, prior, confusion


def _tied(counts: Ints) -> Bools:
    if counts.shape[1] < 2:
        return np.zeros(len(counts), dtype=np.bool_)
    top = np.sort(counts, axis=1)[:, -2:]
    return np.asarray((top[:, 0] == top[:, 1]) & (top[:, 1] > 0))


def _agreement_with(table: Ints, labels: Ints) -> Floats:
    voted = table != NOBODY
    return _ratio(((table == labels[:, None]) & voted).sum(axis=0), voted.sum(axis=0))


def _ratio(above: Ints, below: Ints) -> Floats:
    out = np.full(len(above), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out
