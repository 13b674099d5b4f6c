"""Compare, the sentence above the leaderboard: which model to take, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.language import text
from core.services.comparing import choosing
from core.services.comparing.choosing import Rival
from core.services.comparing.questions import Answers
from pages.ui import meaning, messages, names

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
    span = text.interval((best["accuracy_low"], best["accuracy_high"]))
    images = f"{best['n_images']:,} {names.SPLITS[split]} images"
    words = [
        f"**Take {_name(best['run'], called)}.** It is the best on validation, and right on "
        f"{text.percent(best['accuracy'])} of the {images} (95 % interval {span})."
    ]
    if split == "val":
        words.append("It was chosen on these images, which flatters it: believe the test images.")
    if not rivals:
        return " ".join([*words, "There is no other model to compare it with."])
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
    span = f"{text.points(abs(rival.difference))}"
    if not rival.is_told_apart:
        bounds = meaning.spread((rival.low, rival.high))
        return (
            f"Whether it is better than the runner-up, {name}, cannot be told from these images: "
            f"{text.points(rival.difference)} ({bounds})."
        )
    low, high = sorted((abs(rival.low), abs(rival.high)))
    by = f"by {span.lstrip('+')} ({100 * low:.1f} to {100 * high:.1f})"
    if rival.difference > 0:
        return f"It is better than the runner-up, {name}, {by}: that is more than luck."
    return f"But on these images the runner-up, {name}, is better {by}: look at both."


def _others(rivals: Sequence[Rival]) -> str:
    n = len(rivals)
    n_beaten = sum(r.is_told_apart and r.difference > 0 for r in rivals)
    if n_beaten == n:
        return f"It is better than all {n} others."
    if n_beaten == 0:
        return f"It cannot be told from any of the {n} others."
    return f"Of the {n} others it is better than {n_beaten}, and cannot be told from the rest."


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
    return (
        f"If time counts: {_name(quickest, called)} cannot be told from it, and takes "
        f"{its:.3g} ms for an image instead of {best:.3g}."
    )
