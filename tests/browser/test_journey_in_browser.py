"""A newcomer reaches a cascade with the mouse: the whole product, end to end, with real training.

Map, lasso, gallery; a class map of five; a probe and an expert for a pair; the slider; an image
dropped on Predict. One test, because each step stands on the one before.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from core.sources import rosebuds
from tests.browser import mouse, screen
from tests.browser.conftest import N_PER_CLASS

TRAINING_MS = 600_000  # seconds on an idle machine; on a busy one a job gives way to all else
ALIKE = (("Arveja", "Garbanzo"), ("Separando", "Corte"))


def test_from_the_demo_to_a_cascade(rosebuds_server, page):
    with screen.watched(page) as outside:
        screen.open_page(page, rosebuds_server.url, "Overview")
        look_at_the_map(page)
        make_a_class_map_of_five(page)
        train_probes(page)
        train_an_expert(page)
        move_the_slider(page)
        save_and_predict(page)
        follow_the_story(page)
    assert outside == []


def look_at_the_map(page: Page) -> None:
    """Lasso the whole map; the gallery shows those images, and one of them opens."""
    page.get_by_role("button", name="Go to explore").click()
    expect(page.get_by_role("heading", name="Explore", level=1)).to_be_visible()
    screen.settled(page)  # what comes later moves what a hand is about to draw around
    mouse.lasso(page, page.get_by_role("application", name="map of the embeddings"))
    expect(page.get_by_text(f"{7 * N_PER_CLASS} images marked")).to_be_visible()
    page.get_by_role("group", name="images").get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Image id")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    screen.settled(page)


def make_a_class_map_of_five(page: Page) -> None:
    """Merge the two pairs that nobody can tell apart, and save."""
    screen.follow(page, "Classes")
    for pair in ALIKE:
        mouse.choose(page, "Merge these classes", *pair)
        page.get_by_role("button", name="Merge", exact=True).click()
        expect(page.get_by_label(f"Name of {', '.join(pair)}")).to_have_value("+".join(pair))
        screen.settled(page)
    expect(page.get_by_text("7 labels → 5 classes")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("five")
    page.get_by_role("button", name="Save class map").click()
    expect(page.get_by_text("five@1").first).to_be_visible()
    screen.settled(page)


def train_probes(page: Page) -> None:
    """Train a probe on the five classes, then one on the labels, which the cascade starts from."""
    page.get_by_role("link", name="Train on these classes").first.click()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    expect(page.get_by_text("5 classes: Arroz")).to_be_visible()
    train(page)
    mouse.choose(page, "Classes", "the labels as they are")
    expect(page.get_by_text("7 classes: Arroz")).to_be_visible()
    train(page)


def train(page: Page) -> None:
    """Press the button and wait for the figures of the run."""
    page.get_by_role("button", name="Train 1 run").click()
    expect(page.get_by_role("button", name="Nothing new to train")).to_be_visible(
        timeout=TRAINING_MS
    )
    expect(page.get_by_text("Test accuracy")).to_be_visible()
    screen.settled(page)


def train_an_expert(page: Page) -> None:
    """Train an expert for the pair that the generalist over the labels confuses most."""
    page.get_by_role("link", name="Use it in a cascade").first.click()
    expect(page.get_by_role("heading", name="Cascade", level=1)).to_be_visible()
    screen.settled(page)
    mouse.choose(page, "Generalist", re.compile("7 classes"))
    page.get_by_role("button", name="Train expert", exact=True).first.click()
    expect(page.get_by_text("The threshold", exact=True)).to_be_visible(timeout=TRAINING_MS)
    screen.settled(page)


def move_the_slider(page: Page) -> None:
    """At the left end nothing is deferred, at the right end something; the address follows."""
    slider = page.get_by_role("slider", name="Ask the expert below")
    deferred = page.locator(".figure", has_text="Asked an expert").locator(".main")
    for key, at in (("Home", "0.000"), ("End", "1.000")):
        slider.press(key)
        expect(page).to_have_url(re.compile(rf"[?&]tau={at}"))
        screen.settled(page)
        nothing = re.compile(r"^0\.0 %")
        told = expect(deferred)
        (told.to_have_text if at == "0.000" else told.not_to_have_text)(nothing)
    screen.settled(page)


def metric(page: Page, name: str):
    """Return the value of the card with this name."""
    card = page.get_by_test_id("stMetric").filter(has_text=name).first
    return card.get_by_test_id("stMetricValue")


def save_and_predict(page: Page) -> None:
    """Save the cascade, drop a new image on Predict, and read who answered."""
    page.get_by_role("button", name="Save this cascade").click()
    page.get_by_role("link", name="Try it on an image").first.click()
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible()
    screen.settled(page)
    bud = next(iter(rosebuds.generate(n_per_class=1, size_px=96, seed=7)))
    mouse.drop(page, page.get_by_test_id("stFileUploaderDropzone"), "mine.jpg", bud.data)
    expect(metric(page, "Confidence")).to_have_text(re.compile(r"\d %"))
    expect(page.get_by_text("The generalist says")).to_be_visible()
    expect(page.get_by_text("Nearest images of the data set")).to_be_visible()
    expect(page.get_by_role("application", name="with the image asked about")).to_be_visible()
    screen.settled(page)


def follow_the_story(page: Page) -> None:
    """Every other page has something to show by now, and the overview tells it."""
    for title in screen.menu(page):
        screen.follow(page, title)
    screen.follow(page, "Overview")
    expect(page.get_by_text("No model yet")).to_have_count(0)
