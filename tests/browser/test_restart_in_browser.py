"""What was started goes on: through a refresh, and through the death of the web server."""

from __future__ import annotations

import signal

from playwright.sync_api import expect

from tests.browser import screen
from tests.browser.server import Server

JOB_MS = 600_000  # a job gives way to all else


def test_a_job_outlives_the_web_server_and_its_result_is_there(rosebuds_workspace, page):
    first = Server(rosebuds_workspace)
    screen.open_page(page, f"{first.url}/explore", "Explore")
    page.get_by_role("button", name="Gather the evidence").click()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("at work")).to_be_visible()
    first.stop(signal.SIGKILL)

    second = Server(rosebuds_workspace)
    try:
        page.goto(f"{second.url}/explore")
        page.reload()
        expect(page.get_by_text("Clusters against labels")).to_be_visible(timeout=JOB_MS)
        expect(sidebar.get_by_text("at work")).to_have_count(0)
        screen.settled(page)
    finally:
        second.stop()
