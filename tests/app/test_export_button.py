"""The button on Predict that exports the chosen model, and the file that it offers."""

from __future__ import annotations

import zipfile

import pytest

from core.services.exports import writing
from pages.ui import messages
from tests.app.conftest import Place, stands, texts
from tests.app.hands import button
from tests.exportable import Exportable, fill


@pytest.fixture
def tiny(empty) -> tuple[Place, Exportable]:
    """The pages of a workspace whose models have files."""
    return empty, fill(empty.ws)


def downloads(app):
    return [e.proto.label for e in app.get("download_button")]


def test_the_chosen_model_is_exported_and_offered(tiny):
    place, ids = tiny
    app = place.open("predict", model=ids.cascade)
    assert f"python -m core export {ids.cascade} --to FOLDER" in texts(app)
    assert downloads(app) == []
    app = stands(button(app, "Export").click().run())
    assert downloads(app) == ["Download"]
    assert "answered as in the workspace" in texts(app)
    with zipfile.ZipFile(place.ws.path / "cache" / f"{ids.cascade}.zip") as archive:
        assert f"{ids.cascade}/manifest.json" in archive.namelist()
    app = stands(app.selectbox(key="model").select(ids.generalist).run())
    assert downloads(app) == []  # of another model there is nothing yet


def test_a_file_that_was_cleared_away_is_said(tiny):
    place, ids = tiny
    app = stands(button(place.open("predict", model=ids.cascade), "Export").click().run())
    (place.ws.path / "cache" / f"{ids.cascade}.zip").unlink()
    app = stands(app.run())
    assert downloads(app) == [] and "export again" in texts(app)


def test_what_goes_wrong_is_one_sentence(tiny, monkeypatch):
    place, ids = tiny
    monkeypatch.setattr(
        writing, "verify", lambda *_: {"n_checked": 2, "n_equal": 1, "largest_difference": 1.0}
    )
    app = stands(button(place.open("predict", model=ids.cascade), "Export").click().run())
    (error,) = app.error
    assert "answers otherwise than the workspace" in error.value
    assert messages.UNEXPECTED not in error.value and downloads(app) == []
