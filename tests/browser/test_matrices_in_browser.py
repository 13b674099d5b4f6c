"""Confusion matrices by hand: a cell opens exactly its images, and copies hold what is drawn."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.services.comparing import confusions, questions
from core.services.comparing.questions import Answers, Question
from core.services.data import datasets
from core.settings import load_settings
from core.store.database import open_workspace
from pages.ui.confusion_panel import CELL_PAGE
from tests import seeding
from tests.browser import screen
from tests.browser.server import Server

N_MANY = 100
SVG = "{http://www.w3.org/2000/svg}"


@dataclass
class Compared:
    """The Compare page on two models, and what the models said."""

    page: Page
    url: str
    a: Answers
    b: Answers
    classes: tuple[str, ...]
    paths: list[str]  # of every image, by position

    def open(self, **options: str) -> None:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        runs = f"runs={self.a.model}&runs={self.b.model}"
        screen.open_page(self.page, f"{self.url}/compare?{runs}&compare_view=Confusion&{query}",
                         "Compare")  # fmt: skip
        expect(self.page.locator("button.cell").first).to_be_visible()

    def matrices(self) -> Locator:
        """Return the matrices drawn; the board's grid keeps a table for screen readers too."""
        return self.page.locator("table").filter(has=self.page.locator("button.cell"))

    def cell(self, true: str, predicted: str, table: int = 0) -> Locator:
        """Return a cell of a matrix by the names of its row and column."""
        at = (self.classes.index(true), self.classes.index(predicted))
        matrix = self.matrices().nth(table)
        return matrix.locator(f'button[data-i="{at[0]}"][data-j="{at[1]}"]')

    def shows(self, *groups: list[int]) -> None:
        """Check that there are these galleries only, each with these images in this order."""
        wanted = [[self.paths[p] for p in group[:CELL_PAGE]] for group in groups if group]
        found = self.page.get_by_role("group", name="images")
        expect(found).to_have_count(len(wanted))
        for gallery, paths in zip(found.all(), wanted, strict=True):
            expect(gallery.get_by_role("button")).to_have_count(len(paths))
            titles = [
                button.get_attribute("title") for button in gallery.get_by_role("button").all()
            ]
            assert [str(title).partition(", ")[2] for title in titles] == paths

    def saved(self, kind: str) -> bytes:
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=kind, exact=True).first.click()
        expect(self.page.get_by_text(f".{kind.lower()}.").first).to_be_visible()
        assert download.value.suggested_filename.endswith(f".{kind.lower()}")
        return Path(download.value.path()).read_bytes()


def surest_first(said: Answers, inside: np.ndarray) -> list[int]:
    """Return the positions of some answers, from what was stored and nothing else."""
    rows = sorted(np.flatnonzero(inside), key=lambda row: -said.confidence[row])
    return [int(said.positions[row]) for row in rows]


def in_cell(said: Answers, true: int, predicted: int) -> np.ndarray:
    return (said.y == true) & (said.probs.argmax(axis=1) == predicted)


def compared(folder: Path, n_per_label: int):
    """Seed a data set with two models, of which the second calls every C a D."""
    ws = open_workspace(load_settings(folder))
    rng = np.random.default_rng(0)
    k = len(seeding.LABELS)
    y = np.repeat(np.arange(k), n_per_label)
    split = np.tile(["train", "val", "test", "test", "test"], len(y))[: len(y)]
    dataset = seeding.add_dataset(ws, "seeded", y, split, rng)
    shared = rng.normal(0, 1.0, (len(y), k))
    first, second = (
        seeding._softmax(3.0 * np.eye(k)[y] + shared + rng.normal(0, 0.7, (len(y), k)))
        for _ in range(2)
    )
    second[y == 2] = np.roll(second[y == 2], 1, axis=1)
    ids = [seeding.add_run(ws, dataset, y, split, p, seed=s) for s, p in enumerate((first, second))]
    asked = Question(dataset.id, tuple(seeding.LABELS))
    said = [questions.answers(ws, asked, questions.find(ws, i)) for i in ids]
    paths = list(datasets.images(ws, dataset.id)["path"])
    ws.close()
    return said, paths


