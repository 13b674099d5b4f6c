"""What a cascade gains and costs at some thresholds, and whether that is more than it must beat."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from core.analysis import metrics
from core.analysis.cascades import cascade, controls, routes
from core.analysis.cascades.routed_cost import RoutedCost
from core.analysis.cascades.routes import GENERALIST, PERSON, Routed, Thresholds
from core.analysis.comparisons.intervals import Estimate
from core.analysis.comparisons.paired import paired_intervals
from core.errors import InvalidInput
from core.language import Sentence, t
from core.records import Run
from core.services.cascades.members import Members, SplitAnswers, calibrated, second_generalists
from core.store.database import Workspace

ROUTES = ("all", "generalist", "experts")


def report(
    ws: Workspace, members: Members, thresholds: Thresholds, second: Run | None = None
) -> dict[str, Any]:
    """Return what `cascade` prints: figures on val and test, the two controls, and the verdict.

    Parameters
    ----------
    second : Run, optional
        The second generalist of the control; by default the first of `second_generalists`.

    Raises
    ------
    InvalidInput
        If a threshold is no share, or there is not one for each expert.
    """
    found: dict[str, Any] = {
        split: figures(members, members.on(split), thresholds) for split in ("val", "test")
    }
    part, routed = members.test, members.test.send(members.pairs, thresholds)
    everywhere = _all_owned(members, part)
    random = controls.random_deferral(routed, everywhere, part.probs, part.y)
    others = second_generalists(ws, members.generalist) if second is None else [second]
    ensemble = None
    if others:
        theirs = calibrated(ws, others[0], part.positions)
        ensemble = {
            "run": others[0].id,
            **controls.second_generalist(routed, part.probs, theirs, part.y),
        }
    found["controls"] = {"random": random, "ensemble": ensemble}
    found["costs"] = costs(members, found["test"])
    found["verdict"] = verdict(found)
    return found


def figures(members: Members, part: SplitAnswers, thresholds: Thresholds) -> dict[str, Any]:
    """Return the figures of one split, in plain Python numbers.

    Returns
    -------
    dict
        n_images, n_answered (without a person), coverage, accuracy (of what is answered) with
        accuracy_ci (Wilson), generalist_accuracy (of the generalist alone, on the same answered
        images), gain with gain_ci (paired), n_deferred and deferral_rate (an expert is asked),
        n_expert (it answers), n_recovered, n_broken, recovery and breakage (shares of what
        experts answer), person_rate, confusion (K lists; what is answered), asked (images of each
        true class that a person is asked about), charged (`charged`; None where mistakes have no
        costs), pairs: the same figures for each expert, and what it saved with saved_ci.
    """
    routed = part.send(members.pairs, thresholds)
    answered = routed.route != PERSON
    right, was_right = routed.answer == part.y, part.probs.argmax(axis=1) == part.y
    cost = _cost(members, part, routed)
    n, n_answered = len(part.y), int(answered.sum())
    n_right = int((right & answered).sum())
    by_pair = [
        {
            "expert": expert.id,
            "pair": list(expert.classes),
            "tau": float(tau),
            "n_owned": int(part.sweep.n_owned[index]),
            **_accounting(routed, right, was_right, routed.asked == index),
            **_saved(None if cost is None else cost.saved_by(index)),
        }
        for index, (expert, tau) in enumerate(zip(members.experts, thresholds.taus, strict=True))
    ]
    K = len(members.classes)
    return {
        "n_images": n,
        "n_answered": n_answered,
        "coverage": n_answered / n,
        "accuracy": n_right / n_answered if n_answered else 0.0,
        "accuracy_ci": list(metrics.wilson_interval(n_right, n_answered)),
        "generalist_accuracy": float(was_right[answered].mean()) if n_answered else 0.0,
        **_accounting(routed, right, was_right, routed.asked >= 0),
        "person_rate": 1.0 - n_answered / n,
        "confusion": metrics.confusion_matrix(
            part.y[answered], routed.answer[answered], K
        ).tolist(),
        "asked": np.bincount(part.y[~answered], minlength=K).tolist(),
        "charged": cost and charged(members, cost),
        "pairs": by_pair,
    }


def charged(members: Members, cost: RoutedCost) -> dict[str, Any]:
    """Return what an image costs by the costs of mistakes that were entered.

    Returns
    -------
    dict
        version and unit of the costs, person (what asking one costs, or None), n_images (all, or
        without that those answered without a person), per_image with per_image_ci, saved with
        saved_ci (against the generalist alone on the same images; below 0 where it costs more),
        experts {saved, saved_ci} (what of it they save); None without images.
    """
    entered, per_image = members.costs, cost.per_image
    return {
        "version": entered and entered.version,
        "unit": entered and entered.unit,
        "person": cost.person,
        "n_images": cost.n_images,
        "per_image": per_image and per_image.value,
        "per_image_ci": per_image and [per_image.low, per_image.high],
        **_saved(cost.saved),
        "experts": _saved(cost.saved_by()),
    }


def _cost(members: Members, part: SplitAnswers, routed: Routed) -> RoutedCost | None:
    if part.charged is None or members.costs is None:
        return None
    before = part.probs.argmax(axis=1)
    return RoutedCost(part.charged, before, routed, members.costs.person)


def _saved(saved: Estimate | None) -> dict[str, Any]:
    return {"saved": saved and saved.value, "saved_ci": saved and [saved.low, saved.high]}


def _accounting(
    routed: Routed, right: np.ndarray, was_right: np.ndarray, asked: np.ndarray
) -> dict[str, Any]:
    """Return what asking experts about some images changes among all that is answered."""
    n, n_answered = len(right), int((routed.route != PERSON).sum())
    here = asked & (routed.route != PERSON)
    n_expert = int(here.sum())
    won, lost = int((here & right & ~was_right).sum()), int((here & was_right & ~right).sum())
    return {
        "gain": (won - lost) / n_answered if n_answered else 0.0,
        "gain_ci": paired_intervals([won], [lost], n_answered)[0].tolist(),
        "n_deferred": int(asked.sum()),
        "deferral_rate": float(asked.sum() / n),
        "n_expert": n_expert,
        "n_recovered": won,
        "n_broken": lost,
        "recovery": won / n_expert if n_expert else 0.0,
        "breakage": lost / n_expert if n_expert else 0.0,
    }


def costs(members: Members, test: dict[str, Any]) -> dict[str, Any]:
    """Return what the experts cost beside the generalist; None where a part is unknown.

    Returns
    -------
    dict
        ms_per_image of the generalist, added_ms_per_image (the experts', where they are asked; at
        most: models on one backbone share its work), training_s of the generalist and
        added_training_s.
    """
    rates = [row["deferral_rate"] for row in test["pairs"]]
    times = [expert.ms_per_image for expert in members.experts]
    known = [t for t in times if t is not None]
    trained = [expert.duration_s for expert in members.experts]
    whole = [t for t in trained if t is not None]
    return {
        "ms_per_image": members.generalist.ms_per_image,
        "added_ms_per_image": (
            sum(rate * t for rate, t in zip(rates, known, strict=True))
            if len(known) == len(times)
            else None
        ),
        "training_s": members.generalist.duration_s,
        "added_training_s": sum(whole) if len(whole) == len(trained) else None,
    }


def verdict(found: dict[str, Any]) -> str:
    """Say in a sentence or two whether the experts pay, on test; "no" is an answer."""
    test, ensemble = found["test"], found["controls"]["ensemble"]
    low, high = test["gain_ci"]
    if not test["n_deferred"]:
        return t("At this threshold nothing is deferred: the cascade is the generalist.")
    gain = t("{gain} on {n:,} test images", gain=_points(test), n=test["n_answered"])
    if high < 0:
        return t("The experts do harm: {gain}.", gain=gain)
    if low <= 0:
        return t("No measurable gain: {gain}.", gain=gain)
    said = [t("The experts pay: {gain}.", gain=gain)]
    if len(test["pairs"]) > 1:
        idle = [row for row in test["pairs"] if row["n_deferred"] and row["gain_ci"][0] <= 0]
        said += [
            t("Not the one for {pair}: {gain}.", pair=" / ".join(row["pair"]), gain=_points(row))
            for row in idle
        ]
    if test["n_answered"] == test["n_images"]:
        said += _beaten_by_chance(test, found["controls"]["random"])
        if ensemble is not None and ensemble["lead_ci"][0] <= 0:
            said.append(t("A second generalist in their place could gain as much."))
    return reduce(lambda before, one: t("{before} {one}", before=before, one=one), said)


def _beaten_by_chance(test: dict[str, Any], random: dict[str, Any]) -> list[Sentence]:
    """Say where as many images drawn at random would have done."""
    all_asked = test["n_deferred"] == test["n_images"]
    all_owned = all(row["n_deferred"] == row["n_owned"] for row in test["pairs"])
    if not all_asked and test["gain"] <= random["gain"] + 2 * random["accuracy_sd"]:
        return [t("Deferring as many at random would gain as much.")]
    in_pair = random.get("gain_in_pair")  # not in what was saved before it was computed
    if in_pair is not None and not all_owned and test["gain"] <= in_pair + 2 * random["sd_in_pair"]:
        return [t("The threshold adds nothing: as many of the pair's images would do.")]
    return []


def _points(figures: dict[str, Any]) -> Sentence:
    """Return a net gain with its interval, in points."""
    low, high = figures["gain_ci"]
    return t(
        "{gain:+.1f} points ({low:+.1f} to {high:+.1f})",
        gain=100 * figures["gain"],
        low=100 * low,
        high=100 * high,
    )


def cell_positions(
    members: Members,
    thresholds: Thresholds,
    cell: tuple[int, int],
    *,
    split: str = "test",
    route: str = "all",
) -> list[int]:
    """Return the positions of the images in one cell of the matrix, the surest first.

    Parameters
    ----------
    cell : (true class, answer)
        Numbers; an answer equal to the number of classes means that a person is asked.
    route : {"all", "generalist", "experts"}
        Whose answers.

    Raises
    ------
    InvalidInput
        If there is no such cell, split or route, or thresholds do not fit.
    """
    part, K = members.on(split), len(members.classes)
    true, said = cell
    if route not in ROUTES or not (0 <= true < K and 0 <= said <= K):
        raise InvalidInput(
            t("this cascade has no such cell"),
            expected=t(
                "classes 0 to {last}, and one of {routes}", last=K - 1, routes=", ".join(ROUTES)
            ),
            received=f"{true}, {said}, {route}",
        )
    routed = part.send(members.pairs, thresholds)
    if said == K:
        inside = (part.y == true) & (routed.route == PERSON)
    else:
        mine = {"all": routed.route != PERSON, "generalist": routed.route == GENERALIST,
                "experts": routed.route >= 0}[route]  # fmt: skip
        inside = (part.y == true) & (routed.answer == said) & mine
    order = np.argsort(-routed.confidence[inside], kind="stable")
    return [int(p) for p in part.positions[inside][order]]


def _all_owned(members: Members, part: SplitAnswers) -> Routed:
    """Return the routes with every image that a pair owns deferred, whatever its confidence."""
    owner = cascade.route(part.probs, members.pairs)
    everything = Thresholds((1.0,) * len(members.pairs))
    keys = np.where(owner >= 0, 0.0, 1.0)
    return routes.send(part.probs, members.pairs, part.expert_probs, everything, keys)
