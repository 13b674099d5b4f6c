"""What axe-core and a keyboard find on a page, as sentences; and what of it is Streamlit's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@dataclass(frozen=True)
class Allowed:
    """What Streamlit draws by itself, which nothing of ours can change."""

    rule: str
    inside: str  # a selector
    why: str


STREAMLITS = (
    Allowed(
        "list",
        "[data-testid=stSidebarNavItems]",
        "the sections of st.navigation are <div>s between the menu's <ul> and its <li>s",
    ),
    Allowed("listitem", "[data-testid=stSidebarNavItems]", "the other side of the same"),
)
WITHOUT_RING = (
    Allowed("focus", "main", "takes the focus so that the arrow keys scroll the page"),
    Allowed("focus", "[data-testid=data-grid-canvas]", "draws the ring of a cell into its canvas"),
    Allowed("focus", "[data-testid=stMultiSelect] input", "shows where it is by its caret alone"),
)

_AXE = """async ([tags, allowed]) => {
  const ends = document.getAnimations().filter((one) => one instanceof CSSTransition);
  await Promise.allSettled(ends.map((one) => one.finished)); // colours half way are nobody's
  const found = await axe.run(document,
    { runOnly: tags, resultTypes: ["violations"], elementRef: true });
  const said = [], used = [];
  for (const rule of found.violations) for (const node of rule.nodes) {
    const its = allowed.findIndex((a) => a.rule === rule.id && node.element?.closest(a.inside));
    const checks = [...node.any, ...node.all, ...node.none].map((check) => check.message);
    if (its >= 0) used.push(its);
    else said.push(`${rule.id}: ${node.html.slice(0, 120)} (${checks.join("; ").slice(0, 200)})`);
  }
  return { said, used };
}"""

# axe does not know what lies under the texts of an SVG, nor whether a chart has a text.
_CHARTS = """() => {
  const light = (c) => { const [r, g, b] = c.map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const read = (css) => css.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const page = light(read(getComputedStyle(document.querySelector(".stApp")).backgroundColor));
  const said = new Set();
  for (const chart of document.querySelectorAll(".stPlotlyChart")) {
    if (!chart.querySelector("[aria-label]") && !chart.closest("[aria-label]"))
      said.add("a chart without a text");
    for (const text of chart.querySelectorAll(".xtick text, .ytick text, .cbaxis text, .xtitle, "
        + ".ytitle, .legendtext, .annotation-text")) {
      const ink = light(read(getComputedStyle(text).fill));
      const contrast = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
      if (contrast < 4.5) said.add(`"${text.textContent}" in a chart: ${contrast.toFixed(2)}`);
    }
  }
  return [...said];
}"""

_FOCUS = """(allowed) => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body) return null;
  window.focused ??= new Map();
  if (!window.focused.has(at)) window.focused.set(at, window.focused.size);
  const look = (node) => { const style = getComputedStyle(node);
    return [style.outline, style.boxShadow, style.border, style.backgroundColor].join(); };
  const before = window.last?.nodes.some((node, i) => look(node) !== window.last.looks[i]) ?? null;
  const nodes = []; // Streamlit draws the ring of some of its controls around their frame
  for (let node = at; node && nodes.length < 5; node = node.parentElement) nodes.push(node);
  window.last = { nodes, looks: nodes.map(look) };
  const box = at.getBoundingClientRect();
  return { id: window.focused.get(at), ours: at.getRootNode() !== document, before,
    theirs: at.matches(allowed), hidden: box.width < 2 || box.height < 2,
    said: at.getAttribute("aria-label") || at.title || at.textContent.slice(0, 60) || at.tagName };
}"""


def load(page: Page) -> None:
    """Bring axe to a page, hold its transitions still, and open what can be folded out."""
    page.evaluate(AXE_SCRIPT)
    page.add_style_tag(content="* { transition: none !important; animation: none !important; }")
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")


def faults(page: Page, used: set[Allowed]) -> Iterator[str]:
    """Yield what is wrong with a page as it is; of what is Streamlit's, note what was met."""
    allowed = [{"rule": a.rule, "inside": a.inside} for a in STREAMLITS]
    found = page.evaluate(_AXE, [TAGS, allowed])
    used.update(STREAMLITS[i] for i in found["used"])
    yield from found["said"]
    yield from page.evaluate(_CHARTS)


def wears(page: Page, theme: str) -> None:
    """Wait until a page is light or dark."""
    page.wait_for_function(
        "theme => getComputedStyle(document.querySelector('.stApp')).colorScheme === theme",
        arg=theme,
    )


def focused(page: Page) -> dict[str, Any] | None:
    """Return what has the focus: id, words, whether it is ours, how the one before looked then."""
    found: dict[str, Any] | None = page.evaluate(_FOCUS, ", ".join(a.inside for a in WITHOUT_RING))
    return found


def walked(page: Page, most: int = 400) -> list[dict[str, Any]]:
    """Press Tab until the first control comes again, and return all of them in order.

    `seen` is whether a control looks otherwise while it has the focus.
    """
    steps: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        here = focused(page)
        if here is None or (steps and here["id"] == steps[0]["id"]):
            return steps[:-1]  # of the last it is not known how it looks without
        if steps:
            steps[-1]["seen"] = here["before"]
        steps.append(here)
    raise AssertionError(f"no end after {most} presses: {[s['said'] for s in steps[-5:]]}")


def unseen(steps: list[dict[str, Any]]) -> list[str]:
    """Return the controls that do not show that they have the focus."""
    return [
        step["said"] for step in steps if not (step["seen"] or step["hidden"] or step["theirs"])
    ]
