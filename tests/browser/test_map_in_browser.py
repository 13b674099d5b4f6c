"""The map under a hand: a lasso takes exactly what is inside, stays, and a point shows itself."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from core.services.data import datasets, exploring
from core.settings import load_settings
from core.store.database import Workspace, open_workspace
from tests.browser import mouse, screen

CLEAR_PX = 2  # no point may lie nearer to the outline: pointers round to pixels
COLOURED = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 0; i < data.length; i += 4) {
        const rgb = data.slice(i, i + 3);
        n += Math.max(...rgb) - Math.min(...rgb) > 60;
    }
    return n;
}"""


@dataclass(frozen=True)
class Shown:
    """A map on the screen, and the places of its points there in pixels."""

    page: Page
    pixels: NDArray[np.float64]  # (n_images, 2), from the canvas's corner
    corner: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return a place on the map as one on the screen."""
        return self.corner[0] + x, self.corner[1] + y


@pytest.fixture
def ws(rosebuds_workspace):
    opened = open_workspace(load_settings(rosebuds_workspace))
    yield opened
    opened.close()


def plane_of(page: Page):
    return page.get_by_role("application", name="PCA map of the embeddings")


def view_of(page: Page) -> dict:
    return json.loads(page.locator("[data-view]").get_attribute("data-view"))


def shown(page: Page, ws: Workspace) -> Shown:
    """Return where the points of the map are now."""
    (dataset,) = datasets.list_datasets(ws)
    view, box = view_of(page), plane_of(page).bounding_box()
    points = np.asarray(exploring.points(ws, dataset.id), dtype=np.float64)
    down = np.array([1.0, -1.0])
    pixels = (points - np.array(view["corner"])) * view["scale"] * down
    return Shown(page, pixels, (box["x"], box["y"]))


def some_rectangle(pixels: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return corners (low, high) around 5 to 20 points, clear of all others, and the points."""
    rng = np.random.default_rng(0)
    for _ in range(10_000):
        low = np.round(rng.uniform(60, 400, 2))
        high = low + np.round(rng.uniform(20, 120, 2))
        inside = ((pixels > low) & (pixels < high)).all(axis=1)
        near = ((pixels > low - CLEAR_PX) & (pixels < high + CLEAR_PX)).all(axis=1)
        deep = ((pixels > low + CLEAR_PX) & (pixels < high - CLEAR_PX)).all(axis=1)
        if 5 <= inside.sum() <= 20 and near.sum() == deep.sum():
            return np.stack([low, high]), np.flatnonzero(inside)
    raise AssertionError("no rectangle fits: the map is not where it should be")


def titles(page: Page) -> list[str]:
    tiles = page.get_by_role("group", name="images").get_by_role("button")
    return sorted(tile.get_attribute("title") for tile in tiles.all())


def test_a_lasso_takes_exactly_the_images_inside_and_survives_another_colouring(
    rosebuds_server, ws, page
):
    screen.open_page(page, f"{rosebuds_server.url}/explore", "Explore")
    base = page.locator("canvas.base")
    before = base.evaluate(COLOURED)
    map_ = shown(page, ws)
    ((left, top), (right, bottom)), inside = some_rectangle(map_.pixels)
    page.get_by_role("button", name="Lasso", exact=True).click()
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    mouse.draw(page, [map_.at(*corner) for corner in corners])
    expect(page.get_by_text(f"{len(inside)} images marked")).to_be_visible()
    screen.settled(page)
    (dataset,) = datasets.list_datasets(ws)
    frame = datasets.images(ws, dataset.id).iloc[inside]
    expected = sorted((frame["label"] + ", " + frame["path"]).tolist())
    assert titles(page) == expected
    greyed = base.evaluate(COLOURED)
    assert 0 < greyed < before / 3  # the rest is grey
    view = view_of(page)

    page.get_by_test_id("stButtonGroup").get_by_text("split", exact=True).click()
    expect(page.locator(".legend .name").first).to_have_text("train")
    screen.settled(page)
    assert titles(page) == expected
    assert view_of(page) == view
    assert 0 < base.evaluate(COLOURED) < before / 3

    plane_of(page).press("Escape")
    expect(page.get_by_text("images marked")).to_have_count(0)


def test_a_point_shows_its_picture_and_a_click_what_is_like_it(rosebuds_server, ws, page):
    screen.open_page(page, f"{rosebuds_server.url}/explore", "Explore")
    map_ = shown(page, ws)
    apart = np.linalg.norm(map_.pixels[:, None] - map_.pixels, axis=2)
    np.fill_diagonal(apart, np.inf)
    position = int(apart.min(axis=1).argmax())  # the loneliest point cannot be missed
    (dataset,) = datasets.list_datasets(ws)
    row = datasets.images(ws, dataset.id).iloc[position]
    (thumbnail,) = datasets.thumbnails(ws, dataset.id, [position])

    page.mouse.move(*map_.at(*map_.pixels[position]))
    tip = page.locator(".tip")
    expect(tip).to_contain_text(row["label"])
    address = "data:image/jpeg;base64," + base64.b64encode(thumbnail).decode()
    expect(tip.locator("img")).to_have_attribute("src", address)
    expect(tip).to_contain_text(row["path"])

    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text(f"1 image marked: {row['label']}")).to_be_visible()
    expect(page.get_by_text("Most similar images")).to_be_visible()
    screen.settled(page)


def test_the_wheel_and_a_drag_move_the_map_and_fit_brings_it_back(rosebuds_server, page):
    screen.open_page(page, f"{rosebuds_server.url}/explore", "Explore")
    seen = page.locator("[data-view]")
    first, box = view_of(page), plane_of(page).bounding_box()
    fitted = seen.get_attribute("data-view")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -200)
    expect(seen).not_to_have_attribute("data-view", fitted)
    near = view_of(page)
    assert near["scale"] > 1.3 * first["scale"]
    under = [v["corner"][0] + box["width"] / 2 / v["scale"] for v in (first, near)]
    assert under[0] == pytest.approx(under[1])  # what is under the pointer stays there

    mouse.draw(page, [(x, y), (x + 90, y + 40)])
    left, top = near["corner"]
    scale = near["scale"]
    expect(seen).not_to_have_attribute("data-view", json.dumps(near).replace(" ", ""))
    page.get_by_role("button", name="+", exact=True).focus()  # the drag is over
    assert view_of(page)["corner"] == pytest.approx([left - 90 / scale, top + 40 / scale])

    page.get_by_role("button", name="Fit", exact=True).click()
    expect(seen).to_have_attribute("data-view", fitted)
    expect(page.get_by_text("marked")).to_have_count(0)
