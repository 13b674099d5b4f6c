"""What a person does with the dashboard, as functions: by what is seen, never by position."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import contextmanager
from urllib.parse import urlparse

from playwright.sync_api import Page, Request, WebSocket, expect

HERE = {"127.0.0.1", "localhost"}
WRONG = re.compile("Something unexpected happened|Traceback|Page not found|Connection error")


def settled(page: Page) -> None:
    """Wait until the script of this page has run to its end, and check that nothing broke."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text(WRONG)).to_have_count(0)


def open_page(page: Page, url: str, title: str) -> None:
    """Go to an address and wait for the page with this heading."""
    page.goto(url)
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    settled(page)


def follow(page: Page, title: str) -> None:
    """Click a page in the menu and wait for its heading."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    settled(page)


def menu(page: Page) -> list[str]:
    """Return the names of the pages in the menu, in order."""
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links.first).to_be_visible()
    return [name.splitlines()[-1].strip() for name in links.all_inner_texts()]


@contextmanager
def watched(page: Page):
    """Collect the address of everything the browser asks of another machine meanwhile."""
    outside: list[str] = []

    def asked(url: str) -> None:
        parts = urlparse(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname not in HERE:
            outside.append(url)

    on_request: Callable[[Request], None] = lambda request: asked(request.url)  # noqa: E731
    on_socket: Callable[[WebSocket], None] = lambda socket: asked(socket.url)  # noqa: E731
    page.context.on("request", on_request)
    page.on("websocket", on_socket)
    yield outside
    page.context.remove_listener("request", on_request)
    page.remove_listener("websocket", on_socket)
