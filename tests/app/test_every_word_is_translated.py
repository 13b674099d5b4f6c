"""Nobody reads English who chose another language: a walk over every page in a marked language.

The language is made here, of every sentence that the code marks; see `pseudo_language`. What a page
then shows without marks, and is no data, somebody forgot to translate.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from babel import Locale

from core.jobs import processes
from core.language import catalogues, sentences, t
from core.records import Job
from core.services import jobs
from core.services.data import embedding
from core.services.runs import drifting, predicting, training
from core.settings import load_settings
from core.store import jobs as rows
from core.store.database import Workspace, open_workspace
from pages.ui import state
from tests.app import pseudo_language
from tests.app.conftest import Place, stands
from tests.app.lived_in import live_in
from tests.app.screen_words import texts, untranslated
from tests.app.test_every_page import STEMS
from tests.app.test_predict_page import an_answer, png, vectors_of
from tests.app.test_review_page import PEOPLE
from tests.app.walking import Click, Step, buttons, walk

MONTHS = Locale.parse(pseudo_language.CODE).months["format"]["wide"].values()
NAMES = {
    "seeded", "three", "tests", "elsewhere", "Corte", "consensus", "zzz", "they overlap",
    "Desempate", "Streamlit", "English", "Español", "Esperanto", *PEOPLE, *MONTHS,
    "CIFAR", "Fashion-MNIST", "Label Studio", "CSV", "JSON", "Parquet", "CROWDLAB", "Dawid-Skene",
    "PCA", "UMAP", "ITCA", "CPU", "imported", "original",  # the last: the id of imported labels
    "roses-2026", "rosebuds", "digits", "fashion_mnist", "cifar10",
}  # fmt: skip

IDS = {"imported", "cascade"}  # shown beside algorithms
KNOWN = 2  # of the ways to choose an image: one of the data set


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of languages with the marked one, as one more file."""
    folder = tmp_path_factory.mktemp("languages")
    shutil.copytree(catalogues.FOLDER, folder, dirs_exist_ok=True)
    pseudo_language.write(folder)
    return folder


