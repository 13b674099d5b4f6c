"""The report as somebody opens it in ten years: no network, no complaint, and on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.services.reports import writing
from tests.browser import paper
from tests.seeding import seed


@pytest.fixture
def report(workspace, tmp_path):
    """Return a function that writes the report of a seeded workspace and returns its file."""
    ids = seed(workspace)

    def write(language: str) -> Path:
        to = tmp_path / f"report-{language}.html"
        writing.write_report(workspace, ids.dataset, to, language=language)
        return to

    return write


@pytest.mark.parametrize("language", ["en", "es"])
def test_it_reads_without_a_network_and_prints(report, browser, language):
    context = browser.new_context(offline=True)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    file = report(language)
    page.goto(file.as_uri())
    expect(page.locator("section h2").first).to_be_visible()
    broken = "() => [...document.images].filter(i => !i.naturalWidth).length"
    assert page.evaluate(broken) == 0 and page.locator("img").count() > 0
    assert said == [] and [url for url in asked if not url.startswith("data:")] == [file.as_uri()]

    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert paper.too_wide(page) == []
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    head = page.locator("#models th button").first  # a box would be missing on the next page
    assert head.evaluate("e => getComputedStyle(e).display") == "contents"
    context.close()


def test_a_table_is_sorted_by_a_click_and_back(report, browser):
    page = browser.new_page()
    page.goto(report("en").as_uri())
    table = page.locator("#models table")
    accuracy = table.get_by_role("button", name="accuracy", exact=True)
    column = "rows => rows.map(r => parseFloat(r.cells[4].textContent))"
    accuracy.click()
    up = table.locator("tbody tr").evaluate_all(column)
    accuracy.click()
    down = table.locator("tbody tr").evaluate_all(column)
    assert up == sorted(up) and down == sorted(down, reverse=True) and up != down
    page.close()


def test_without_a_script_it_says_all_the_same(report, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report("en").as_uri())
    expect(page.locator("#story")).to_contain_text("by themselves")
    expect(page.locator("#models tbody tr")).to_have_count(5)
    context.close()