@pytest.fixture
def pair(tmp_path, page):
    (a, b), paths = compared(tmp_path / "workspace", 60)
    server = Server(tmp_path / "workspace")
    yield Compared(page, server.url, a, b, tuple(seeding.LABELS), paths)
    server.stop()


def test_a_cell_opens_exactly_its_images_with_both_answers(pair):
    pair.open()
    pair.cell("C", "D", table=1).click()
    wanted = surest_first(pair.b, in_cell(pair.b, 2, 3))
    assert len(wanted) > 20
    expect(pair.page.get_by_text(f"{len(wanted)} images of C, taken for D")).to_be_visible()
    pair.shows(wanted)
    (answer,) = confusions.answers_at(pair.a, pair.classes, wanted[:1])
    line = f"A {100 * answer.confidence:.0f} % {answer.predicted}"
    expect(pair.page.locator("button.item .sub").first).to_contain_text(line)
    expect(pair.page.locator("button.item .sub").first).to_contain_text("% D")


def test_a_cell_of_the_difference_opens_exactly_the_images_that_make_it(pair):
    pair.open(matrices="Difference")
    found = confusions.difference(pair.a, pair.b)
    wrong = np.minimum(found.only_b, found.both) * (1 - np.eye(4, dtype=int))
    i, j = np.unravel_index(wrong.argmax(), wrong.shape)
    true, predicted = pair.classes[i], pair.classes[j]
    in_a, in_b = in_cell(pair.a, i, j), in_cell(pair.b, i, j)
    assert (in_b & ~in_a).any() and (in_a & in_b).any()  # one could be mistaken for the other
    pair.cell(true, predicted).click()
    screen.settled(pair.page)
    expect(pair.page.get_by_text(f"taken for {predicted} only by B")).to_be_visible()
    n = found.difference[i, j]
    said = f"−{-n}" if n < 0 else f"+{n}" if n else "0"
    expect(pair.cell(true, predicted).locator(".main")).to_have_text(said)
    pair.shows(surest_first(pair.a, in_a & ~in_b), surest_first(pair.b, in_b & ~in_a))


def test_cells_that_differ_by_more_than_luck_are_outlined_and_say_so(pair):
    pair.open(matrices="Difference")
    found = confusions.difference(pair.a, pair.b)
    assert 2 <= found.significant.sum() < 16
    for i, true in enumerate(pair.classes):
        for j, predicted in enumerate(pair.classes):
            cell = pair.cell(true, predicted)
            said = str(cell.get_attribute("aria-label"))
            assert ("differs by more than luck" in said) == found.significant[i, j]
            assert ("marked" in str(cell.get_attribute("class"))) == found.significant[i, j]


def test_the_arrow_keys_walk_the_difference_and_enter_opens_a_cell(pair):
    pair.open(matrices="Difference")
    pair.cell("A", "A").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        pair.page.keyboard.press(key)
    expect(pair.cell("C", "B")).to_be_focused()
    pair.page.keyboard.press("ArrowRight")
    pair.page.keyboard.press("Enter")
    expect(pair.cell("C", "C")).to_have_attribute("aria-pressed", "true")
    expect(pair.page.get_by_text(re.compile("recognised only by A"))).to_be_visible()
    expect(pair.cell("C", "C")).to_be_focused()


