"""What a class map does to a run's figures, said honestly: accuracy never falls by merging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import streamlit as st

from core.analysis.merges.merge_costs import MergeCost
from core.analysis.merges.merging import Merge
from core.language import phrase, t, text
from pages.parts import class_verdict
from pages.parts.class_sandbox import Bench
from pages.ui import meaning, messages, names

_CHARGED = phrase(
    "By the costs of mistakes entered on Decisions. Renaming saves nothing: costs belong to "
    "labels. An answer of a merged class is treated as its cheapest label, and what it cannot "
    "tell apart is paid for."
)


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
        (t("What decides"), _deciding(bench, before, after)),
        (t("Rises by itself with fewer classes"), _rising(bench, before, after)),
        (t("Corrected for fewer classes"), _corrected(bench, before, after)),
    ]
    cost = bench.cost(after.partition)
    if bench.charges is not None and cost is not None:
        unit = messages.plain(bench.charges.unit)
        groups.append((t("What mistakes cost, in {unit}", unit=unit), _charged(bench, cost)))
    if after.verdict != "baseline":
        among = (
            t("Among all merges of these sizes")
            if bench.box.exhaustive
            else t("Among random merges of these sizes")
        )
        groups.append((among, _among(bench, after)))
    with st.container(border=True, gap="small"):
        class_verdict.badge(after)
        with st.grid(2 if wide else 1, min_column_width=215, gap="medium" if wide else "small"):
            for title, lines in groups:
                _group(title, lines)
    if after.n_classes == 1:
        st.warning(
            t("With a single class there is nothing left to recognise."), icon=":material/block:"
        )


def confirmation(bench: Bench, chosen: Merge) -> None:
    """Draw the merge on the images it was chosen on beside test images, and what will vanish."""
    if chosen.verdict == "baseline":
        return
    tested = bench.confirm(chosen.partition)
    with st.container(border=True, gap="small"):
        if tested is None:
            st.caption(t("There are no test images, so the gain cannot be confirmed."))
            return
        _group(t("ITCA gain, where it was chosen and on test"), _twice(bench, chosen, tested))
        costs = [bench.cost(chosen.partition, on) for on in (bench.evidence, "test")]
        if bench.charges is not None:
            unit = messages.plain(bench.charges.unit)
            title = t("Saved per image, in {unit}, where it was chosen and on test", unit=unit)
            _group(title, _saved_twice(bench, costs))
        st.caption(
            t(
                "On {images}: accuracy {accuracy:.1%}, chance level {chance:.1%}, bits kept "
                "{bits_kept:.1%}. {curse}",
                images=names.images("test", bench.run.metrics["test"]["n_images"]),
                accuracy=tested.accuracy,
                chance=tested.chance,
                bits_kept=tested.bits_kept_share,
                curse=_curse(bench.optimism()),
            )
        )


def _twice(bench: Bench, chosen: Merge, tested: Merge) -> Iterator[Line]:
    on_test = names.images("test", bench.run.metrics["test"]["n_images"])
    for words, found, more in (
        (
            bench.word.capitalize(),
            chosen,
            t("On {images}, where it was chosen.", images=bench.images),
        ),
        (t("Test"), tested, t("On {images}, which had no part in the choice.", images=on_test)),
    ):
        low, high = found.itca_gain_ci
        yield Line(
            words,
            f"{t(meaning.MEANING['itca'])} {more}",
            "",
            text.number(found.itca_gain, "+.3f"),
            t("95 % interval {low:+.3f} to {high:+.3f}", low=low, high=high),
        )


def _saved_twice(bench: Bench, costs: Sequence[MergeCost | None]) -> Iterator[Line]:
    for word, cost in zip((bench.word.capitalize(), t("Test")), costs, strict=True):
        if cost is not None:
            yield Line(word, t(_CHARGED), "", text.number(cost.saved.value, "+.3f"), _span(cost))


def _charged(bench: Bench, cost: MergeCost) -> Iterator[Line]:
    merged = cost.treated_as != tuple(range(len(cost.treated_as)))
    yield Line(
        t("Cost of an image"),
        t("{meaning} On {images}.", meaning=t(_CHARGED), images=bench.images),
        text.number(cost.before, ".3f"),
        text.number(cost.after, ".3f"),
        t("{saved:+.3f} saved, {interval}", saved=cost.saved.value, interval=_span(cost))
        if merged
        else "",
    )


def _span(cost: MergeCost) -> str:
    return t("95 % interval {low:+.3f} to {high:+.3f}", low=cost.saved.low, high=cost.saved.high)


def _curse(optimism: float) -> str:
    """Say how much of the best gain is there because it was chosen."""
    return t(
        "Winner's curse: about {optimism:.3f} of the best merge's gain is there because it was "
        "chosen, and will not come back on new images.",
        optimism=optimism,
    )


def _deciding(bench: Bench, before: Merge, after: Merge) -> Iterator[Line]:
    low, high = after.itca_gain_ci
    merged = after.verdict != "baseline"
    yield Line(
        "ITCA",
        _explain(bench, "itca"),
        text.number(before.itca, ".3f"),
        text.number(after.itca, ".3f"),
        t(
            "{gain:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}",
            gain=after.itca_gain,
            low=low,
            high=high,
        )
        if merged
        else "",
    )
    yield Line(
        t("Bits kept"),
        _explain(bench, "bits"),
        text.number(before.bits, ".2f"),
        text.number(after.bits, ".2f"),
        t("{share:.1%} of what the labels' answers told", share=after.bits_kept_share)
        if merged
        else "",
    )


def _rising(bench: Bench, before: Merge, after: Merge) -> Iterator[Line]:
    yield Line(
        t("Accuracy"),
        _explain(bench, "accuracy"),
        text.percent(before.accuracy),
        text.percent(after.accuracy),
    )
    yield Line(
        t("Chance level"),
        _explain(bench, "chance"),
        text.percent(before.chance),
        text.percent(after.chance),
    )


def _corrected(bench: Bench, before: Merge, after: Merge) -> Iterator[Line]:
    yield Line(
        t("Skill over chance"),
        _explain(bench, "skill"),
        text.number(before.skill, ".3f"),
        text.number(after.skill, ".3f"),
    )
    yield Line(
        t("Kappa"),
        _explain(bench, "kappa"),
        text.number(before.kappa, ".3f"),
        text.number(after.kappa, ".3f"),
    )


def _among(bench: Bench, after: Merge) -> Iterator[Line]:
    low, high = after.ci
    yield Line(
        t("Rank of the gain"),
        _explain(bench, "gain_rank"),
        "",
        t("{rank} of {n:,}", rank=text.ordinal(after.gain_rank), n=after.n_same_sizes),
    )
    yield Line(
        t("Beyond their mean"),
        _explain(bench, "excess_gain"),
        "",
        text.points(after.excess_gain),
        t("95 % interval {interval}", interval=meaning.spread((low, high))),
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
    return t("{meaning} On {images}.", meaning=t(meaning.MEANING[figure]), images=bench.images)
