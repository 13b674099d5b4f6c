"""An error is one sentence, in the language of whoever reads it, also long after it was raised."""

from __future__ import annotations

import copy

import pytest

from core.errors import AppError, InvalidInput, JobFailed
from core.language import keep, say, speaking, t


def an_error():
    return InvalidInput(
        t("the file is empty"), expected=t("at least one image"), todo=t("look at the image again")
    )


def test_the_parts_that_there_are_make_one_sentence():
    assert str(AppError("it broke")) == "it broke."
    assert str(AppError("it broke", received="3")) == "it broke; received 3."
    assert (
        str(AppError("it broke", expected="2", received="3", todo="mend it"))
        == "it broke; expected 2; received 3; mend it."
    )


def test_an_error_is_said_again_to_a_reader_of_another_language():
    error = an_error()
    english = "the file is empty; expected at least one image; look at the image again."
    assert str(error) == english
    with speaking("es"):
        assert str(error) == (
            "el archivo está vacío; se esperaba al menos una imagen; vuelva a mirar la imagen."
        )
    with speaking("es"):
        spanish = an_error()
    assert str(spanish) == english


def test_an_error_that_quotes_another_is_said_in_one_language():
    with speaking("es"):
        error = JobFailed(t("{title} failed", title="probe"), received=str(an_error()))
        assert str(error).count("expected") == 0


def test_an_error_is_kept_as_json_and_said_from_there():
    kept = keep(an_error().sentence)
    with speaking("es"):
        assert say(kept) == str(an_error())


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_an_error_survives_being_copied(again):
    error = an_error()
    twin = again(error)
    assert (type(twin), str(twin)) == (InvalidInput, str(error))
    with speaking("es"):
        assert str(twin) == str(error)
