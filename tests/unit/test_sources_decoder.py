"""The child process that decodes: the same answers, and its death costs one image at most."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from core.settings import ImageLimits
from core.sources import decoder, images
from core.sources.decoder import Decoder
from core.sources.recognise import BadImage
from tests.image_files import encoded

LIMITS = ImageLimits()


@pytest.fixture
def child():
    with Decoder(LIMITS) as made:
        yield made


@pytest.fixture
def hostile(monkeypatch):
    monkeypatch.setattr(decoder, "CHILD", "tests.faults.hostile_decoder")
    with Decoder(LIMITS) as made:
        yield made


def test_the_child_answers_what_this_process_would(child):
    data = encoded(1, "JPEG", 300, 200)
    assert child.prepare(data, 64) == images.prepare(data, LIMITS, 64)
    assert child.measure(data) == (300, 200)


def test_a_bad_file_is_refused_with_the_same_words_and_the_child_goes_on(child):
    with pytest.raises(BadImage) as here:
        images.prepare(b"<svg/>", LIMITS, 32)
    with pytest.raises(BadImage) as there:
        child.prepare(b"<svg/>", 32)
    assert str(there.value) == str(here.value)
    assert there.value.kind == here.value.kind == "unreadable"
    process = child._process
    child.prepare(encoded(), 32)
    assert child._process is process


def test_fit_and_limits_reach_the_child():
    data = encoded(1, "PNG", 60, 20)
    with Decoder(ImageLimits(formats=("PNG",), n_pixels=1_200), "stretch") as child:
        assert child.prepare(data, 16) == images.prepare(data, LIMITS, 16, "stretch")
        with pytest.raises(BadImage, match="more than 1,200 pixels"):
            child.measure(encoded(1, "PNG", 61, 20))
        with pytest.raises(BadImage, match="expected one of PNG"):
            child.measure(encoded(1, "JPEG"))


def test_a_child_that_was_killed_between_two_images_costs_none(child):
    child.prepare(encoded(), 32)
    os.kill(child._process.pid, signal.SIGKILL)
    made = child.prepare(encoded(2), 32)
    assert np.frombuffer(made.pixels, np.uint8).size == 32 * 32 * 3


def test_a_crash_is_listed_and_the_next_image_is_decoded(hostile):
    with pytest.raises(BadImage, match=r"the decoder crashed on it \(signal 11\)") as error:
        hostile.prepare(b"CRASH", 32)
    assert error.value.kind == "refused"
    assert hostile.prepare(encoded(), 32).format == "PNG"


def test_an_endless_loop_ends_at_the_cpu_limit(hostile):
    with pytest.raises(BadImage, match="takes more than"):
        hostile.prepare(b"SPIN", 32)
    assert hostile.prepare(encoded(), 32).format == "PNG"


def test_a_child_that_waits_for_ever_is_ended(hostile, monkeypatch):
    hostile.prepare(encoded(), 32)
    monkeypatch.setattr(decoder, "WALL_S", 0.2)
    with pytest.raises(BadImage, match=r"takes more than 0\.2 s"):
        hostile.prepare(b"HANG", 32)
    monkeypatch.undo()
    assert hostile.prepare(encoded(), 32).format == "PNG"


def test_closing_ends_the_child(child):
    child.prepare(encoded(), 32)
    process = child._process
    child.close()
    assert process.returncode == 0
