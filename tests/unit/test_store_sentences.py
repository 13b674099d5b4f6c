"""What is stored of a sentence is said in the language of whoever reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update

from core.errors import InvalidInput
from core.jobs.execution import execute
from core.language import keep, say, speaking, t, tn
from core.records import Problem
from core.store import datasets, jobs
from core.store.sentences import said
from core.store.tables import job as rows
from tests.seeding import add_small_dataset

ME = {"pid": 7, "pid_started": 3.5, "host": "here"}


def queued(ws, title="Work"):
    with ws.write() as conn:
        return jobs.insert_job(conn, "work", {}, title=title)


def read(ws, job_id, language="es"):
    with ws.read() as conn, speaking(language):
        return jobs.get(conn, job_id)


def test_title_and_step_of_a_job_are_said_in_every_language(workspace):
    job_id = queued(workspace, title=t("row {n}", n=3))
    with workspace.write() as conn:
        jobs.claim(conn, job_id, 1, **ME)
        jobs.update_progress(conn, job_id, 1, step=tn("read {n:,} file", "read {n:,} files", 1050))
    spanish, english = read(workspace, job_id), read(workspace, job_id, "en")
    assert (spanish.title, spanish.step) == ("fila 3", "1.050 archivos leídos")
    assert (english.title, english.step) == ("row 3", "read 1,050 files")


def test_why_a_job_failed_is_said_in_every_language(workspace):
    def work(context, params):
        context.report(0.5, t("the file is empty"))
        raise InvalidInput(t("row {n}", n=np.int64(3)), expected=t("at least one image"))

    job_id = queued(workspace)
    assert execute(workspace, job_id, 1, {"work": work}) == 1
    assert read(workspace, job_id, "en").error == "row 3; expected at least one image."
    assert read(workspace, job_id).error == "fila 3; se esperaba al menos una imagen."
    assert read(workspace, job_id).step == "el archivo está vacío"


def test_a_repeated_job_keeps_its_title_in_every_language(workspace):
    job_id = queued(workspace, title=t("the file is empty"))
    with workspace.write() as conn:
        jobs.request_cancel(conn, job_id)
        with speaking("es"):
            again = jobs.retry(conn, job_id)
    assert read(workspace, again, "en").title == "the file is empty"
    assert read(workspace, again).title == "el archivo está vacío"


def test_what_was_stored_before_there_were_languages_shows_as_it_is(workspace):
    job_id = queued(workspace, title="Train probe on rosebuds")
    with workspace.write() as conn:
        conn.execute(text("UPDATE job SET step = 'epoch 3', error = 'it broke.'"))
    job = read(workspace, job_id)
    assert (job.title, job.step, job.error) == ("Train probe on rosebuds", "epoch 3", "it broke.")


def test_a_problem_of_an_import_is_said_in_every_language(workspace):
    dataset_id, _ = add_small_dataset(workspace, 5)
    with workspace.write() as conn:
        record = {
            **conn.execute(text("SELECT * FROM dataset")).mappings().one(),
            "id": "ds-2",
            "name": "second",
            "labels": ["A"],
            "note": t("CIFAR-10: small photographs (Krizhevsky 2009)."),
        }
        found = [Problem("a.png", "unreadable", t("the file is truncated"))]
        datasets.add(conn, record, [], [], found)
    with workspace.read() as conn, speaking("es"):
        assert datasets.problems(conn, "ds-2")[0].reason == "el archivo está truncado"
        assert "fotografías" in datasets.get(conn, "second").note
        assert datasets.get(conn, dataset_id).note == ""


@given(st.text())
def test_any_plain_text_is_said_as_it_is(plain):
    assert said(plain) == plain


@pytest.mark.parametrize("odd", ['{"template": ', '{"template": 3}', '{"template": "{x}"}'])
def test_a_text_that_only_looks_like_a_sentence_is_said_as_it_is(odd):
    assert said(odd) == odd


def test_values_that_json_does_not_know_are_kept_as_text():
    sentence = t("{path} could not be used: {why}", path=Path("/data"), why=(1, 2))
    assert say(keep(sentence)) == sentence


def test_an_update_of_a_row_stores_the_parts_too(workspace):
    job_id = queued(workspace)
    with workspace.write() as conn:
        conn.execute(update(rows).values(step=t("the file is empty")))
        stored = conn.execute(text("SELECT step FROM job")).scalar_one()
    assert stored.startswith('{"template": "the file is empty"')
    assert read(workspace, job_id).step == "el archivo está vacío"
