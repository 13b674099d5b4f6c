"""Classes merged by hand: dragged, clicked, by the keyboard, and from the ranking."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.settings import load_settings
from core.store.database import open_workspace
from tests import seeding
from tests.browser import mouse, screen
from tests.browser.server import Server

N_MANY = 36


@pytest.fixture
def classes(tmp_path, page) -> Page:
    """The Classes page of a run that confuses C and D."""
    ws = open_workspace(load_settings(tmp_path / "workspace"))
    run_id = seeding.seed(ws).generalist
    ws.close()
    server = Server(tmp_path / "workspace")
    screen.open_page(page, f"{server.url}/classes?run={run_id}", "Classes")
    yield page
    server.stop()


def name(page: Page, kind: str, text: str) -> Locator:
    """Return the name of a class at the head of its row or column."""
    return page.locator(f"th.{kind} button.name").get_by_text(text, exact=True)


def middle(found: Locator) -> tuple[float, float]:
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def has_classes(page: Page, *names: str) -> None:
    """Wait until the matrix has these rows."""
    expect(page.locator("th.row button.name")).to_have_text(list(names))
    screen.settled(page)


def test_a_name_dragged_onto_another_merges_the_two(classes):
    has_classes(classes, "A", "B", "C", "D")
    mouse.draw(classes, [middle(name(classes, "row", "C")), middle(name(classes, "row", "D"))])
    has_classes(classes, "A", "B", "C+D")
    expect(classes.get_by_text("4 labels → 3 classes")).to_be_visible()
    expect(classes.get_by_text("Rank of the gain")).to_be_visible()
    classes.get_by_role("button", name="Undo").click()
    has_classes(classes, "A", "B", "C", "D")


def test_a_name_dropped_inside_another_column_merges_too_and_beside_the_table_nothing(classes):
    start = middle(name(classes, "column", "A"))
    x, y = middle(name(classes, "column", "B"))
    mouse.draw(classes, [start, (x, y + 90)])
    has_classes(classes, "A+B", "C", "D")
    start = middle(name(classes, "column", "C"))
    mouse.draw(classes, [start, (start[0], start[1] - 200)])
    has_classes(classes, "A+B", "C", "D")


def test_two_clicked_names_merge_and_escape_gives_the_first_one_up(classes):
    name(classes, "row", "A").click()
    expect(classes.get_by_text("Merge A with …")).to_be_visible()
    classes.keyboard.press("Escape")
    expect(classes.get_by_text("Drag a class name")).to_be_visible()
    name(classes, "row", "A").click()
    name(classes, "column", "D").click()
    has_classes(classes, "A+D", "B", "C")


def test_the_keyboard_goes_from_the_cells_to_the_names_and_merges(classes):
    has_classes(classes, "A", "B", "C", "D")
    classes.locator("button.cell").first.focus()
    for key in ("ArrowLeft", "Enter", "ArrowDown", "Enter"):
        classes.keyboard.press(key)
    has_classes(classes, "A+B", "C", "D")


def test_a_cell_says_its_share_opens_its_images_and_offers_the_merge(classes):
    cell = classes.locator("button.cell.wrong").first
    n, of = re.match(
        r"(\d+) of (\d+) images is C, predicted D", cell.get_attribute("title")
    ).groups()
    expect(cell.locator(".main")).to_have_text(n)
    expect(cell.locator(".sub")).to_have_text(f"{100 * int(n) / int(of):.0f}%")
    cell.click()
    expect(classes.get_by_role("group", name="images").get_by_role("button").first).to_be_visible()
    screen.settled(classes)
    classes.get_by_role("button", name="Merge C and D").click()
    has_classes(classes, "A", "B", "C+D")


def test_a_row_of_the_ranking_becomes_the_draft(classes):
    table = classes.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    classes.mouse.click(box["x"] + 15, box["y"] + 53)  # the box of the first row
    has_classes(classes, "A", "B", "C+D")


def test_ordered_stages_stay_in_the_address_and_refuse_what_is_apart(classes):
    classes.get_by_text("Ordered stages").click()
    screen.settled(classes)
    assert "ordered=true" in classes.url
    mouse.draw(classes, [middle(name(classes, "row", "A")), middle(name(classes, "row", "C"))])
    expect(classes.get_by_text("A and C are not neighbours")).to_be_visible()
    has_classes(classes, "A", "B", "C", "D")


@pytest.fixture
def many(tmp_path, page, monkeypatch) -> Page:
    """The Classes page of a run over more classes than fit on a screen."""
    monkeypatch.setattr(seeding, "LABELS", tuple(f"k{i:02d}" for i in range(N_MANY)))
    rng = np.random.default_rng(0)
    monkeypatch.setattr(seeding, "_COLOURS", rng.integers(40, 200, (N_MANY, 3)))
    y = np.repeat(np.arange(N_MANY), 10)
    split = np.tile(["train", "train", "train", "val", "test"], 2 * N_MANY)
    said = y.copy()
    said[y == 30] = 4  # never right
    probs = np.full((len(y), N_MANY), 0.1 / (N_MANY - 1))
    probs[np.arange(len(y)), said] = 0.9
    ws = open_workspace(load_settings(tmp_path / "workspace"))
    dataset = seeding.add_dataset(ws, "many", y, split, rng)
    seeding._add_embedding(ws, dataset, y, rng)
    seeding.add_run(ws, dataset, y, split, probs)
    ws.close()
    server = Server(tmp_path / "workspace")
    screen.open_page(page, f"{server.url}/classes", "Classes")
    yield page
    server.stop()


def test_many_classes_begin_with_the_most_confused_and_end_with_all(many):
    has_classes(many, "k04", "k30")
    expect(many.get_by_text(f"The 2 most confused of {N_MANY} classes")).to_be_visible()
    many.get_by_text(f"Show all {N_MANY} classes").click()
    expect(many.locator("th.row button.name")).to_have_count(N_MANY)
    expect(many.locator("button.cell")).to_have_count(N_MANY**2)
    mouse.draw(many, [middle(name(many, "row", "k00")), middle(name(many, "row", "k03"))])
    expect(many.locator("th.row button.name")).to_have_count(N_MANY - 1)
    expect(many.get_by_text(f"{N_MANY} labels → {N_MANY - 1} classes")).to_be_visible()