@pytest.fixture(autouse=True)
def language(languages: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Speak the marked language; return the name under which the picker has it."""
    monkeypatch.setattr(catalogues, "FOLDER", languages)
    # Whoever picks it in the sidebar gets the same: `test_a_language_is_one_file`. Here every page
    # is opened anew, and Streamlit's harness forgets the picker on a page that it runs directly.
    monkeypatch.setattr(sentences, "_ask", lambda: pseudo_language.CODE)
    return catalogues.own_name(pseudo_language.CODE)


@pytest.fixture(scope="module")
def lived_in(full_template, tmp_path_factory) -> Path:
    """The full workspace after people have worked in it, to be copied."""
    template, ids = full_template
    home = tmp_path_factory.mktemp("lived-in") / "workspace"
    shutil.copytree(template, home)
    ws = open_workspace(replace(load_settings(home), spawns_worker=False))
    live_in(Place(ws, ids), home.parent)
    ws.close()
    return home


@pytest.fixture
def copies(tmp_path, monkeypatch) -> Iterator[Callable[[Path], Place]]:
    """Return a function that lets the pages show a fresh copy of a workspace."""
    opened = []

    def make(template: Path) -> Place:
        home = tmp_path / f"workspace-{len(opened)}"
        shutil.copytree(template, home)
        st.cache_resource.clear()
        st.cache_data.clear()
        monkeypatch.setenv("DESEMPATE_HOME", str(home))
        opened.append(open_workspace(replace(load_settings(home), spawns_worker=False)))
        return Place(opened[-1], None)

    yield make
    for ws in opened:
        ws.close()


def names() -> set[str]:
    """Return the words that are data: what people, files and algorithms are called."""
    algorithms = {a[key] for a in training.algorithms() for key in ("name", "paper")}
    backbones = {row[key] for row in embedding.backbones() for key in ("name", "title")}
    return NAMES | algorithms | backbones


def nothing_is_left(found: dict[str, str]) -> None:
    """Fail with the texts that are not translated, each with where it stands."""
    if found:
        lines = [f"{where}: {text}" for text, where in found.items()]
        pytest.fail("not translated:\n" + "\n".join(sorted(lines)), pytrace=False)


def lived_through(ws: Workspace, job: Job) -> Iterator[None]:
    """Let a queued job run, and then fail, with sentences of the product."""
    pid, started = processes.me()
    with ws.write() as conn:
        its = rows.claim(
            conn, job.id, job.fence + 1, pid=pid, pid_started=started, host=processes.host()
        )
        assert its is not None
        rows.update_progress(conn, job.id, its.fence, 0.4, t("the file is empty"))
    yield
    with ws.write() as conn:
        rows.finish(conn, job.id, its.fence, "failed", error=t("not enough memory"))
    yield


class Reader:
    """Reads pages and keeps what is not translated, and every button on the way."""

    def __init__(self, page: str) -> None:
        self.page, self.names = page, names()
        self.found: dict[str, str] = {}
        self.buttons: dict[str, Click] = {}

    def __call__(self, app, path: tuple[Step, ...]) -> None:
        for part, text in texts(app):
            if left := untranslated(text, self.names, IDS):
                self.found.setdefault(left, f"{self.page} {part}")
        for click in buttons(app, path):
            self.buttons.setdefault(click.label, click)  # of many alike, one


@pytest.mark.parametrize("stem", STEMS)
def test_an_empty_workspace_speaks_the_language(copies, empty_workspace_dir, language, stem):
    reader = Reader(stem)
    walk(copies(empty_workspace_dir).open(stem), reader)
    nothing_is_left(reader.found)


@pytest.mark.parametrize("stem", STEMS)
def test_every_view_and_choice_of_a_page_speaks_the_language(copies, lived_in, language, stem):
    reader = Reader(stem)
    walk(copies(lived_in).open(stem), reader)
    nothing_is_left(reader.found)


@pytest.mark.slow  # three minutes: every button once, each in a fresh copy of the workspace
@pytest.mark.parametrize("stem", STEMS)
def test_what_a_click_says_and_a_job_it_starts_speak_the_language(copies, lived_in, stem):
    look, reader = Reader(stem), Reader(stem)
    walk(copies(lived_in).open(stem), look)
    for click in look.buttons.values():
        place = copies(lived_in)
        app = place.open(stem)
        if click.take(app):
            reader(app, click.path)
            for job in jobs.list_jobs(place.ws, active_only=True):
                for _ in lived_through(place.ws, job):
                    reader(app.run(), click.path)
    found = {text: where for text, where in reader.found.items() if text not in look.found}
    nothing_is_left(found)


@pytest.mark.parametrize("model", ["generalist", "cascade"])
@pytest.mark.parametrize("way", ["own", "known"])
def test_an_answer_speaks_the_language(copies, lived_in, full_template, monkeypatch, model, way):
    monkeypatch.setattr(predicting, "predict", lambda ws, model, files: [
        an_answer(ws, model, name) for name, _ in files])  # fmt: skip
    monkeypatch.setattr(predicting, "predict_known", lambda ws, model, positions: [
        an_answer(ws, model, f"{p}.png") for p in positions])  # fmt: skip
    monkeypatch.setattr(
        predicting, "embed_files", lambda ws, dataset, *_: vectors_of(ws, dataset)[5:6]
    )
    monkeypatch.setattr(drifting, "is_far", lambda ws, model, file: True)
    ids = full_template[1]
    app = copies(lived_in).open("predict", model=getattr(ids, model))
    if way == "known":
        app.session_state[f"_draft:predict-{ids.dataset}"] = 3
        (source,) = [group for group in app.button_group if group.key == "predict_source"]
        Step("predict_source", "button_group", source.options[KNOWN]).take(app)
    else:
        app.file_uploader[0].upload("mine.png", png())
    reader = Reader("predict")
    reader(app.run(), ())
    nothing_is_left(reader.found)


def test_a_sentence_that_somebody_forgot_is_found(copies, lived_in, monkeypatch):
    title = st.title

    def with_more(*args, **more):
        st.write("Forgotten words about ", 3)
        return title(*args, **more)

    monkeypatch.setattr(st, "title", with_more)
    reader = Reader("overview")
    reader(copies(lived_in).open("overview"), ())
    assert "Forgotten words about" in reader.found


def test_a_language_is_one_file_and_the_picker_offers_it(
    copies, empty_workspace_dir, language, monkeypatch
):
    monkeypatch.setattr(sentences, "_ask", state.language)
    app = copies(empty_workspace_dir).open("overview", language=language)
    (picker,) = [group for group in app.button_group if group.key == state.LANGUAGE_KEY]
    assert language in picker.options and picker.value == pseudo_language.CODE
    assert picker.label == "⟦Language⟧" or stands(app.run()).button_group[0].label[0] == "⟦"