def test_options_stay_in_the_address(pair):
    pair.open()
    page = pair.page
    for choice in ("Difference", "Row shares", "By confusion"):
        page.get_by_role("radio", name=choice, exact=True).click()
        screen.settled(page)
    page.get_by_text("Hide the diagonal").click()
    screen.settled(page)
    for part in ("matrices=Difference", "numbers=Row+shares", "order=By+confusion",
                 "no_diagonal=true"):  # fmt: skip
        assert part in page.url
    page.reload()
    screen.settled(page)
    expect(page.locator("button.cell.hidden")).to_have_count(4)
    expect(pair.matrices()).to_have_count(1)


def test_files_and_clipboard_hold_what_is_drawn(pair):
    pair.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=pair.url)
    pair.open(matrices="Difference")
    found = confusions.difference(pair.a, pair.b)
    totals = confusions.confusion(pair.a).sum(axis=1)
    expected = [
        ["true ↓ predicted →", *pair.classes, "images"],
        *([name, *map(str, row), str(n)]
          for name, row, n in zip(pair.classes, found.difference, totals, strict=True)),
    ]  # fmt: skip
    assert list(csv.reader(io.StringIO(pair.saved("CSV").decode()))) == expected
    pair.page.get_by_role("button", name="Copy", exact=True).click()
    expect(pair.page.get_by_text("Copied.")).to_be_visible()
    copied = pair.page.evaluate("navigator.clipboard.readText()")
    assert [line.split("\t") for line in copied.splitlines()] == expected

    drawing = ElementTree.fromstring(pair.saved("SVG"))
    texts = [node.text for node in drawing.iter(f"{SVG}text")]
    for number in found.difference.ravel():
        assert f"{number:+d}".replace("-", "−").replace("+0", "0") in texts
    assert len([box for box in drawing.iter(f"{SVG}rect") if box.get("stroke")]) == int(
        found.significant.sum()
    )
    picture = Image.open(io.BytesIO(pair.saved("PNG")))
    assert picture.format == "PNG"
    assert picture.size == (2 * int(drawing.get("width")), 2 * int(drawing.get("height")))
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 10


def test_row_shares_without_the_diagonal_are_what_is_saved(pair):
    pair.open(numbers="Row+shares", no_diagonal="true")
    matrix = confusions.confusion(pair.a)
    rows = list(csv.reader(io.StringIO(pair.saved("CSV").decode())))
    for i, row in enumerate(rows[1:]):
        for j, text in enumerate(row[1:-1]):
            if i == j:
                assert text == ""
            else:
                assert float(text) == pytest.approx(matrix[i, j] / matrix[i].sum(), abs=1e-6)


@pytest.fixture
def many(tmp_path, page, monkeypatch):
    """Two models over a hundred classes, one of which has a name that a spreadsheet would run."""
    names = ("=1+1", *(f"k{i:02d}" for i in range(1, N_MANY)))
    monkeypatch.setattr(seeding, "LABELS", names)
    colours = np.random.default_rng(0).integers(40, 200, (N_MANY, 3))
    monkeypatch.setattr(seeding, "_COLOURS", colours)
    (a, b), paths = compared(tmp_path / "workspace", 10)
    server = Server(tmp_path / "workspace")
    yield Compared(page, server.url, a, b, names, paths)
    server.stop()


def test_a_hundred_classes_are_drawn_and_saved(many):
    many.open(matrices="Difference")
    expect(many.page.locator("button.cell")).to_have_count(400)  # the twenty most confused
    many.open(matrices="Difference", all_classes="true")
    expect(many.page.locator("button.cell")).to_have_count(N_MANY**2)
    rows = list(csv.reader(io.StringIO(many.saved("CSV").decode())))
    assert len(rows) == N_MANY + 1
    assert rows[0][1] == rows[1][0] == "'=1+1"
    ElementTree.fromstring(many.saved("SVG"))
    in_a, in_b = in_cell(many.a, 2, 3), in_cell(many.b, 2, 3)
    many.cell("k02", "k03").click()
    many.page.wait_for_selector("text=only by B")
    many.shows(surest_first(many.a, in_a & ~in_b), surest_first(many.b, in_b & ~in_a))
