"""The review screen under real hands: two windows, keys, a reload in the middle, a dead server."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from core.services.data import datasets
from core.services.labels import reviewing
from core.settings import load_settings
from core.store import reviews
from core.store.database import open_workspace
from tests.browser import screen
from tests.browser.server import Server

KEYS = "1234567"  # the seven labels of the demo


@pytest.fixture
def ws(rosebuds_workspace):
    opened = open_workspace(load_settings(rosebuds_workspace))
    yield opened
    opened.close()


@pytest.fixture
def other_page(browser):
    """A second window that shares nothing with the first."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def begin(page: Page, server: Server, name: str) -> None:
    """Open the random queue under a name, and wait for the first image."""
    screen.open_page(page, f"{server.url}/review?queue=random", "Review")
    field = page.get_by_role("textbox", name="Your name")
    field.fill(name)
    field.press("Enter")
    expect(page.locator("[data-shown]")).to_be_visible()
    screen.settled(page)


def shown(page: Page) -> str:
    seen = page.locator("[data-shown]")
    expect(seen).to_be_visible()
    return str(seen.get_attribute("data-shown"))


def press(page: Page, key: str) -> tuple[str, str]:
    """Press a key and return it with the image that was on the screen."""
    image = shown(page)
    page.keyboard.press(key)
    return image, key


def all_saved(page: Page) -> None:
    expect(page.locator("[data-unsaved='0']")).to_be_attached()
    screen.settled(page)


def history(ws, reviewer: str | None = None):
    (dataset,) = datasets.list_datasets(ws)
    with ws.read() as conn:
        return reviews.history(conn, dataset.id, reviewer=reviewer), dataset.labels


def given(ws, reviewer: str) -> list[tuple[str, str]]:
    """Return (image, key) of every event of a reviewer, in the order of storing."""
    events, labels = history(ws, reviewer)
    return [(e.image_id, KEYS[labels.index(e.label)] if e.label else e.verdict) for e in events]


def listened(page: Page) -> list[bytes]:
    """Return a list that fills with everything that the server tells a window."""
    received: list[bytes] = []

    def took(frame: str | bytes) -> None:
        received.append(frame.encode() if isinstance(frame, str) else frame)

    page.on("websocket", lambda socket: socket.on("framereceived", took))
    return received


def test_two_windows_review_one_queue_at_once_and_neither_sees_the_other(
    rosebuds_server, ws, page, other_page
):
    received = listened(other_page)
    begin(page, rosebuds_server, "Ana-Lucia")
    begin(other_page, rosebuds_server, "Beatriz")
    said: dict[str, list[tuple[str, str]]] = {"Ana-Lucia": [], "Beatriz": []}
    for n in range(12):
        said["Ana-Lucia"].append(press(page, KEYS[n % 7]))
        said["Beatriz"].append(press(other_page, KEYS[(n + 3) % 7]))
    all_saved(page)
    all_saved(other_page)
    for name, expected in said.items():
        assert given(ws, name) == expected
    events, _ = history(ws)
    assert len({e.event_id for e in events}) == len(events) == 24
    assert all(e.blind and e.source == "random" for e in events)
    orders = [[image for image, _ in images] for images in said.values()]
    assert orders[0] != orders[1]  # each in an order of their own

    everything = b"".join(received)
    (dataset,) = datasets.list_datasets(ws)
    paths = datasets.images(ws, dataset.id)["path"]
    assert b"data:image/jpeg" in everything
    assert b"Ana-Lucia" not in everything
    assert not [path for path in paths if path.encode() in everything]

    third = other_page.context.new_page()  # what was looked for can be found
    received = listened(third)
    begin(third, rosebuds_server, "Carla")
    third.get_by_role("button", name="Settings").click()
    third.get_by_text("Always, for training").click()
    third.keyboard.press("Escape")
    expect(third.get_by_text("Label given:")).to_be_visible()
    press(third, "1")
    all_saved(third)
    assert [e.blind for e in history(ws, "Carla")[0]] == [False]
    while not any(b"Ana-Lucia" in frame for frame in received):
        press(third, "2")
        all_saved(third)


