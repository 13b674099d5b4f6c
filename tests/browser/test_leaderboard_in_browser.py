"""The leaderboard in a browser: its rows are ticked on a canvas, which no other test can do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from core.settings import load_settings
from core.store.database import open_workspace
from tests import seeding
from tests.browser import screen
from tests.browser.server import Server

ROW_PX, BOX_PX = 35, 15  # of Streamlit's tables: height of a row, middle of the box that is ticked


@pytest.fixture
def place(tmp_path):
    """Runs of a seeded workspace, and a server that shows them."""
    ws = open_workspace(load_settings(tmp_path / "workspace"))
    ids = seeding.seed(ws)
    ws.close()
    server = Server(tmp_path / "workspace")
    yield ids, server.url
    server.stop()


def ticks(page: Page) -> Locator:
    """Return the rows that are ticked, as the table tells a screen reader."""
    return board(page).locator("tr[aria-selected=true]")


def board(page: Page) -> Locator:
    """Return the table of the leaderboard."""
    return page.get_by_test_id("stDataFrame").first


def tick(page: Page, row: int) -> None:
    """Tick a row, counted from 0, or take its tick away."""
    board(page).scroll_into_view_if_needed()
    board(page).click(position={"x": BOX_PX, "y": ROW_PX * (row + 1.5)})


def test_ticked_rows_are_the_models_that_are_compared(place, page):
    ids, url = place
    compared = page.get_by_test_id("stMultiSelect").filter(has_text="Models to compare")
    screen.open_page(page, f"{url}/compare?runs={ids.second}", "Compare")
    expect(ticks(page)).to_have_count(1)
    expect(compared).to_contain_text(ids.second)
    tick(page, 0)  # the cascade: best on validation
    expect(compared).to_contain_text(ids.cascade)
    expect(compared).to_contain_text(ids.second)
    expect(compared).not_to_contain_text(ids.generalist)
    tick(page, 2)  # the one that was there
    expect(compared).not_to_contain_text(ids.second)
    expect(ticks(page)).to_have_count(1)
    tick(page, 1)
    expect(compared).to_contain_text(ids.generalist)
    expect(ticks(page)).to_have_count(2)
    screen.settled(page)
    page.reload()
    expect(ticks(page)).to_have_count(2)
    expect(compared).to_contain_text(ids.cascade)
    expect(compared).to_contain_text(ids.generalist)
    screen.settled(page)
