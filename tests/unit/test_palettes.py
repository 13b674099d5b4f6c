"""Colours as numbers: read on their ground, and told apart with every kind of colour vision.

Contrast is that of WCAG 2.1 (1.4.3, 1.4.11). Colour blindness is simulated after Machado, Oliveira
and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency", at
full severity; differences are distances in OKLab (Ottosson 2020), in hundredths.
"""

from __future__ import annotations

import re
import tomllib
from itertools import combinations

import numpy as np
import pytest
from streamlit.elements.lib import streamlit_plotly_theme

from core.services.reports import svg
from pages.ui import charts
from tests.contracts.source_tree import ROOT

TEXT, MARK = 4.5, 3.0  # least contrasts: of text, of what is no text
TOLD_APART = {4: 8.0, 7: 7.0, 10: 6.0}  # among the first so many hues
THEMES = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]
FADED = 0.6  # of the text colour: Streamlit's captions, and the least opacity of text of ours
VISIONS = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip
_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip
MATRIX_CSS = (ROOT / "pages/ui/assets/matrix.css").read_text()
CASCADE_CSS = (ROOT / "pages/parts/assets/cascade.css").read_text()
_NAMED = re.compile(r"--(right|wrong|person): (#\w{6})")
_MIXED = re.compile(r"button\.(more-\w) \{ background: color-mix\(in oklab, (#\w{6})")
CELLS = dict(_NAMED.findall(MATRIX_CSS + CASCADE_CSS) + _MIXED.findall(MATRIX_CSS))


def linear(colour: str) -> np.ndarray:
    """Return linear RGB in [0, 1] of "#rrggbb"."""
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    return _LAB @ np.cbrt(_LMS @ np.clip(rgb, 0, 1))


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    """Return the contrast of two colours in linear RGB; 1 to 21."""
    low, high = sorted(float(c @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def on(colour: str, ground: str) -> float:
    return contrast(linear(colour), linear(ground))


def over(colour: str, ground: str, opacity: float) -> str:
    """Return what a translucent colour becomes on a ground."""
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(opacity * a + (1 - opacity) * b):02x}" for a, b in pairs)


def mixed(hue: str, ground: str, share: float) -> np.ndarray:
    """Return linear RGB of CSS's color-mix(in oklab, hue share, ground)."""
    lab = share * oklab(linear(hue)) + (1 - share) * oklab(linear(ground))
    return np.clip(np.linalg.solve(_LMS, np.linalg.solve(_LAB, lab) ** 3), 0, 1)


def nearest(colours: list[str], vision: str) -> tuple[float, str]:
    """Return the smallest difference among colours, and between which two it is."""
    seen = {c: oklab(VISIONS[vision] @ linear(c)) for c in colours}
    return min(
        (100 * float(np.linalg.norm(seen[a] - seen[b])), f"{a} and {b}")
        for a, b in combinations(colours, 2)
    )


def grounds(theme: str) -> list[str]:
    its = THEMES[theme]
    return [
        place[kind]
        for place in (its, its["sidebar"])
        for kind in ("backgroundColor", "secondaryBackgroundColor")
    ]


def test_contrast_is_that_of_the_standard():
    assert on("#000000", "#ffffff") == pytest.approx(21)
    assert on("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_captions_links_and_white_on_the_primary_colour_can_be_read(theme):
    its = THEMES[theme]
    pale = [
        (what, ground, round(found, 2))
        for ground in grounds(theme)
        for what, found in (
            ("text", on(its["textColor"], ground)),
            ("caption", on(over(its["textColor"], ground, FADED), ground)),
            ("link", on(its["linkColor"], ground)),
        )
        if found < TEXT
    ]
    assert pale == []
    assert on("#ffffff", its["primaryColor"]) >= TEXT
    assert min(on(its["primaryColor"], ground) for ground in grounds(theme)) >= MARK


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hues_stand_off_their_page(theme):
    hues, page = THEMES[theme]["chartCategoricalColors"], THEMES[theme]["backgroundColor"]
    assert {hue: round(on(hue, page), 2) for hue in hues if on(hue, page) < MARK} == {}
    assert on(charts.GREY, page) >= MARK


@pytest.mark.parametrize("n", TOLD_APART)
@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hues_are_told_apart(theme, vision, n):
    difference, pair = nearest(THEMES[theme]["chartCategoricalColors"][:n], vision)
    assert difference >= TOLD_APART[n], pair


def test_red_and_green_of_one_lightness_are_not_told_apart():
    assert nearest(["#b04a3a", "#7a7432"], "usual")[0] > TOLD_APART[4]
    assert nearest(["#b04a3a", "#7a7432"], "deuteranopia")[0] < TOLD_APART[10]


def test_the_report_draws_in_the_hues_of_the_dashboard():
    assert [hue.upper() for hue in svg.HUES] == THEMES["light"]["chartCategoricalColors"]


def test_the_signs_that_charts_use_are_those_that_streamlit_draws_hues_for():
    theirs = [getattr(streamlit_plotly_theme, f"CATEGORY_{n}") for n in range(10)]
    assert list(charts.HUES) == theirs


@pytest.mark.parametrize("kind", ["right", "wrong", "more-a", "more-b", "person"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_number_in_a_cell_can_be_read_at_every_strength(theme, kind):
    its, least = THEMES[theme], []
    for share in np.linspace(0, full_strength(), 44):
        ground = mixed(CELLS[kind], its["secondaryBackgroundColor"], share)
        least.append(contrast(ground, linear(its["textColor"])))
    assert min(least) >= TEXT


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("pair", [("right", "wrong"), ("more-a", "more-b")])
def test_right_and_wrong_cells_are_told_apart(pair, theme, vision):
    ground = THEMES[theme]["secondaryBackgroundColor"]
    a, b = (oklab(VISIONS[vision] @ mixed(CELLS[k], ground, full_strength())) for k in pair)
    assert 100 * float(np.linalg.norm(a - b)) >= TOLD_APART[4]


def full_strength() -> float:
    """Return the share of the hue in the strongest cell; all matrices say the same."""
    files = ("pages/ui/assets/matrix_cell.js", "pages/parts/assets/cascade_desk.js")
    said = {re.search(r"SQRT_FULL = (\d+)", (ROOT / f).read_text())[1] for f in files}  # type: ignore[index]
    assert len(said) == 1, said
    return int(said.pop()) / 100


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_scale_gets_stronger_all_the_way_with_every_colour_vision(theme):
    for vision in VISIONS.values():
        steps = [oklab(vision @ linear(c))[0] for c in THEMES[theme]["chartSequentialColors"]]
        assert steps == sorted(steps, reverse=theme == "light")


def test_no_text_of_a_component_is_fainter_than_a_caption():
    faint = [
        (file.name, selector.strip())
        for file in sorted((ROOT / "pages").rglob("assets/*.css"))
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", file.read_text())
        for opacity in re.findall(r"opacity: ([\d.]+)", body)
        if float(opacity) < FADED and ":disabled" not in selector
    ]
    assert faint == []
