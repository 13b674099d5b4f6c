"""No malformed file crashes an import or costs a good image (reliability: T1 to T4)."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.settings import ROOT, ImageLimits
from core.sources import decoder, open_source
from core.sources.build import build
from core.sources.decoder import Decoder
from core.sources.items import SourceItem
from core.sources.recognise import BadImage
from tests.image_files import class_files, encoded, write_folder, write_zip
from tests.malformed import (
    FORMATS,
    hostile_archives,
    malformed_pictures,
    overlapping,
    png_bomb,
    zipped,
)

LIMITS = ImageLimits()
GOOD = class_files(10)
BAD = malformed_pictures()
ARCHIVES = hostile_archives()


def imported(source, out, limits=LIMITS):
    with open_source(str(source), limits) as opened:
        return build(opened, limits, out)


@pytest.mark.parametrize("kind", ["folder", "zip", "csv"])
def test_a_hundred_malformed_files_cost_no_good_image(tmp_path, kind):
    assert len(BAD) >= 100
    files = GOOD | {f"{('cat', 'dog')[i % 2]}/{name}": BAD[name] for i, name in enumerate(BAD)}
    if kind == "zip":
        source = write_zip(tmp_path / "in.zip", files)
    else:
        source = write_folder(tmp_path / "in", files)
    if kind == "csv":
        lines = [f'"{name}",{name[:3]}' for name in files]
        source = source / "list.csv"
        source.write_text("\n".join(["path,label", *lines]))
    out = tmp_path / "out"
    out.mkdir()
    built = imported(source, out)
    assert {row.path for row in built.rows} == set(GOOD)
    assert {problem.file for problem in built.problems} == set(files) - set(GOOD)
    assert {problem.kind for problem in built.problems} == {"unreadable", "refused"}
    for problem in built.problems:
        assert problem.reason and "\n" not in problem.reason and " at 0x" not in problem.reason
    assert np.load(built.files["pixels"]).shape[0] == len(GOOD)


def test_a_picture_that_takes_the_decoder_down_costs_no_good_image(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder, "CHILD", "tests.faults.hostile_decoder")
    files = GOOD | {"cat/a.png": b"CRASH", "dog/b.png": b"CRASH", "dog/m.png": b"MEMORY"}
    out = tmp_path / "out"
    out.mkdir()
    built = imported(write_folder(tmp_path / "in", files), out)
    assert {row.path for row in built.rows} == set(GOOD)
    assert {p.file: p.reason.split(" (")[0] for p in built.problems} == {
        "cat/a.png": "the decoder crashed on it",
        "dog/b.png": "the decoder crashed on it",  # the same bytes are not tried again
        "dog/m.png": "the decoder crashed on it",
    }


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_whole_and_at_once(tmp_path, name):
    path = tmp_path / "hostile.zip"
    path.write_bytes(ARCHIVES[name])
    started = time.perf_counter()
    with pytest.raises(InvalidInput) as error:
        open_source(str(path), replace(LIMITS, archive_entries=100))
    assert time.perf_counter() - started < 1
    assert "\n" not in str(error.value) and len(str(error.value)) < 600
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_good_archive_passes_the_same_checks(tmp_path):
    path = tmp_path / "good.zip"
    path.write_bytes(zipped(GOOD))
    with open_source(str(path), replace(LIMITS, archive_entries=100)) as source:
        assert {row.path for row in source.items()} == set(GOOD)


def test_archives_are_held_to_their_sizes(tmp_path):
    path = write_zip(tmp_path / "good.zip", GOOD)
    n_bytes, n_unpacked = path.stat().st_size, sum(map(len, GOOD.values()))
    at = replace(LIMITS, archive_bytes=n_bytes, archive_unpacked_bytes=n_unpacked)
    open_source(str(path), replace(at, archive_entries=len(GOOD))).close()
    for limits, sentence in (
        (replace(at, archive_bytes=n_bytes - 1), "larger than"),
        (replace(at, archive_unpacked_bytes=n_unpacked - 1), "unpacks to more than"),
        (replace(at, archive_entries=len(GOOD) - 1), "declares 20 files, more than 19"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            open_source(str(path), limits)


def test_sixty_thousand_overlapping_entries_are_refused_in_little_time_and_memory(tmp_path):
    path = tmp_path / "overlap.zip"
    path.write_bytes(overlapping(60_000))
    code = (
        "import resource, sys, time\n"
        "from core.errors import InvalidInput\n"
        "from core.settings import ImageLimits\n"
        "from core.sources import archive, open_source\n"
        "before = resource.getrusage(resource.RUSAGE_SELF)\n"
        "try:\n"
        "    open_source(sys.argv[1], ImageLimits())\n"
        "except InvalidInput as error:\n"
        "    after = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    print(after.ru_utime - before.ru_utime, after.ru_maxrss - before.ru_maxrss, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    cpu_s, n_kib, sentence = done.stdout.split(" ", 2)
    assert float(cpu_s) < 1 and int(n_kib) < 64 * 1024, done.stdout
    assert "its entries overlap" in sentence


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = png_bomb(9_000)  # 243 MB behind 240 kB
    with Decoder(LIMITS) as child:
        child.measure(encoded())
        before = _peak_kib(child)
        started = time.perf_counter()
        with pytest.raises(BadImage, match="more than 50,000,000 pixels"):
            child.prepare(bomb, 224)
        assert time.perf_counter() - started < 1
        assert _peak_kib(child) - before < 50 * 1024


def _peak_kib(child):
    status = Path(f"/proc/{child._process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", min_codepoint=1), min_size=1, max_size=30).map(
            lambda text: f"../{text}" if len(text) % 3 == 0 else text
        ),
        max_size=6,
    )
)
@settings(max_examples=150, deadline=None)
def test_no_name_in_an_archive_leaves_it(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("slip")
    path = folder / "in" / "a.zip"
    path.parent.mkdir()
    path.write_bytes(zipped({"cat/0.png": encoded()}, extra=[(n, b"x") for n in names if n != "/"]))
    try:
        with open_source(str(path), LIMITS) as source:
            for row in source.items():
                if isinstance(row, SourceItem):
                    row.read()
                    assert ".." not in row.path.split("/") and not row.path.startswith("/")
    except InvalidInput:
        pass  # refused whole: nothing was read
    assert [entry.name for entry in folder.rglob("*")] == ["in", "a.zip"]


def mutated(n_files, seed=0):
    """Files of all formats with bytes flipped, cut, doubled or overwritten."""
    rng = np.random.default_rng(seed)
    whole = [encoded(i, fmt, 40, 40) for i in range(4) for fmt in FORMATS]
    for i in range(n_files):
        data = bytearray(whole[i % len(whole)])
        for _ in range(rng.integers(1, 8)):
            at, n = int(rng.integers(len(data))), int(rng.integers(1, 30))
            kind = rng.integers(4)
            if kind == 0:
                data[at] ^= 1 << int(rng.integers(8))
            elif kind == 1:
                data[at : at + n] = rng.bytes(n)
            elif kind == 2:
                del data[at : at + n]
            else:
                data[at:at] = data[at : at + n]
            data = data or bytearray(1)
        yield bytes(data)


def outcomes(n_files):
    """Decode mutated files; return how many were taken and how many refused."""
    n_taken = n_refused = 0
    with Decoder(LIMITS) as child:
        child.measure(encoded())
        process = child._process
        for data in mutated(n_files):
            started = time.perf_counter()
            try:
                made = child.prepare(data, 32)
                assert len(made.pixels) == 32 * 32 * 3
                n_taken += 1
            except BadImage as error:
                assert "crashed" not in str(error) and "more than 20 s" not in str(error)
                n_refused += 1
            assert time.perf_counter() - started < 5
        assert child._process is process  # it never died
    return n_taken, n_refused


def test_mutated_pictures_are_taken_or_refused():
    n_taken, n_refused = outcomes(600)
    assert n_taken + n_refused == 600 and min(n_taken, n_refused) > 50


@pytest.mark.slow
def test_ten_thousand_mutated_pictures_are_taken_or_refused():
    n_taken, n_refused = outcomes(10_000)
    assert n_taken + n_refused == 10_000 and min(n_taken, n_refused) > 1_000


@pytest.mark.slow
def test_a_thousand_mutated_archives_never_crash_and_never_run_away(tmp_path):
    whole = zipped(class_files(2))
    rng = np.random.default_rng(1)
    path = tmp_path / "a.zip"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    n_read = 0
    for _ in range(1_000):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 6)):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        path.write_bytes(
            data[: int(rng.integers(len(data) // 2, len(data) + 1))] if n_read % 2 else data
        )
        try:
            with open_source(str(path), LIMITS) as source:
                for row in source.items():
                    if isinstance(row, SourceItem):
                        row.read()
                        n_read += 1
        except InvalidInput:
            continue
    assert n_read > 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
