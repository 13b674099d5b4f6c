"""The frame around the pages, as a browser meets it: deep links, the menu, and silence outwards."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import screen
from tests.browser.server import ROOT, BrowserMissing, find_chromium

STEMS = sorted(page.stem for page in (ROOT / "pages").glob("*.py"))


def test_a_deep_link_works_on_a_server_nobody_has_visited(fresh_server, page):
    """Streamlit runs pages/*.py without app.py then; the page hands over (docs/adr/0002)."""
    page.goto(f"{fresh_server.url}/cascade?tau=0.7")
    expect(page.get_by_role("heading", name="Cascade", level=1)).to_be_visible()
    screen.settled(page)
    assert len(screen.menu(page)) == len(STEMS)
    assert page.title() == "Cascade"
    assert page.url == f"{fresh_server.url}/cascade?tau=0.7"
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_every_page_has_a_way_on_and_asks_nothing_of_another_machine(fresh_server, page):
    with screen.watched(page) as outside:
        page.goto(fresh_server.url)
        screen.settled(page)
        for title in screen.menu(page):
            screen.follow(page, title)
            main = page.get_by_test_id("stMain")
            ways_on = main.get_by_test_id("stPageLink").or_(main.get_by_role("button"))
            way_on = ways_on.filter(visible=True).first
            expect(way_on, f"{title} must not be a dead end").to_be_visible()
    assert outside == []


def test_the_watch_sees_another_machine(fresh_server, page):
    with screen.watched(page) as outside:
        page.goto(fresh_server.url)
        page.evaluate("fetch('http://192.0.2.1/pixel.gif').catch(() => 0); 0")
        page.wait_for_event("requestfailed", predicate=lambda r: "192.0.2.1" in r.url)
    assert outside == ["http://192.0.2.1/pixel.gif"]


def test_a_missing_browser_is_a_sentence(monkeypatch):
    monkeypatch.delenv("DESEMPATE_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BrowserMissing, match="install chromium or set DESEMPATE_CHROMIUM"):
        find_chromium()
    monkeypatch.setenv("DESEMPATE_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(BrowserMissing, match="cannot be run"):
        find_chromium()
