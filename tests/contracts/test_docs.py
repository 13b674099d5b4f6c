"""What the documents name exists: links, pages of decisions, commands, parts of the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from core.cli import build_parser
from core.errors import InvalidInput
from tests.contracts.source_tree import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "data/README.md"])
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def dead_links(document: Path) -> list[str]:
    """Return the relative links of a Markdown file that lead nowhere."""
    targets = _LINK.findall(document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    return [target for target in local if not (document.parent / target).exists()]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document):
    assert dead_links(document) == []


def test_a_planted_dead_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](page.md) [b](https://example.org/x) ![c](gone.png) [d](page.md#part)")
    assert dead_links(page) == ["gone.png"]


def test_every_decision_is_listed_and_has_its_parts():
    index = read("docs/adr/README.md")
    for page in (ROOT / "docs" / "adr").glob("0*.md"):
        text = page.read_text(encoding="utf-8")
        assert f"]({page.name})" in index
        assert text.startswith(f"# {int(page.name[:4])}. ")
        for part in ("Status: ", "## Context", "## Decision", "## Consequences"):
            assert part in text, f"{page.name} lacks {part}"


@pytest.mark.parametrize("folder", ["services", "jobs", "store", "models", "sources", "analysis"])
def test_the_architecture_names_every_part(folder):
    tree = read("docs/architecture.md").partition("## Tree")[2].partition("```\n\n")[0]
    words = set(re.findall(r"\w+", tree))
    base = ROOT / "core" / folder
    inside = base.glob("*/*.py") if folder in ("services", "analysis") else ()  # by subject
    parts = {p.stem for p in (*base.iterdir(), *inside) if not p.name.startswith("_")}
    assert parts - words == set()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(name):
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", read(name), re.MULTILINE))
    for groups in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", read(name), re.MULTILINE):
        assert "".join(groups) in targets


def test_every_command_of_the_readme_is_understood():
    lines = re.findall(r"^python -m core (.+)$", read("README.md"), flags=re.MULTILINE)
    assert len(lines) > 5
    for line in lines:
        build_parser().parse_args(shlex.split(line))  # raises InvalidInput otherwise


def test_a_planted_command_is_not_understood():
    with pytest.raises(InvalidInput, match="see `"):
        build_parser().parse_args(["train", "buds", "--no-such-option"])
