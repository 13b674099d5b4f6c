"""The language of the page: picked in the sidebar, kept in the address, opened by a link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.settings import load_settings
from core.store.database import open_workspace
from tests.browser import screen
from tests.browser.server import Server
from tests.seeding import seed

N_PER_LABEL = 300  # more than a thousand images, so that their number has two groups of digits


@pytest.fixture(scope="module")
def seeded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard on a workspace with everything in it."""
    folder: Path = tmp_path_factory.mktemp("languages") / "workspace"
    ws = open_workspace(replace(load_settings(folder), spawns_worker=False))
    seed(ws, n_per_label=N_PER_LABEL)
    ws.close()
    server = Server(folder)
    yield server
    server.stop()


def pick(page, name: str) -> None:
    """Click a language in the sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("radio", name=name).click()


def test_the_picker_changes_the_page_and_the_address(seeded_server, browser):
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    screen.open_page(page, f"{seeded_server.url}/dataset?view=Balance", "Data set")
    pick(page, "Español")
    expect(page.get_by_role("heading", name="Conjunto de datos", level=1)).to_be_visible()
    screen.settled(page)
    expect(page).to_have_url(re.compile("language=Espa%C3%B1ol"))
    assert "Explorar" in screen.menu(page)
    # the same tab is open, under its new name
    expect(page.get_by_role("tab", name="Equilibrio")).to_have_attribute("aria-selected", "true")
    pick(page, "English")
    expect(page.get_by_role("heading", name="Data set", level=1)).to_be_visible()
    expect(page.get_by_role("tab", name="Balance")).to_have_attribute("aria-selected", "true")
    context.close()


def test_a_link_opens_the_page_in_its_language(seeded_server, page):
    url = f"{seeded_server.url}/explore?language=Español"
    screen.open_page(page, url, "Explorar")
    expect(page.get_by_text("1.200 imágenes").first).to_be_visible()
    screen.follow(page, "Conjunto de datos")  # and stays in it
    expect(page).to_have_url(re.compile("language=Espa%C3%B1ol"))


def test_a_browser_gets_its_own_language_where_it_is_there(seeded_server, browser):
    for locale, title in (("es-CO", "Conjunto de datos"), ("fr-FR", "Data set")):
        context = browser.new_context(locale=locale)
        screen.open_page(context.new_page(), f"{seeded_server.url}/dataset", title)
        context.close()


def test_a_view_stays_open_when_the_language_changes_and_a_link_to_it_is_shared(
    seeded_server, browser
):
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    url = f"{seeded_server.url}/compare?compare_view=Confusion&split=validation"
    screen.open_page(page, url, "Compare")
    screen.settled(page)
    pick(page, "Español")
    chosen = page.get_by_role("radio", name="Confusión", exact=True)
    expect(chosen).to_be_checked()
    screen.settled(page)
    page.reload()
    expect(chosen).to_be_checked()
    context.close()
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    screen.open_page(page, f"{seeded_server.url}/compare?compare_view=Confusión", "Compare")
    expect(page.get_by_role("radio", name="Confusion", exact=True)).to_be_checked()
    context.close()
