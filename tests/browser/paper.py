"""A report as it comes out of a printer."""

from __future__ import annotations

from playwright.sync_api import Page

A4_PX = (794, 1123)  # 210 x 297 mm at 96 pixels an inch
MARGINS_PX = 106  # left and right together, as the style sheet has them
_TOO_WIDE = """() => [...document.querySelectorAll('main *, header *')].filter(
    e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""


def too_wide(page: Page) -> list[str]:
    """Return what would be cut off at the right edge of A4; the page stays as it is printed."""
    page.set_viewport_size({"width": A4_PX[0] - MARGINS_PX, "height": A4_PX[1]})
    page.emulate_media(media="print")
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found
