"""Compare, the sentence above the leaderboard: which model to take, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.language import t, text
from core.services.comparing import choosing
from core.services.comparing.choosing import Rival
from core.services.comparing.questions import Answers
from pages.parts import figures_on
from pages.ui import meaning, messages

_QUICKER = 0.5  # of the time for an image: half of it is worth a word


def show(
    board: pd.DataFrame, said: Sequence[Answers], called: Mapping[str, str], split: str
) -> None:
    """Say which model to take; `board` and `said` begin with the best on validation."""
    rivals = choosing.rivals(said)
    st.info(sentence(board, rivals, called, split), icon=":material/social_leaderboard:")


def sentence(
    board: pd.DataFrame, rivals: Sequence[Rival], called: Mapping[str, str], split: str
) -> str:
    """Return the advice in words, as Markdown."""
    best = board.iloc[0]
    words: list[str] = [
        t(
            "**Take {name}.** It is the best on validation, and right on {accuracy:.1%} of the "
            "{images} (95 % interval {interval}).",
            name=_name(best["run"], called),
            accuracy=float(best["accuracy"]),
            images=figures_on.images(int(best["n_images"]), split),
            interval=text.interval((best["accuracy_low"], best["accuracy_high"])),
        )
    ]
    if split == "val":
        words.append(
            t("It was chosen on these images, which flatters it: believe the test images.")
        )
    if not rivals:
        return " ".join([*words, t("There is no other model to compare it with.")])
    words.append(_runner_up(rivals[0], called))
    if len(rivals) > 1:
        words.append(_others(rivals))
    if quicker := _quicker(board, rivals, called):
        words.append(quicker)
    return " ".join(words)


def _name(model_id: str, called: Mapping[str, str]) -> str:
    return messages.plain(called[model_id])


def _runner_up(rival: Rival, called: Mapping[str, str]) -> str:
    name = _name(rival.model, called)
    if not rival.is_told_apart:
        return t(
            "Whether it is better than the runner-up, {name}, cannot be told from these images: "
            "{difference} ({bounds}).",
            name=name,
            difference=text.points(rival.difference),
            bounds=meaning.spread((rival.low, rival.high)),
        )
    low, high = sorted((abs(rival.low), abs(rival.high)))
    by = {"points": 100 * abs(rival.difference), "low": 100 * low, "high": 100 * high}
    if rival.difference > 0:
        return t(
            "It is better than the runner-up, {name}, by {points:.1f} points ({low:.1f} to "
            "{high:.1f}): that is more than luck.",
            name=name,
            **by,
        )
    return t(
        "But on these images the runner-up, {name}, is better by {points:.1f} points ({low:.1f} to "
        "{high:.1f}): look at both.",
        name=name,
        **by,
    )


def _others(rivals: Sequence[Rival]) -> str:
    n = len(rivals)
    n_beaten = sum(r.is_told_apart and r.difference > 0 for r in rivals)
    if n_beaten == n:
        return t("It is better than all {n} others.", n=n)
    if n_beaten == 0:
        return t("It cannot be told from any of the {n} others.", n=n)
    return t(
        "Of the {n} others it is better than {n_beaten}, and cannot be told from the rest.",
        n=n,
        n_beaten=n_beaten,
    )


def _quicker(board: pd.DataFrame, rivals: Sequence[Rival], called: Mapping[str, str]) -> str | None:
    """Name the quickest model that is as good as anyone can tell, if it is much quicker."""
    times = board.set_index("run")["ms_per_image"]
    equal = [r.model for r in rivals if not r.is_told_apart and times[r.model] == times[r.model]]
    if not equal:
        return None
    quickest = min(equal, key=lambda i: float(times[i]))
    best, its = float(times.iloc[0]), float(times[quickest])
    if not its < _QUICKER * best:
        return None
    return t(
        "If time counts: {name} cannot be told from it, and takes {quicker:.3g} ms for an image "
        "instead of {slower:.3g}.",
        name=_name(quickest, called),
        quicker=its,
        slower=best,
    )
