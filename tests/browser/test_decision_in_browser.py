"""From the demo along the tour to an approved class map and a report, in either language.

With the mouse, but for the names that a person types.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.language import SOURCE, languages, speaking, t
from pages.ui.tour import STOPS
from tests.browser import screen
from tests.browser.test_journey_in_browser import ALIKE, TRAINING_MS


@pytest.mark.parametrize(  # English is walked by test_journey_in_browser, too
    "code", [pytest.param(SOURCE, marks=pytest.mark.slow), *sorted(set(languages()) - {SOURCE})]
)
def test_along_the_tour_to_an_approved_decision_and_a_report(code, rosebuds_server, page, tmp_path):
    with speaking(code), screen.watched(page) as outside:
        screen.open_page(
            page, f"{rosebuds_server.url}/?language={languages()[code]}", t("Overview")
        )
        press(page, t("Take the tour"))
        press(page, t("Go there"))
        for n, (here, onward) in enumerate(zip(STOPS, [*STOPS[1:], None], strict=True), start=1):
            card = t("**{title}** · step {n} of {last}", title="", n=n, last=len(STOPS))
            expect(page.get_by_text(card.replace("*", "").strip())).to_be_visible()
            screen.settled(page)
            AT.get(here.page, lambda page: None)(page)
            if onward is not None:
                press(page, t("Next: {title}", title=t(onward.title)))
        report = download(page, tmp_path)
        press(page, t("End the tour"))
    assert outside == []
    assert f'lang="{code}"' in report
    for said in ("Marta Ruiz", "sold at one price", *ALIKE[0]):
        assert said in report


def train(page: Page) -> None:
    """Press what the tour names, and wait for the figures."""
    press(page, t("Train 1 run"))
    expect(page.get_by_role("button", name=t("Nothing new to train"))).to_be_visible(
        timeout=TRAINING_MS
    )
    screen.settled(page)


def merge(page: Page) -> None:
    """Take what the page suggests: to merge the two pairs that nobody can tell apart; save it."""
    press(page, t("Take this suggestion"))
    expect(page.get_by_role("button", name=t("Taken"))).to_be_visible()
    page.get_by_label(t("Name"), exact=True).fill("five")
    press(page, t("Save class map"))
    expect(page.get_by_text("five@1").first).to_be_visible()


def decide(page: Page) -> None:
    """Open the proposal, say who and why, and approve."""
    press(page, t("Read and decide"))
    page.get_by_role("textbox", name=t("Your name")).fill("Marta Ruiz")
    page.get_by_role("textbox", name=t("Reason")).fill("They are sold at one price.")
    press(page, t("Approve"))
    expect(page.get_by_text("They are sold at one price.").first).to_be_visible()


def download(page: Page, folder: Path) -> str:
    """Download the report and return what is in it."""
    button = page.get_by_role("button", name=t("Report (HTML, to read and print)"))
    with page.expect_download(timeout=TRAINING_MS) as started:
        button.click()
    file = folder / "report.html"
    started.value.save_as(file)
    return file.read_text(encoding="utf-8")


def press(page: Page, name: str) -> None:
    """Click a button by its name, which may follow an icon."""
    button = page.get_by_role("button", name=re.compile(rf"^(\w+ )?{re.escape(name)}$"))
    button.first.click()
    screen.settled(page)


AT = {"train": train, "classes": merge, "decisions": decide}
