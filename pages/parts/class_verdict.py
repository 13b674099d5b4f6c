"""What to merge, if anything: the suggestion and every verdict in words that fit a decision."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.analysis.merges.merging import Merge
from core.language import text
from pages.parts import class_composer, class_draft, class_sandbox
from pages.parts.class_sandbox import Bench
from pages.ui import messages, names

_LOOKS = {
    "merge": ("green", ":material/check_circle:"),
    "do not merge": ("red", ":material/block:"),
    "not enough images to tell": ("orange", ":material/help:"),
    "baseline": ("gray", ":material/remove:"),
}
_MOST_GROUPS = 4  # named in a headline; the matrix shows the rest


def suggestion(bench: Bench) -> None:
    """Draw what the images suggest, in one sentence with its verdict, and a button to take it."""
    found, _ = bench.best()
    draft = class_composer.current(bench.dataset)
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xsmall"):
            st.markdown(f"##### {headline(found, bench.run.classes)}")
            st.markdown(why(found, bench))
        if found.verdict != "baseline":
            taken = draft.partition == found.partition
            st.button(
                "Taken" if taken else "Take this suggestion",
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
        return f"Keep all {text.count(len(labels), 'class', 'classes')}."
    groups = groups_of(found.partition, labels)
    said = messages.plain(names.listing(groups, _MOST_GROUPS).replace(", ", " and ", len(groups)))
    what = f"{said}: {len(labels)} labels, {text.count(found.n_classes, 'class', 'classes')}"
    return f"Merge {what}." if found.verdict == "merge" else f"Perhaps merge {what}."


def why(found: Merge, bench: Bench) -> str:
    """Return the reason of a suggestion, numbers last."""
    if found.verdict == "baseline":
        return (
            "No classes are confused so much that one answer for them would tell more than two. "
            f"Judged on {bench.images}."
        )
    plain = {
        "merge": "The answers tell more with these classes than with the labels as they are.",
        "not enough images to tell": f"{bench.images.capitalize()} are too few to be sure that "
        "the answers tell more.",
    }[found.verdict]
    return f"{plain} :small[{messages.plain(found.reason)}]"


def groups_of(partition: Sequence[int], labels: Sequence[str]) -> list[str]:
    """Return the merged groups of a class map, such as "A + B"."""
    groups = names.groups({x: str(g) for x, g in zip(labels, partition, strict=True)})
    return [" + ".join(inside) for inside in groups.values() if len(inside) > 1]


def badge(found: Merge) -> None:
    """Draw a verdict and its reason."""
    colour, icon = _LOOKS[found.verdict]
    if found.verdict == "baseline":
        st.caption("Nothing is merged yet: these are the figures of the run itself.")
        return
    st.badge(found.verdict.capitalize(), icon=icon, color=colour)  # type: ignore[arg-type]
    st.caption(messages.plain(found.reason))


def refusal(draft: class_draft.Draft, *, ordinal: bool) -> None:
    """Say which class of a draft ordered stages do not allow, if any."""
    name = class_draft.apart(draft) if ordinal else None
    if name is not None:
        st.warning(
            f"{messages.plain(name)} joins stages that are not neighbours; split it, or switch "
            "ordered stages off.",
            icon=":material/warning:",
        )
