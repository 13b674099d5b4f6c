"""What follows from a cascade's thresholds: the verdict, each expert's account, the controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.language import t, text
from core.services.cascades.members import Members
from pages.parts import figures_on, tables
from pages.ui import meaning, messages

Figures = Mapping[str, Any]


def verdict(members: Members, report: Mapping[str, Any]) -> None:
    """Say plainly whether the experts pay, on test; and what validation had promised."""
    low, high = report["test"]["gain_ci"]
    sentence = messages.plain(report["verdict"])
    if members.best_tau == 0:
        sentence += " " + t(
            "On validation no threshold is better than the generalist alone: "
            "**these experts do not pay.**"
        )
    if low > 0:
        st.success(sentence, icon=":material/check_circle:")
    elif high < 0:
        st.error(sentence, icon=":material/trending_down:")
    else:
        st.info(sentence, icon=":material/balance:")


def accounting(members: Members, figures: Figures, split: str) -> None:
    """Draw what each expert does at these thresholds, and all of them together."""
    st.markdown(t("**What each expert does**"))
    on = f" {figures_on.on(figures['n_images'], split)}"
    rows = [(" / ".join(row["pair"]), row) for row in figures["pairs"]]
    if len(rows) > 1:
        rows.append((t("all experts"), _together(figures)))
    frame = pd.DataFrame(
        {
            "pair": [name for name, _ in rows],
            "tau": [row["tau"] for _, row in rows],
            "n_deferred": [row["n_deferred"] for _, row in rows],
            "rate": [row["deferral_rate"] for _, row in rows],
            "n_recovered": [row["n_recovered"] for _, row in rows],
            "n_broken": [row["n_broken"] for _, row in rows],
            "recovery": [row["recovery"] for _, row in rows],
            "breakage": [row["breakage"] for _, row in rows],
            "gain": [text.points(row["gain"]) for _, row in rows],
            "interval": [meaning.spread(row["gain_ci"]) for _, row in rows],
            "saved": [_money(row) for _, row in rows],
            "expert": [row["expert"] for _, row in rows],
        }
    )
    charged = figures["charged"]
    if charged is None:
        frame = frame.drop(columns="saved")
    number, column = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        tables.written(frame, _WRITTEN),
        hide_index=True,
        placeholder=text.NONE,
        alt=t("Deferred, corrected and spoilt images of each expert"),
        column_config={
            "pair": column(t("Expert for"), pinned=True),
            "tau": number(t("Tau"), help=t("Below it this expert is asked.")),
            "n_deferred": number(t("Asked"), help=t("Images passed on to this expert.") + on),
            "rate": number(t("Rate"), help=t(meaning.MEANING["deferral_rate"]) + on),
            "n_recovered": number(t("Corrected"), help=t("Wrong before, right after.") + on),
            "n_broken": number(t("Spoilt"), help=t("Right before, wrong after.") + on),
            "recovery": number(t("Recovery"), help=t(meaning.MEANING["recovery"]) + on),
            "breakage": number(t("Breakage"), help=t(meaning.MEANING["breakage"]) + on),
            "gain": column(t("Net gain"), help=t("Corrected less spoilt, over all answers.") + on),
            "interval": column(t("95 % interval"), help=t("Paired interval of the net gain.") + on),
            "saved": column(
                t("Saved"),
                help=t(
                    "What an image costs less than by the generalist alone, in {unit}, by the "
                    "costs of mistakes entered on Decisions; in brackets the 95 % interval.",
                    unit=messages.plain(charged["unit"] if charged else ""),
                )
                + on,
            ),
            "expert": t("Run"),
        },
    )
    if charged is not None and charged["saved"] is not None:
        st.caption(_told(charged, split))


def _together(figures: Figures) -> Figures:
    """Return what all experts do, as a row like that of each."""
    saved = figures["charged"]["experts"] if figures["charged"] else {}
    return {**figures, "tau": None, "expert": "", **saved}


def _money(row: Figures) -> str | None:
    if row.get("saved") is None:
        return None
    low, high = row["saved_ci"]
    return t("{gain:+.3f} ({low:+.3f} to {high:+.3f})", gain=row["saved"], low=low, high=high)


def _told(charged: Figures, split: str) -> str:
    """Say what the cascade's answers cost, and whether a person's work is in it."""
    low, high = charged["per_image_ci"]
    values = {
        "cost": charged["per_image"],
        "low": low,
        "high": high,
        "unit": messages.plain(charged["unit"]),
        "saved": messages.plain(_money(charged) or ""),
        "images": figures_on.images(charged["n_images"], split),
    }
    if charged["person"] is None:
        return t(
            "By the costs of mistakes that were entered, an answer without a person costs "
            "{cost:.3f} {unit} ({low:.3f} to {high:.3f}); saved against the generalist alone: "
            "{saved}, on {images}.",
            **values,
        )
    return t(
        "By the costs that were entered, an image costs {cost:.3f} {unit} ({low:.3f} to "
        "{high:.3f}) with {person:,.2f} for each that a person is asked about; saved against the "
        "generalist alone: {saved}, on {images}.",
        person=charged["person"],
        **values,
    )


_WRITTEN: tables.Writing = {
    "tau": lambda tau: text.number(tau, ".3f"),
    **dict.fromkeys(("rate", "recovery", "breakage"), text.percent),
    **dict.fromkeys(("n_deferred", "n_recovered", "n_broken"), text.number),
}


def controls(report: Mapping[str, Any]) -> None:
    """Draw what the cascade must beat, on test, and what it costs."""
    test, random = report["test"], report["controls"]["random"]
    ensemble, costs = report["controls"]["ensemble"], report["costs"]
    st.markdown(t("**What it must beat, and what it costs**"))
    n = test["n_images"]
    with st.grid(3, min_column_width=210):
        st.metric(
            t("As many at random"),
            text.points(random["gain"]),
            help=meaning.explain("random", n, "test", t("Net gain, each expert asked as often.")),
            border=True,
            height="stretch",
        )
        if ensemble is None:
            st.metric(
                t("A second generalist instead"),
                t("not known"),
                help=t(
                    "Train another seed of the generalist: if a second opinion of its own kind "
                    "gains as much, the experts are no specialists."
                ),
                border=True,
                height="stretch",
            )
        else:
            st.metric(
                t("A second generalist instead"),
                text.points(ensemble["gain"]),
                help=t(
                    "Net gain if {run} were averaged with the generalist for the same images. The "
                    "cascade is {lead} ({lead_ci}) more accurate. On {n:,} test images.",
                    run=ensemble["run"],
                    lead=text.points(ensemble["lead"]),
                    lead_ci=meaning.spread(ensemble["lead_ci"]),
                    n=n,
                ),
                border=True,
                height="stretch",
            )
        added = costs["added_training_s"]
        more = costs["added_ms_per_image"]
        st.metric(
            t("Added cost"),
            t("unknown") if more is None else t("{ms:.1f} ms an image", ms=more),
            help=t(
                "Time of the experts where they are asked, at most: models on one backbone share "
                "its work. Below: how long they were trained."
            ),
            border=True,
            height="stretch",
        )
    if added is not None:
        st.caption(
            t("The experts took {duration} of training in all.", duration=text.duration(added))
        )
