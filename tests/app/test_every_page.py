"""Every page stands: in an empty workspace, in a full one, and with nonsense in its address."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from core.errors import InvalidInput
from pages.ui import messages
from tests.app.conftest import APP, texts

STEMS = sorted(page.stem for page in (APP.parent / "pages").glob("*.py"))
NONSENSE = {"dataset": "seeded", "tau": "banana", "run": "../../etc", "label": "<b>", "view": "x"}


@pytest.mark.parametrize("stem", STEMS)
def test_a_page_stands_in_an_empty_workspace_and_shows_a_way_on(empty, stem):
    app = empty.open(stem)
    assert app.title[0].value
    assert app.button or app.get("page_link")


@pytest.mark.parametrize("stem", STEMS)
def test_a_page_stands_in_a_full_workspace(full, stem):
    assert full.open(stem).title[0].value


@pytest.mark.parametrize("stem", STEMS)
def test_a_page_stands_with_nonsense_in_its_address(full, stem):
    assert full.open(stem, **NONSENSE).title[0].value


def test_a_workspace_of_tomorrow_is_a_sentence(full, monkeypatch):
    """A newer product has changed the schema: the page says so and shows no trace."""
    from sqlalchemy import text

    with full.ws.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    app = full.open("overview")
    assert app.error[0].value
    assert "Traceback" not in texts(app)


def test_a_folder_that_cannot_be_a_workspace_is_a_sentence(empty, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("DESEMPATE_HOME", str(blocked))
    app = empty.open("overview")
    assert app.error[0].value


def test_a_known_error_is_its_own_sentence_and_an_unknown_one_keeps_its_trace_in_the_log(
    monkeypatch, caplog
):
    shown: list[str] = []
    monkeypatch.setattr(st, "error", lambda text, icon=None: shown.append(text))
    with messages.guard() as known:
        raise InvalidInput("tau is out of range", expected="a share", received="1.5")
    with messages.guard() as unknown:
        raise ZeroDivisionError("at /secret/path")
    assert (known.ok, unknown.ok) == (False, False)
    assert shown[0] == "Tau is out of range; expected a share; received 1.5."
    assert messages.UNEXPECTED in shown[1] and "secret" not in shown[1]
    assert "ZeroDivisionError" in caplog.text
    with messages.guard() as fine:
        assert Path("/").exists()
    assert fine.ok


def test_an_error_that_quotes_a_hostile_name_fetches_nothing(monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr(st, "error", lambda text, icon=None: shown.append(text))
    with messages.guard():
        raise InvalidInput("no such image", received="![x](http://192.0.2.1/p.gif) <img src=y>")
    assert "\\[x\\]" in shown[0]
    assert "\\<img" in shown[0]
