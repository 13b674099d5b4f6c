"""Take the README's pictures from the real app: docs/screenshots/*.png, and slider.gif.

    python -m tools.screenshots [NAME ...]

Builds the demo in a folder of its own, goes the way of the README with the command line, serves the
dashboard and photographs its pages. The slider is filmed on one set of `bench_expert_pays.py`,
whose networks are trained for it. Takes some ten minutes; nothing is drawn by hand.
"""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.sources.rosebuds import DETAIL_PAIR
from tests.browser import screen
from tests.browser.server import ROOT, Server, find_chromium

TO = ROOT / "docs" / "screenshots"
N_FRAMES, FRAME_MS = 48, 90
ALIKE = ("Arveja+Garbanzo", "Separando+Corte")


@dataclass(frozen=True)
class Picture:
    """One picture: the page, how large, and where on the page it begins."""

    name: str
    where: str
    height: int = 900
    below: str = ""  # the text that is scrolled to the top
    scheme: str = "light"


PICTURES = (
    Picture("overview", "", below="What each step gained"),
    Picture("explore", "explore"),
    Picture("classes", "classes"),
    Picture("review", "review?review_view=Suspects"),
    Picture("compare", "compare?compare_view=Confusion"),
    Picture("decisions", "decisions?proposal={five}"),
)


def main(wanted: list[str]) -> None:
    """Build, serve, photograph; then the film."""
    pictures = [picture for picture in PICTURES if not wanted or picture.name in wanted]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        expect.set_options(timeout=120_000)
        browser = play.chromium.launch(executable_path=find_chromium())
        if pictures:
            ids = build(Path(folder) / "demo")
            with served(Path(folder) / "demo") as url:
                for picture in pictures:
                    photograph(browser, url, picture, ids)
        if not wanted or "slider" in wanted:
            fine = Path(folder) / "fine"
            bench = [sys.executable, "benchmarks/bench_expert_pays.py", "--seeds", "1"]
            subprocess.run([*bench, "--folder", str(fine)], cwd=ROOT, check=True)
            with served(fine) as url:
                film(browser, url)


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """Serve the dashboard of a workspace; give its address."""
    server = Server(workspace)
    try:
        yield server.url
    finally:
        server.stop()


def film(browser: Browser, url: str) -> None:
    """Drag the experts' threshold to and fro, and keep what is seen as a film without end."""
    page = browser.new_page(viewport={"width": 1500, "height": 1600})
    page.goto(f"{url}/cascade")
    screen.settled(page)
    expert = page.locator(f"[data-tag] [title*='{' / '.join(DETAIL_PAIR)}']").get_attribute("title")
    page.goto(f"{url}/cascade?{urlencode({'experts': expert, 'tau': 0})}")
    screen.settled(page)
    slider = page.get_by_role("slider", name="Ask the expert below")
    root = page.locator(".root[aria-label=Thresholds]")
    root.evaluate("one => one.scrollIntoView({block: 'center'})")
    box, area = slider.bounding_box(), root.bounding_box()
    if not box or not area:
        raise SystemExit("there is no slider on the Cascade page")
    y = box["y"] + box["height"] / 2
    frames = []
    for i in range(N_FRAMES):
        share = 0.5 - 0.5 * math.cos(2 * math.pi * i / N_FRAMES)
        x = box["x"] + 8 + share * (box["width"] - 16)
        page.mouse.move(x, y)
        if not i:
            page.mouse.down()
        frames.append(Image.open(io.BytesIO(page.screenshot(clip=area))).convert("RGB"))
    page.mouse.up()
    page.close()
    colours = frames[N_FRAMES // 2].quantize(96)
    first, *more = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in frames]
    to = TO / "slider.gif"
    first.save(to, save_all=True, append_images=more, duration=FRAME_MS, loop=0, optimize=True)
    print(to, flush=True)


def build(workspace: Path) -> dict[str, str]:
    """Go the way of the README; return the ids that addresses need."""

    def core(*command: str) -> dict[str, Any]:
        print("core", *command, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "core", *command, "--workspace", str(workspace), "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    data = core("demo")["dataset"]
    core("explore", data)
    merges = [part for pair in ALIKE for part in ("--merge", pair)]
    five = core("map", data, *merges, "--name", "five", "--why", "nobody can tell them apart")
    generalist = core("train", data, "--algorithm", "probe")["runs"][0]["run"]
    core("train", data, "--algorithm", "knn")
    core("train", data, "--algorithm", "probe", "--class-map", "five")
    core("crossval", generalist)
    core("crossval", generalist, "--over", "all")
    expert = core("train", data, "--algorithm", "probe", "--pair", "Bola,Rayando")["runs"][0]["run"]
    core("cascade", "--generalist", generalist, "--expert", expert)
    return {"five": five["class_map"]}


def photograph(browser: Browser, url: str, picture: Picture, ids: dict[str, str]) -> None:
    """Open a page, wait until it is still, and keep what is seen."""
    page: Page = browser.new_page(
        viewport={"width": 1280, "height": picture.height}, color_scheme=picture.scheme
    )
    page.goto(f"{url}/{picture.where.format(**ids)}")
    page.get_by_role("heading", level=1).first.wait_for()
    screen.settled(page)
    page.wait_for_timeout(2_000)  # charts are drawn after the script has ended
    if picture.below:
        page.get_by_text(picture.below).first.evaluate("one => one.scrollIntoView()")
        page.wait_for_timeout(500)
    page.screenshot(path=TO / f"{picture.name}.png")
    page.close()
    print(TO / f"{picture.name}.png", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
