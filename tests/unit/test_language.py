"""Sentences in the reader's language: kept and said again, with numbers as it writes them."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.language import (
    Sentence,
    current,
    figure,
    keep,
    languages,
    say,
    speaking,
    t,
    text,
    tn,
)
from core.language.catalogues import translations

CODES = st.sampled_from(sorted(languages()))
NUMBERS = st.integers(0, 10**9)
SHARES = st.floats(0, 1, allow_nan=False)


def a_sentence(n: int, share: float, name: str) -> Sentence:
    """Return one that nests another, with a plural, a share and a name from outside."""
    inside = tn("{n:,} image", "{n:,} images", n)
    confused = tn(
        "{n:,} image confused, {share:.0%} of all errors",
        "{n:,} images confused, {share:.0%} of all errors",
        n,
        share=share,
    )
    return t("{how} {meaning} On {images}. 95 % interval (Wilson): {interval}.",
             how=name, meaning=confused, images=inside, interval=figure(share, ".1%"))  # fmt: skip


@given(CODES, CODES, NUMBERS, SHARES, st.text())
def test_a_kept_sentence_is_said_as_it_would_be_made_in_any_language(
    made_in, read_in, n, share, name
):
    with speaking(made_in):
        made = a_sentence(n, share, name)
        assert say(keep(made)) == made
        stored = json.dumps(keep(made))
    with speaking(read_in):
        assert say(json.loads(stored)) == a_sentence(n, share, name)


@given(CODES, CODES, NUMBERS, SHARES)
def test_a_sentence_from_a_cache_is_said_again(made_in, read_in, n, share):
    with speaking(made_in):
        cached = copy.deepcopy(a_sentence(n, share, "x"))  # as a cache does, by pickle's rules
    with speaking(read_in):
        assert say(keep(cached)) == a_sentence(n, share, "x")


@given(st.text())
def test_what_was_stored_before_sentences_were_kept_is_shown_as_it_is(old):
    assert say(old) == old
    assert keep(old) == old


@given(CODES, st.floats(-1e12, 1e12, allow_nan=False), st.integers(0, 6))
def test_a_number_means_the_same_in_every_language(code, x, digits):
    with speaking(code):
        written = figure(x, f",.{digits}f")
        decimal, group = figure(0.5, ".1f")[1], figure(1000, ",")[1]
    assert decimal != group
    assert float(written.replace(group, "").replace(decimal, ".")) == pytest.approx(
        round(x, digits), rel=1e-12, abs=10.0**-digits
    )


@given(CODES, SHARES)
def test_a_share_is_written_as_percent_with_a_space(code, share):
    with speaking(code):
        number, percent = text.percent(share).rsplit(" ", 1)
        decimal = figure(0.5, ".1f")[1]
    assert percent == "%"
    assert float(number.replace(decimal, ".")) == pytest.approx(100 * share, abs=0.0501)


@pytest.mark.parametrize(
    ("code", "n", "words"),
    [
        ("en", 0, "0 images"),
        ("en", 1, "1 image"),
        ("en", 1050, "1,050 images"),
        ("es", 0, "0 imágenes"),
        ("es", 1, "1 imagen"),
        ("es", 1050, "1.050 imágenes"),
    ],
)
def test_the_form_follows_the_number(code, n, words):
    with speaking(code):
        assert tn("{n:,} image", "{n:,} images", n) == words


@pytest.mark.parametrize(
    ("n", "english"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (113, "113th"),
        (1002, "1,002nd"),
    ],
)
def test_ordinals(n, english):
    assert text.ordinal(n) == english
    with speaking("es"):
        assert text.ordinal(n) == text.number(n) + ".º"


def test_days_and_times_follow_the_language():
    day = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert text.date(day) == text.ago(day, day + timedelta(days=3)) == "27 November 2026"
    with speaking("es"):
        assert text.date(day) == "27 de noviembre de 2026"
        assert text.ago(day, day + timedelta(minutes=5)) == "hace 5 min"


def test_an_unknown_language_falls_back_to_english_words():
    with speaking("fr"):
        assert t("Undo") == "Undo"
        assert tn("{n:,} image", "{n:,} images", 2) == "2 images"


def test_a_sentence_without_a_translation_stays_as_it_is():
    with speaking("es"):
        assert t("no such sentence {n:,}", n=1000) == "no such sentence 1.000"


def test_a_language_is_spoken_only_inside_its_block():
    assert current() == "en"
    with speaking("es"):
        assert (current(), t("Undo")) == ("es", "Deshacer")
        with speaking("en"):
            assert t("Undo") == "Undo"
        assert t("Undo") == "Deshacer"
    assert t("Undo") == "Undo"


def test_every_language_has_its_own_name_and_a_file():
    assert languages() | {"en": "English", "es": "Español"} == languages()
    assert translations("es").gettext("Undo") == "Deshacer"


@given(st.text(alphabet="{}%nx:, "))
def test_braces_in_names_are_no_places(name):
    assert t("{name} twice", name=name) == f"{name} twice"
    with speaking("es"):
        assert t("{name} twice", name=name) == f"{name} dos veces"
