"""Two hundred hostile texts where names and reasons go, on every page and in the report: text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from playwright.sync_api import Page

from core.errors import AppError
from core.services.classes import mapping
from core.services.costs import entering
from core.services.data import datasets
from core.services.decisions import deciding, listing
from core.services.labels import label_sets, reviewing
from core.services.reports import building, html, markdown
from core.services.runs import marking
from core.settings import load_settings
from core.store.database import Workspace, open_workspace
from tests import seeding
from tests.browser import paper, screen
from tests.browser.server import Server
from tests.hostile import OUTSIDE, STRINGS

N_BATCHES = 10
BATCHES = [STRINGS[i::N_BATCHES] for i in range(N_BATCHES)]  # of 20, each of every kind
FAST = 3  # its labels hold two underscores in a row, which broke a page once
PER_LABEL = 5
WHERE = (
    "", "dataset", "explore", "classes", "review", "train", "predict",
    "compare?compare_view=Confusion",
    "compare",
    "cascade",
    "decisions",
)  # fmt: skip
FOREIGN = (
    "link", "image", "html_inline", "html_block", "code_inline", "code_block", "fence", "s", "hr",
)  # fmt: skip
LISTEN = "window.hits = 0; window.hit = () => { window.hits += 1; };"


@pytest.mark.parametrize(
    "batch",
    [pytest.param(i, marks=[] if i == FAST else pytest.mark.slow) for i in range(N_BATCHES)],
)
def test_texts_are_shown_as_texts(batch, tmp_path, browser):
    folder = _filled(tmp_path / "workspace", BATCHES[batch])
    server = Server(folder)
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        page.add_init_script(LISTEN)
        page.on("dialog", lambda dialog: dialog.dismiss())
        broken = [
            problem
            for where in (*WHERE, *_proposals(folder))
            for problem in _look(page, server.url, where)
        ]
        broken += _look_at_report(page, folder)
    finally:
        page.close()
        server.stop()
    assert broken == []


def test_what_the_watch_looks_for_it_sees(page):
    page.add_init_script(LISTEN)
    page.goto("about:blank")
    page.set_content("<img src=x onerror=hit()><div style='width:300vw'>x</div>")
    page.wait_for_function("window.hits === 1")
    assert page.evaluate(WIDER)
    assert len(list(_markup("[x](http://a) <b>y</b>\n\n![x](http://a)\n\n~~~\nx"))) >= 4


WIDER = """() => {
  const most = innerWidth + 1;
  const main = document.querySelector('[data-testid=stMain]') ?? document.documentElement;
  return main.scrollWidth > most || document.documentElement.scrollWidth > most;
}"""


def _look(page: Page, url: str, where: str) -> Iterator[str]:
    """Yield what is wrong with a page."""
    with screen.watched(page) as outside:
        page.goto(f"{url}/{where}")
        page.get_by_role("heading", level=1).first.wait_for()
        screen.settled(page)
        page.wait_for_timeout(500)  # an image that cannot be loaded says so a little later
        if page.evaluate("window.hits"):
            yield f"{where}: a script ran"
        if page.evaluate(WIDER):
            yield f"{where}: it scrolls sideways"
        if not page.get_by_test_id("stSidebarNav").is_visible():
            yield f"{where}: the menu is gone"
    if outside:
        yield f"{where}: it asked {outside}"


def _look_at_report(page: Page, folder: Path) -> Iterator[str]:
    """Yield what is wrong with the report: on screen, on paper, and as Markdown."""
    file = folder / "report.html"
    with closing(open_workspace(load_settings(folder))) as ws:
        (dataset,) = datasets.list_datasets(ws)
        report = building.build(ws, dataset.id, "en")
    file.write_text(html.render(report))
    with screen.watched(page) as outside:
        page.goto(file.as_uri())
        page.locator("section").last.wait_for()
        if page.evaluate(WIDER):
            yield "report: it scrolls sideways"
        yield from (f"report: on paper it cuts {what}" for what in paper.too_wide(page))
        if page.evaluate("window.hits"):
            yield "report: a script ran"
    if asked := [url for url in outside if url != file.as_uri()]:
        yield f"report: it asked {asked}"
    yield from (f"report.md: {markup}" for markup in _markup(markdown.render(report)))


def _markup(text: str) -> Iterator[str]:
    """Yield what Markdown would make of a text beyond headings, lists and tables."""
    tree = SyntaxTreeNode(MarkdownIt("gfm-like", {"linkify": False}).parse(text))
    yield from (f"{node.type} {node.content}" for node in tree.walk() if node.type in FOREIGN)


def _proposals(folder: Path) -> list[str]:
    """Return the addresses of a class map's card and of a cascade's."""
    with closing(open_workspace(load_settings(folder))) as ws:
        (dataset,) = datasets.list_datasets(ws)
        by_kind = {p.kind: p.id for p in listing.proposals(ws, dataset.id)}
    return [f"decisions?proposal={proposal}" for proposal in by_kind.values()]


def _filled(folder: Path, strings: tuple[str, ...]) -> Path:
    """Make a workspace in which every text is one of these."""
    labels = [" ".join(strings[i * PER_LABEL : (i + 1) * PER_LABEL]) for i in range(4)]
    with closing(open_workspace(load_settings(folder))) as ws:
        seeded = seeding.seed(ws, name=f"data {strings[0]}", labels=tuple(labels))
        dataset = datasets.get_dataset(ws, seeded.dataset)
        models = [seeded.generalist, seeded.second, seeded.expert, seeded.merged, seeded.cascade]
        image_ids = datasets.image_ids(ws, dataset.id)
        names = datasets.label_indices(ws, dataset)
        for i, text in enumerate(strings):
            _try(marking.rename, ws, models[i % len(models)], text[:40])
            class_of = {label: labels[0] if label == labels[i % 4] else label for label in labels}
            _try(mapping.save_class_map, ws, dataset.id, text, class_of, why=text, who=text)
            for image in image_ids[:3]:
                _try(
                    reviewing.submit, ws, dataset.id, image, reviewer=text, event_id=f"{i}-{image}",
                    label=labels[i % 4], note=text,
                )  # fmt: skip
            _try(label_sets.save_label_set, ws, dataset.id, text, names, origin={}, who=text)
            for saved in (seeded.class_map, seeded.cascade):
                _try(deciding.decide, ws, saved, action="comment", name=text, reason=text)
                _try(deciding.decide, ws, saved, action="comment", name="Ana", reason=text)
            costs = (1.0 - np.eye(4)).tolist()
            _try(entering.enter, ws, dataset.id, costs, unit=text[:16], who=text, why=text)
    return folder


def _try(do, ws: Workspace, *args, **kwargs) -> None:
    """Do it, or be told in a sentence that this text is not taken."""
    try:
        do(ws, *args, **kwargs)
    except AppError as error:
        assert OUTSIDE in str(error) or str(error)
