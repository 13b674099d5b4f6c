"""What a class map does to a run's figures, said honestly: accuracy never falls by merging."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import streamlit as st

from core.analysis.merges.merging import Merge
from core.language import text
from pages.parts import class_verdict
from pages.parts.class_sandbox import Bench
from pages.ui import meaning


class Line(NamedTuple):
    """One figure of the scoreboard: before and after in words, and what is said beside it."""

    label: str
    help: str
    before: str
    after: str
    note: str = ""


def scoreboard(bench: Bench, before: Merge, after: Merge, *, wide: bool) -> None:
    """Draw what merging does to the answers: the verdict, what decides, what rises by itself."""
    groups = [
        ("What decides", _deciding(bench, before, after)),
        ("Rises by itself with fewer classes", _rising(bench, before, after)),
        ("Corrected for fewer classes", _corrected(bench, before, after)),
    ]
    if after.verdict != "baseline":
        which = "all" if bench.box.exhaustive else "random"
        groups.append((f"Among {which} merges of these sizes", _among(bench, after)))
    with st.container(border=True, gap="small"):
        class_verdict.badge(after)
        with st.grid(2 if wide else 1, min_column_width=215, gap="medium" if wide else "small"):
            for title, lines in groups:
                _group(title, lines)
    if after.n_classes == 1:
        st.warning(
            "With a single class there is nothing left to recognise.", icon=":material/block:"
        )


def confirmation(bench: Bench, chosen: Merge) -> None:
    """Draw the merge on the images it was chosen on beside test images, and what will vanish."""
    if chosen.verdict == "baseline":
        return
    tested = bench.confirm(chosen.partition)
    with st.container(border=True, gap="small"):
        if tested is None:
            st.caption("There are no test images, so the gain cannot be confirmed.")
            return
        n_test = text.count(bench.run.metrics["test"]["n_images"], "test image")
        _group("ITCA gain, where it was chosen and on test", _twice(bench, chosen, tested))
        st.caption(
            f"On {n_test}: accuracy {text.percent(tested.accuracy)}, "
            f"chance level {text.percent(tested.chance)}, bits kept "
            f"{text.percent(tested.bits_kept_share)}. {_curse(bench.optimism())}"
        )


def _twice(bench: Bench, chosen: Merge, tested: Merge) -> Iterator[Line]:
    n_test = text.count(bench.run.metrics["test"]["n_images"], "test image")
    for words, found, more in (
        (bench.word.capitalize(), chosen, f"On {bench.images}, where it was chosen."),
        ("Test", tested, f"On {n_test}, which had no part in the choice."),
    ):
        low, high = found.itca_gain_ci
        yield Line(
            words,
            f"{meaning.MEANING['itca']} {more}",
            "",
            f"{found.itca_gain:+.3f}",
            f"95 % interval {low:+.3f} to {high:+.3f}",
        )


def _curse(optimism: float) -> str:
    """Say how much of the best gain is there because it was chosen."""
    return (
        f"Winner's curse: about {optimism:.3f} of the best merge's gain is there because it was "
        "chosen, and will not come back on new images."
    )


def _deciding(bench: Bench, before: Merge, after: Merge) -> Iterator[Line]:
    low, high = after.itca_gain_ci
    merged = after.verdict != "baseline"
    yield Line(
        "ITCA",
        _explain(bench, "itca"),
        f"{before.itca:.3f}",
        f"{after.itca:.3f}",
        f"{after.itca_gain:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}" if merged else "",
    )
    yield Line(
        "Bits kept",
        _explain(bench, "bits"),
        f"{before.bits:.2f}",
        f"{after.bits:.2f}",
        f"{text.percent(after.bits_kept_share)} of what the labels' answers told" if merged else "",
    )


def _rising(bench: Bench, before: Merge, after: Merge) -> Iterator[Line]:
    yield Line(
        "Accuracy",
        _explain(bench, "accuracy"),
        text.percent(before.accuracy),
        text.percent(after.accuracy),
    )
    yield Line(
        "Chance level",
        _explain(bench, "chance"),
        text.percent(before.chance),
        text.percent(after.chance),
    )


def _corrected(bench: Bench, before: Merge, after: Merge) -> Iterator[Line]:
    yield Line(
        "Skill over chance",
        _explain(bench, "skill"),
        f"{before.skill:.3f}",
        f"{after.skill:.3f}",
    )
    yield Line("Kappa", _explain(bench, "kappa"), f"{before.kappa:.3f}", f"{after.kappa:.3f}")


def _among(bench: Bench, after: Merge) -> Iterator[Line]:
    low, high = after.ci
    yield Line(
        "Rank of the gain",
        _explain(bench, "gain_rank"),
        "",
        f"{text.ordinal(after.gain_rank)} of {after.n_same_sizes:,}",
    )
    yield Line(
        "Beyond their mean",
        _explain(bench, "excess_gain"),
        "",
        text.points(after.excess_gain),
        f"95 % interval {meaning.spread((low, high))}",
    )


def _group(title: str, lines: Iterator[Line]) -> None:
    """Draw a few figures under what they have in common."""
    with st.container(gap="xxsmall"):
        st.caption(title)
        for line in lines:
            _line(line)


def _line(line: Line) -> None:
    """Draw "label   before → after", and the note under it."""
    changed = line.before not in ("", line.after)
    with st.container(horizontal=True, gap="small", horizontal_alignment="distribute"):
        st.markdown(line.label, help=line.help, width="content")
        st.markdown(
            f"{line.before} → **{line.after}**" if changed else f"**{line.after}**",
            width="content",
            text_alignment="right",
        )
    if line.note:
        st.caption(line.note, text_alignment="right")


def _explain(bench: Bench, figure: str) -> str:
    return f"{meaning.MEANING[figure]} On {bench.images}."
