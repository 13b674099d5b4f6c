"""The sliders of a cascade: what the browser counts is what Python computes, while they move."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.analysis.cascades.routes import N_STEPS, PERSON, Thresholds
from core.services.cascades import members
from core.services.costs import entering
from core.settings import load_settings
from core.store.database import open_workspace
from tests import seeding
from tests.browser import screen
from tests.browser.server import Server

COSTS = [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 5], [1, 1, 2, 0]]  # A, B, C, D
SET = """([slider, value]) => {
  slider.value = value;
  slider.dispatchEvent(new Event("input"));
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A cascade on a seeded workspace, and a server that shows it; nobody writes to it."""
    folder = tmp_path_factory.mktemp("cascade") / "workspace"
    ws = open_workspace(load_settings(folder))
    ids = seeding.seed(ws, n_per_label=100)
    entering.enter(ws, ids.dataset, COSTS, unit="EUR", person=0.25)
    its = members.load(ws, ids.generalist, [ids.expert])
    ws.close()
    server = Server(folder)
    yield its, f"{server.url}/cascade?generalist={ids.generalist}"
    server.stop()


def move(page: Page, name: str, position: int) -> None:
    """Move a slider as a drag does: without letting it go."""
    slider = page.get_by_role("slider", name=name)
    page.evaluate(SET, [slider.element_handle(), position])


def shown(page: Page) -> list[list[int]]:
    """Return the numbers painted in the matrix, the last column those left to a person."""
    texts = page.locator(".root[aria-label=Thresholds] canvas").evaluate("(its) => its.texts()")
    K = int(np.sqrt(len(texts)))
    return np.array([int(text or 0) for text in texts]).reshape(K, K + 1).tolist()


PIXELS = """(canvas) => [...canvas.parentElement.querySelectorAll("button.cell")].map((button) => {
  const sheet = canvas.getBoundingClientRect(), cell = button.getBoundingClientRect();
  const scale = canvas.width / sheet.width; // a corner of the cell, where no number is
  const at = [cell.left - sheet.left + 7, cell.top - sheet.top + 7].map((px) => px * scale);
  return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
})"""


def painted(page: Page) -> list[tuple[int, ...]]:
    """Return the colour of each cell: red, green, blue, alpha."""
    canvas = page.locator(".root[aria-label=Thresholds] canvas")
    return [tuple(colour) for colour in canvas.evaluate(PIXELS)]


def test_between_two_frames_the_matrix_is_what_python_computes(place, page):
    its, url = place
    screen.open_page(page, url, "Cascade")
    screen.settled(page)
    root = page.locator(".root[aria-label=Thresholds]")
    for tau, person in ((0, 0), (520, 0), (905, 610), (1000, 990), (37, 1000)):
        move(page, "Ask the expert below", tau)
        move(page, "Ask a person below", person)
        routed = its.test.send(its.pairs, Thresholds((tau / N_STEPS,), person / N_STEPS))
        kept = routed.route != PERSON
        wanted = np.zeros((4, 5), dtype=int)
        np.add.at(wanted, (its.test.y[kept], routed.answer[kept]), 1)
        np.add.at(wanted, (its.test.y[~kept], 4), 1)
        assert shown(page) == wanted.tolist()
        right = int((routed.answer == its.test.y)[kept].sum())
        told = json.loads(root.get_attribute("data-figures") or "")
        assert told == [right, int(kept.sum()), int((routed.asked >= 0).sum())]
        spent = np.where(kept, its.test.charged.of(routed.answer), 0.25).mean()
        saved = its.test.charged.of(its.test.probs.argmax(axis=1)).mean() - spent
        card = root.locator(".figure", has_text="Cost of mistakes")
        cost, unit = card.locator(".main").text_content().split()
        change = card.locator(".sub").text_content().split()[0]
        assert [float(cost), float(change)] == pytest.approx([spent, -saved], abs=5.1e-4)
        assert unit == "EUR"
    assert "person=" not in page.url, "nothing was let go, so the server knows of nothing"


def test_a_cell_has_the_colour_of_what_it_counts_in_both_themes(place, page):
    _, url = place
    screen.open_page(page, f"{url}&tau=0", "Cascade")
    screen.settled(page)
    light = painted(page)
    assert light[0] == light[6] != light[1], (
        "all of A and of B are right; none is taken for another"
    )
    right, wrong, left_to_a_person = light[18], light[13], light[14]
    assert right[2] > right[0] and wrong[0] > wrong[2], "blue is right, orange is wrong"
    move(page, "Ask a person below", 1000)
    asked = painted(page)
    assert asked[0] == light[1] and asked[14] != left_to_a_person, "all are left to a person"
    move(page, "Ask a person below", 0)
    page.emulate_media(color_scheme="dark")
    dark = "(cells) => cells[3] > 128 && cells[0] < 100"
    page.wait_for_function(
        f"(canvas) => ({dark})(({PIXELS})(canvas)[1])",
        arg=page.locator(".root[aria-label=Thresholds] canvas").element_handle(),
    )


def test_the_keyboard_moves_it_and_letting_go_reaches_python_and_the_address(place, page):
    _, url = place
    screen.open_page(page, url, "Cascade")
    screen.settled(page)
    slider = page.get_by_role("slider", name="Ask the expert below")
    slider.press("Home")
    expect(page.get_by_text("nothing is deferred")).to_be_visible()
    assert "tau=0.000" in page.url
    cells = page.locator(".root[aria-label=Thresholds] button.cell")
    for cell in cells.all():  # what is read aloud was written when the slider was let go
        assert (cell.get_attribute("aria-label") or "").startswith(f"{cell.inner_text()} of ")
    page.get_by_role("button", name="cheapest on validation").click()
    expect(page.get_by_text("The experts pay")).to_be_visible()
    screen.settled(page)
    expect(slider).not_to_have_value("0")
    page.reload()
    screen.settled(page)
    expect(page.get_by_role("slider", name="Ask the expert below")).not_to_have_value("0")


def test_a_cell_opens_its_images_and_the_route_says_whose_answers(place, page):
    its, url = place
    screen.open_page(page, f"{url}&tau=1.0", "Cascade")
    screen.settled(page)
    page.get_by_role("button", name="Experts", exact=True).click()
    routed = its.test.send(its.pairs, Thresholds((1.0,)))
    mine = (its.test.y == 3) & (routed.answer == 3) & (routed.route >= 0)
    cell = page.locator("button.cell[data-i='3'][data-j='3']").first
    expect(cell).to_have_text(str(mine.sum()))
    cell.click()
    expect(page.get_by_text(f"{mine.sum()} test images of")).to_be_visible()
