"""Every page for everybody: axe-core (WCAG 2.1 A and AA), the keyboard, and narrow screens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import load_settings
from core.store.database import open_workspace
from tests import seeding
from tests.app.lived_in import live_in
from tests.browser import screen
from tests.browser.accessibility import STREAMLITS, Allowed, faults, load, unseen, walked, wears
from tests.browser.server import ROOT, Server
from tests.browser.test_hostile_strings import WIDER

WIDE, NARROW, PHONE = 1280, 700, 400
HOME = ""  # the address of the overview
PAGES = [HOME, *sorted(p.stem for p in (ROOT / "pages").glob("*.py") if p.stem != "overview")]
VIEWS = (
    *PAGES,
    *(f"compare?compare_view={view}" for view in
      ("Confusion", "Calibration", "Coverage", "Mistakes", "Learning", "More images", "Deleted")),
    *(f"review?review_view={view}" for view in
      ("Agreement", "Suspects", "Consensus", "What was it worth?", "Files")),
    "review?queue=random", "classes?ordered=true",
    "predict?predict_source=one+of+the+test+set", "predict?predict_source=many+images",
    "decisions?proposal={class_map}", "decisions?proposal={cascade}",
)  # fmt: skip


@dataclass
class Site:
    """A dashboard on a workspace in which people have worked."""

    url: str
    ids: seeding.Seeded

    def show(self, page: Page, where: str) -> None:
        """Open an address, wait until it stands, and make it ready to be looked at."""
        page.goto(
            f"{self.url}/{where.format(class_map=self.ids.class_map, cascade=self.ids.cascade)}"
        )
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        screen.settled(page)
        load(page)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("accessible")
    with closing(open_workspace(load_settings(folder / "workspace"))) as ws:
        ids = seeding.seed(ws)
        live_in(SimpleNamespace(ws=ws, ids=ids), folder)  # type: ignore[arg-type]
    server = Server(folder / "workspace")
    yield Site(server.url, ids)
    server.stop()


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": WIDE, "height": 1000}, color_scheme="light")
    page.set_default_timeout(60_000)
    yield page
    page.close()


def test_every_page_passes_axe(site, window):
    """Each page once: half of them light and wide, half dark and on a phone; slowly, all in all."""
    used: set[Allowed] = set()
    ways = [[("light", WIDE)], [("dark", PHONE)]]
    found = [
        fault
        for n, page in enumerate(PAGES)
        for fault in look(site, window, page, used, ways[n % 2])
    ]
    assert found == []
    assert used == set(STREAMLITS), "what Streamlit has mended need not be allowed any longer"


@pytest.mark.slow
@pytest.mark.parametrize("where", VIEWS)
def test_every_view_passes_axe_in_both_themes_at_every_width(site, window, where):
    combinations = [
        (theme, width) for width in (WIDE, NARROW, PHONE) for theme in ("light", "dark")
    ]
    assert list(look(site, window, where, set(), combinations)) == []
    expect(window.locator("html")).to_have_attribute("lang", "en")


def test_what_the_watch_looks_for_it_sees(window):
    window.set_content(
        "<div class='stApp' style='background:#fff; color-scheme:light'><img src='data:,'>"
        "<p style='color:#999'>pale words</p><div class='stPlotlyChart'><svg><g class='xtick'>"
        "<text y='9' style='fill:rgb(128,132,149)'>10</text></g></svg></div></div>"
    )
    load(window)
    found = "\n".join(faults(window, set()))
    for rule in ("image-alt", "color-contrast", "html-has-lang", '"10" in a chart: 3.', "no text"):
        assert rule.replace("no text", "a chart without a text") in found


def test_tab_reaches_every_control_of_a_page_and_leaves_it_again(site, window):
    """On the page of the live cascade: sliders, marks, whose answers, the matrix as one stop."""
    site.show(window, "cascade")
    expect(window.get_by_role("slider", name="Ask a person below")).to_be_visible()
    screen.settled(window)  # a busy machine draws the desk later than the rest
    steps = walked(window)
    assert unseen(steps) == []
    ours = [step["said"] for step in steps if step["ours"]]
    for control in ("Ask the expert below", "Ask a person below", "All answers", "Generalist"):
        assert any(control in said for said in ours), ours
    assert sum("images is" in said for said in ours) <= 1


def test_arrows_walk_through_the_cells_of_a_matrix(site, window):
    site.show(window, "classes")
    cell = window.locator("button.cell[data-i='0'][data-j='0']").first
    cell.focus()
    for key, i, j in (("ArrowRight", 0, 1), ("ArrowDown", 1, 1), ("ArrowLeft", 1, 0)):
        window.keyboard.press(key)
        expect(window.locator(f"button.cell[data-i='{i}'][data-j='{j}']").first).to_be_focused()
    window.keyboard.press("ArrowUp")
    window.keyboard.press("ArrowUp")  # on to the names, where two can be merged
    expect(window.locator("button.name[data-i='-1'][data-j='0']").first).to_be_focused()
    window.keyboard.press("Enter")
    status = window.locator(".status").first
    expect(status).to_contain_text("Merge A with")
    window.keyboard.press("Escape")
    expect(status).not_to_contain_text("Merge A with")


@pytest.mark.slow
@pytest.mark.parametrize("where", [w for w in PAGES if w != "cascade"])
def test_tab_goes_through_every_page(site, window, where):
    site.show(window, where)
    steps = walked(window)
    assert unseen(steps) == []


def test_letters_answer_nothing_for_whoever_walks_with_tab(site, window):
    """WCAG 2.1.4: the one-letter keys of the review screen belong to it alone."""
    site.show(window, "review?queue=random")
    field = window.get_by_role("textbox", name="Your name")
    field.fill("Ana")
    field.press("Enter")
    shown = window.locator("[data-shown]")
    image = shown.get_attribute("data-shown")
    window.get_by_test_id("stSidebarNavLink").first.focus()
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.matches(':focus-visible')")
    window.keyboard.press("1")
    expect(shown).to_have_attribute("data-shown", image)
    window.locator(".stage").focus()
    window.keyboard.press("1")
    expect(shown).not_to_have_attribute("data-shown", image)


def test_the_page_says_in_which_language_it_is(site, window):
    site.show(window, "?language=Español")
    expect(window.locator("html")).to_have_attribute("lang", "es")


def look(
    site: Site, page: Page, where: str, used: set[Allowed], ways: list[tuple[str, int]]
) -> Iterator[str]:
    """Yield every fault of a page in some themes and widths, with where it was seen."""
    for n, (theme, width) in enumerate(ways):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 1000})
        if n == 0:
            site.show(page, where)
        wears(page, theme)
        for fault in faults(page, used):
            yield f"{where or 'overview'}, {theme}, {width} px: {fault}"
        if page.evaluate(WIDER):
            yield f"{where or 'overview'}, {theme}, {width} px: it scrolls sideways"
