"""Images from where only a browser can take them: the camera, and a folder with all in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import screen
from tests.browser.server import ROOT, Server


@pytest.fixture
def probed(rosebuds_workspace: Path) -> str:
    """The address of Predict, with a probe on the small demo."""
    command = ["train", "rosebuds", "--workspace", str(rosebuds_workspace)]
    subprocess.run([sys.executable, "-m", "core", *command], cwd=ROOT, check=True, timeout=240,
                   capture_output=True)  # fmt: skip
    server = Server(rosebuds_workspace)
    yield f"{server.url}/predict"
    server.stop()


def test_a_picture_of_the_camera_is_answered(probed: str, page: Page):
    screen.open_page(page, f"{probed}?predict_source=the+camera", "Predict")
    page.wait_for_function("document.querySelector('video')?.readyState === 4")  # it sees something
    page.get_by_role("button", name="Take photo").click()
    expect(page.get_by_text("The model says")).to_be_visible()
    screen.settled(page)
    page.get_by_role("button", name="Clear photo").click()
    expect(page.get_by_text("Choose an image to see the answer.")).to_be_visible()


def test_a_folder_is_answered_in_order_and_what_is_no_image_is_listed(
    probed: str, page: Page, tmp_path: Path
):
    folder = tmp_path / "mine"
    (folder / "more").mkdir(parents=True)
    for name, shade in (("more/b", 40), ("c", 120), ("a", 200)):
        Image.new("RGB", (96, 96), (shade, 90, 90)).save(folder / f"{name}.png")
    (folder / "notes.txt").write_text("no image")
    screen.open_page(page, f"{probed}?predict_source=many+images", "Predict")
    page.get_by_role("radio", name="a folder").click()
    takes_folders = page.locator("input[webkitdirectory]")
    place = page.get_by_test_id("stFileUploaderDropzone").filter(has=takes_folders)
    with page.expect_file_chooser() as chooser:
        place.click(position={"x": 40, "y": 25})
    chooser.value.set_files(folder)
    page.get_by_role("button", name="Ask about 4 files").click()
    expect(page.get_by_text("1 file could not be answered")).to_be_visible()
    screen.settled(page)
    page.get_by_test_id("stDataFrame").first.hover()
    rows = page.get_by_test_id("stDataFrame").first.locator("tr[aria-selected]")
    expect(rows).to_have_count(3)
    for row, name in zip(rows.all(), ("mine/a.png", "mine/c.png", "mine/more/b.png"), strict=True):
        expect(row).to_contain_text(name)
