"""Gestures of a hand on a mouse."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from playwright.sync_api import FloatRect, Locator, Page, expect


def lasso(page: Page, plane: Locator, share: float = 0.96) -> None:
    """Draw a rectangle by hand around the middle `share` of a map, and lay the lasso down."""
    expect(plane).to_be_visible()
    plane.scroll_into_view_if_needed()
    tool = page.get_by_role("button", name="Lasso", exact=True)
    tool.click()
    box = _box(plane)
    margin = (1 - share) / 2
    left, right = (box["x"] + box["width"] * s for s in (margin, 1 - margin))
    top, bottom = (box["y"] + box["height"] * s for s in (margin, 1 - margin))
    draw(page, [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)])
    tool.click()


def draw(page: Page, points: Sequence[tuple[float, float]]) -> None:
    """Press at the first point, go along the others, and release at the last."""
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()


def choose(page: Page, label: str, *options: str | re.Pattern[str]) -> None:
    """Open a select box or a multiselect by its label, click the options, and click elsewhere."""
    box = page.get_by_test_id("stMain").get_by_role("combobox", name=label)
    for option in options:
        box.click()
        page.get_by_role("option", name=option, exact=True).click()
    page.get_by_test_id("stMain").locator("h1").click()


def drag_thumb(page: Page, thumb: Locator, to_share: float, track: Locator) -> None:
    """Drag the thumb of a slider to a share of its track."""
    thumb.scroll_into_view_if_needed()
    knob, rail = _box(thumb), _box(track)
    y = knob["y"] + knob["height"] / 2
    draw(page, [(knob["x"] + knob["width"] / 2, y), (rail["x"] + rail["width"] * to_share, y)])


def drop(page: Page, zone: Locator, name: str, data: bytes) -> None:
    """Drop a file from outside the browser on a place that takes files."""
    transfer = page.evaluate_handle(
        """([name, text]) => {
            const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            return transfer;
        }""",
        [name, base64.b64encode(data).decode()],
    )
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": transfer})


def _box(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box is not None, "it is not on the screen"
    return box
