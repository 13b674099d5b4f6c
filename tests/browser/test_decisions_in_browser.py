"""A stakeholder by mouse: opens a proposal, approves it with name and reason, finds it again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core.services.decisions import deciding, listing
from core.services.runs import training
from core.settings import load_settings
from core.store.database import open_workspace
from tests import seeding
from tests.browser import screen
from tests.browser.server import Server

LONG = "W" * 2_000
HOSTILE = (
    "<img src=x onerror=hit()> **bold** [x](javascript:hit()) :red[red] :material/home: $x^2$\n"
    "# heading\n\n    code\n| a | b |\n|---|---|\n=== \u202eright to left"
)


@pytest.fixture
def place(tmp_path):
    """A seeded workspace with a server that shows it."""
    ws = open_workspace(load_settings(tmp_path / "workspace"))
    ids = seeding.seed(ws)
    server = Server(tmp_path / "workspace")
    yield ws, ids, server.url
    server.stop()
    ws.close()


def test_a_proposal_is_approved_by_mouse_and_is_there_after_a_reload(place, page):
    ws, ids, url = place
    screen.open_page(page, url, "Overview")
    screen.follow(page, "Decisions")
    card = page.get_by_test_id("stVerticalBlock").filter(has_text="Treat C and D as one class")
    card.get_by_role("button", name="Read and decide").last.click()
    expect(page.get_by_role("heading", name="Treat C and D as one class")).to_be_visible()
    expect(page.get_by_text("C and D can no longer be told apart")).to_be_visible()
    expect(page.locator("button.item")).to_have_count(8)
    page.get_by_label("Your name", exact=True).fill("Ana")
    page.get_by_label("Reason", exact=True).fill("Nobody can tell them apart.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Nobody can tell them apart.")).to_be_visible()
    screen.settled(page)
    assert listing.proposal(ws, ids.class_map).state == "approved"
    page.reload()
    screen.settled(page)
    expect(page.get_by_text("Nobody can tell them apart.")).to_be_visible()
    expect(page.get_by_label("Your name", exact=True)).to_have_value("Ana")
    training.archive_run(ws, ids.generalist)
    page.get_by_role("button", name="All proposals").click()
    expect(page.get_by_text("Evidence changed since")).to_be_visible()
    page.get_by_role("button", name="Read", exact=True).click()
    expect(page.get_by_text("The evidence changed since this was decided")).to_be_visible()


@pytest.mark.parametrize("reason", [HOSTILE, LONG], ids=["hostile", "long"])
def test_what_people_type_is_text_and_breaks_no_layout(place, page, reason):
    ws, ids, url = place
    deciding.decide(ws, ids.class_map, action="comment", name="<b>מרים</b>", reason=reason)
    page.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1; };")
    page.set_viewport_size({"width": 700, "height": 900})
    screen.open_page(page, f"{url}/decisions?proposal={ids.class_map}", "Decisions")
    drawn = page.get_by_test_id("stText").all_inner_texts()
    bare = "".join("".join(drawn).replace("\u2068", "").replace("\u2069", "").split())
    assert "".join(reason.split()) in bare
    assert "<b>מרים</b>" in bare
    assert page.evaluate("window.hits") == 0
    assert page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth + 1"
    )