def test_every_key_does_what_it_says(rosebuds_server, ws, page):
    begin(page, rosebuds_server, "Ana")
    first = press(page, "3")[0]
    second = press(page, " ")[0]
    third = press(page, "q")[0]
    all_saved(page)  # what has not left the window is simply forgotten by an undo
    press(page, "u")
    assert shown(page) == third
    press(page, "Backspace")
    assert shown(page) == second
    page.keyboard.press("n")
    page.keyboard.type("1 leaf u")  # letters in a note are letters
    page.keyboard.press("Enter")
    press(page, "7")
    assert shown(page) == third
    page.keyboard.press("z")
    zoom = page.get_by_role("button", name="Zoom")
    expect(zoom).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(zoom).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Not sure").click()
    all_saved(page)
    assert given(ws, "Ana") == [
        (first, "3"), (second, "skip"), (third, "not_sure"), (third, "undo"), (second, "undo"),
        (second, "7"), (third, "not_sure"),
    ]  # fmt: skip
    notes = [event.note for event in history(ws, "Ana")[0]]
    assert notes == ["", "", "", "", "", "1 leaf u", ""]


def test_a_reload_in_the_middle_loses_nothing(rosebuds_server, ws, page):
    begin(page, rosebuds_server, "Ana")
    said = [press(page, "1")]
    all_saved(page)
    with ws.write():  # nobody else can save now
        said += [press(page, key) for key in "2345"]
        expect(page.locator("[data-unsaved='4']")).to_be_attached()
        page.reload()
        expect(page.locator("[data-unsaved='4']")).to_be_attached()
        assert len(history(ws, "Ana")[0]) == 1
    all_saved(page)
    assert given(ws, "Ana") == said
    assert shown(page) not in {image for image, _ in said}
    page.keyboard.press("u")  # the tab still knows what was last
    assert shown(page) == said[-1][0]


def test_a_server_that_dies_loses_nothing(rosebuds_server, ws, page):
    begin(page, rosebuds_server, "Ana")
    said = [press(page, "1")]
    all_saved(page)
    rosebuds_server.stop()
    said += [press(page, key) for key in "67"]
    expect(page.get_by_text("2 kept here, not saved yet")).to_be_visible()
    assert given(ws, "Ana") == said[:1]
    rosebuds_server.start_again()
    all_saved(page)
    assert given(ws, "Ana") == said


def test_an_answer_that_another_window_was_faster_with_is_kept_and_asked_about(
    rosebuds_server, ws, page
):
    begin(page, rosebuds_server, "Ana")
    (dataset,) = datasets.list_datasets(ws)
    image = shown(page)
    reviewing.submit(
        ws, dataset.id, image, reviewer="Ana", event_id="elsewhere", label=dataset.labels[6]
    )
    press(page, "2")
    expect(page.get_by_text(f"Ana said {dataset.labels[6]} about this image")).to_be_visible()
    expect(page.locator("[data-unsaved='1']")).to_be_attached()
    other = press(page, "3")  # work goes on meanwhile, and is saved while the first one waits
    expect(page.locator("[data-unsaved='1']")).to_be_attached()
    page.get_by_role("button", name="Save mine all the same").click()
    all_saved(page)
    assert given(ws, "Ana") == [(image, "7"), other, (image, "2")]


def test_a_label_can_be_chosen_by_finger_on_a_telephone(rosebuds_server, ws, page):
    page.set_viewport_size({"width": 360, "height": 740})
    begin(page, rosebuds_server, "Ana")
    image = shown(page)
    (dataset,) = datasets.list_datasets(ws)
    for label in dataset.labels:  # all of them are on the screen, and large enough
        box = page.get_by_role("button", name=label).bounding_box()
        assert box["height"] >= 44 and box["width"] >= 120
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert box["y"] >= 0 and box["y"] + box["height"] <= 740
    page.get_by_role("button", name=dataset.labels[4]).click()
    all_saved(page)
    assert given(ws, "Ana") == [(image, "5")]
