"""What to merge, if anything: the suggestion and every verdict in words that fit a decision."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.analysis.merges.merging import Merge
from core.language import keep, phrase, say, t, tn
from pages.parts import class_composer, class_draft, class_sandbox
from pages.parts.class_sandbox import Bench
from pages.ui import messages, names

_LOOKS = {
    "merge": (phrase("Merge"), "green", ":material/check_circle:"),
    "do not merge": (phrase("Do not merge"), "red", ":material/block:"),
    "not enough images to tell": (
        phrase("Not enough images to tell"),
        "orange",
        ":material/help:",
    ),
}
_MOST_GROUPS = 4  # named in a headline; the matrix shows the rest


def suggestion(bench: Bench) -> None:
    """Draw what the images suggest, in one sentence with its verdict, and a button to take it."""
    found, _ = bench.best()
    draft = class_composer.current(bench.dataset)
    with st.container(border=True):
        said, button = st.columns([3, 1], vertical_alignment="center")
        with said.container(gap="xsmall"):
            st.markdown(f"##### {headline(found, bench.run.classes)}")
            st.markdown(why(found, bench))
        if found.verdict != "baseline":
            taken = draft.partition == found.partition
            button.button(
                t("Taken") if taken else t("Take this suggestion"),
                key="take-suggestion",
                type="primary",
                icon=":material/check:" if taken else ":material/merge:",
                disabled=taken,
                on_click=class_composer.load,
                args=(bench.dataset, found.partition),
            )
    class_sandbox.offer_more_images(bench)


def headline(found: Merge, labels: Sequence[str]) -> str:
    """Return the suggestion as a sentence of a few words."""
    if found.verdict == "baseline":
        return tn("Keep all {n:,} class.", "Keep all {n:,} classes.", len(labels))
    groups = groups_of(found.partition, labels)
    named, rest = groups[:_MOST_GROUPS], len(groups) - _MOST_GROUPS
    said = messages.plain(names.both(named))
    if rest > 0:
        said = t("{listed} and {n:,} more", listed=said, n=rest)
    what = {
        "groups": said,
        "labels": tn("{n:,} label", "{n:,} labels", len(labels)),
        "classes": tn("{n:,} class", "{n:,} classes", found.n_classes),
    }
    if found.verdict == "merge":
        return t("Merge {groups}: {labels}, {classes}.", **what)
    return t("Perhaps merge {groups}: {labels}, {classes}.", **what)


def why(found: Merge, bench: Bench) -> str:
    """Return the reason of a suggestion, numbers last."""
    if found.verdict == "baseline":
        return t(
            "No classes are confused so much that one answer for them would tell more than two. "
            "Judged on {images}.",
            images=bench.images,
        )
    plain = (
        t("The answers tell more with these classes than with the labels as they are.")
        if found.verdict == "merge"
        else t("{images} are too few to be sure that the answers tell more.", images=bench.images)
    )
    return f"{plain} :small[{_reason(found)}]"


def groups_of(partition: Sequence[int], labels: Sequence[str]) -> list[str]:
    """Return the merged groups of a class map, such as "A + B"."""
    groups = names.groups({x: str(g) for x, g in zip(labels, partition, strict=True)})
    return [" + ".join(inside) for inside in groups.values() if len(inside) > 1]


def badge(found: Merge) -> None:
    """Draw a verdict and its reason."""
    if found.verdict == "baseline":
        st.caption(t("Nothing is merged yet: these are the figures of the run itself."))
        return
    word, colour, icon = _LOOKS[found.verdict]
    st.badge(t(word), icon=icon, color=colour)  # type: ignore[arg-type]
    st.caption(_reason(found))


def _reason(found: Merge) -> str:
    """Return why, as Markdown; what comes from the cache may have been said in another language."""
    return messages.plain(say(keep(found.reason)))


def refusal(draft: class_draft.Draft, *, ordinal: bool) -> None:
    """Say which class of a draft ordered stages do not allow, if any."""
    name = class_draft.apart(draft) if ordinal else None
    if name is not None:
        st.warning(
            t(
                "{name} joins stages that are not neighbours; split it, or switch ordered stages "
                "off.",
                name=messages.plain(name),
            ),
            icon=":material/warning:",
        )
