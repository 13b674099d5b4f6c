"""From a source to files: order, duplicates, sizes, progress, stopping, a full disk."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from core.errors import InvalidInput, JobCancelled, StoreError
from core.records import Problem
from core.settings import ImageLimits
from core.sources import build as building
from core.sources import files as writing
from core.sources import images, open_source
from core.sources.build import build
from core.sources.items import Source, SourceItem
from tests.image_files import class_files, encoded, write_folder

LIMITS = ImageLimits()


class Listed(Source):
    """A source made of given rows."""

    def __init__(self, rows, **attributes):
        self.name, self.rows = "listed", rows
        for name, value in attributes.items():
            setattr(self, name, value)

    def items(self):
        yield from self.rows

    def sample(self, n):
        return [row for row in self.rows if isinstance(row, SourceItem)]


def item(path, data, label="a", **more):
    return SourceItem(path, lambda: data, label, **more)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_the_files_hold_what_the_rows_say(tmp_path, out):
    files = class_files(4, width=40, height=30) | {"cat/bad.png": b"no", "dog/e.png": b""}
    folder = write_folder(tmp_path / "in", files)
    with open_source(str(folder), LIMITS) as source:
        built = build(source, LIMITS, out)
    assert [row.path for row in built.rows] == sorted(class_files(4))
    assert [problem.file for problem in built.problems] == ["cat/bad.png", "dog/e.png"]
    assert (built.size_px, built.labels, built.n_duplicates) == (32, ("cat", "dog"), 0)
    pack = built.files["pack"].read_bytes()
    pixels = np.load(built.files["pixels"], mmap_mode="r", allow_pickle=False)
    atlas = built.files["atlas"].read_bytes()
    offsets = np.load(built.files["atlas_offsets"], allow_pickle=False)
    assert pixels.shape == (8, 32, 32, 3) and pixels.dtype == np.uint8
    assert offsets.dtype == np.int64 and offsets[0] == 0 and offsets[-1] == len(atlas)
    assert len(pack) == sum(row.n_bytes for row in built.rows)
    for position, row in enumerate(built.rows):
        data = pack[row.offset : row.offset + row.n_bytes]
        assert data == files[row.path]
        assert row.image_id == hashlib.sha256(data).hexdigest()
        assert (row.width, row.height, row.format) == (40, 30, "PNG")
        made = images.prepare(data, LIMITS, 32)
        assert pixels[position].tobytes() == made.pixels
        assert atlas[offsets[position] : offsets[position + 1]] == made.thumbnail


def test_the_same_bytes_are_one_image_and_the_first_wins(out):
    one, two = encoded(1), encoded(2)
    rows = [
        item("1.png", one, "a", split="train"),
        item("2.png", one, "a", split="test"),
        item("3.png", b"broken", "a"),
        item("4.png", one, "b"),
        item("5.png", b"broken", "b"),
        item("6.png", two, "b"),
    ]
    built = build(Listed(rows), LIMITS, out, size_px=32)
    assert [(row.path, row.label, row.split) for row in built.rows] == [
        ("1.png", "a", "train"),
        ("6.png", "b", None),
    ]
    kinds = {problem.file: (problem.kind, problem.reason) for problem in built.problems}
    assert kinds["2.png"] == ("duplicate", "the same bytes as 1.png")
    assert kinds["4.png"][0] == "label_conflict"
    assert kinds["4.png"][1].endswith("which has the label a and not b")
    assert kinds["3.png"] == kinds["5.png"] and kinds["3.png"][0] == "unreadable"
    assert built.n_duplicates == 2


def test_rows_stay_in_order_whatever_takes_long(out):
    sizes = [2_000 if i % 3 == 0 else 8 for i in range(24)]
    rows = [item(f"{i}.jpg", encoded(i, "JPEG", px, px)) for i, px in enumerate(sizes)]
    built = build(Listed(rows, natural_px=32), LIMITS, out, n_workers=3)
    assert [row.path for row in built.rows] == [f"{i}.jpg" for i in range(24)]
    pixels = np.load(built.files["pixels"])
    for i, row in enumerate(rows):
        assert pixels[i].tobytes() == images.prepare(row.read(), LIMITS, 32).pixels


@pytest.mark.parametrize(
    ("sides", "size_px"),
    [([8], 32), ([32], 32), ([33], 64), ([30, 30, 500], 32), ([160, 170], 192), ([900], 224)],
)
def test_the_size_follows_the_median_short_side(out, sides, size_px):
    rows = [item(f"{i}", encoded(i, "BMP", side, side + 9)) for i, side in enumerate(sides)]
    assert build(Listed([*rows, item("bad", b"bad")]), LIMITS, out).size_px == size_px


def test_files_that_cannot_be_read_are_listed(out):
    def fail():
        raise PermissionError(13, "Permission denied")

    rows = [
        Problem("0", "refused", "by the source"),
        SourceItem("1", fail, "a"),
        SourceItem("2", encoded, None),
        item("3", encoded(3)),
    ]
    built = build(Listed(rows), LIMITS, out)
    assert [(p.file, p.kind, p.reason) for p in built.problems] == [
        ("0", "refused", "by the source"),
        ("1", "unreadable", "it cannot be read: Permission denied"),
        ("2", "unlabelled", "no label says what it shows"),
    ]
    assert len(built.rows) == 1


def test_nothing_at_all_is_refused_with_the_first_reason(out):
    with pytest.raises(InvalidInput, match=r"no image of listed .* 2 files .* x: it is a PDF"):
        build(Listed([item("x", b"%PDF-1"), item("y", b"")]), LIMITS, out)
    with pytest.raises(InvalidInput, match="received no file at all"):
        build(Listed([]), LIMITS, out)


def test_labels_keep_the_natural_order_of_the_source(out):
    rows = [item(label, encoded(i), label) for i, label in enumerate(("b", "c", "a"))]
    assert build(Listed(rows), LIMITS, out).labels == ("a", "b", "c")
    natural = Listed(rows, label_order=("c", "x", "b", "a"))
    assert build(natural, LIMITS, out).labels == ("c", "b", "a")


def test_progress_rises_to_one(out):
    seen = []
    rows = [item(str(i), encoded(i)) for i in range(30)]
    build(Listed(rows, n_items=30), LIMITS, out, report=lambda *told: seen.append(told))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert seen[-1][1] == "read 30 of 30 files"
    seen.clear()
    build(Listed(rows), LIMITS, out, report=lambda *told: seen.append(told))
    assert seen[-1] == (0.0, "read 30 files")


def threads():
    return Counter(thread.name.split("_")[0] for thread in threading.enumerate())["decode"]


def test_stopping_ends_the_children(out, monkeypatch):
    children = []

    class Watched(building.Decoder):
        def close(self):
            children.append(self._process)
            super().close()

    monkeypatch.setattr(building, "Decoder", Watched)
    n_asked = iter(range(100))
    rows = [item(str(i), encoded(i)) for i in range(50)]
    with pytest.raises(JobCancelled, match="stopped"):
        build(Listed(rows), LIMITS, out, stop=lambda: next(n_asked) == 5)
    started = [child for child in children if child is not None]
    assert started and all(child.returncode == 0 for child in started)
    assert threads() == 0


def test_what_report_raises_ends_the_build(out):
    def report(share, text):
        raise JobCancelled("somebody asked")

    with pytest.raises(JobCancelled, match="somebody asked"):
        build(Listed([item(str(i), encoded(i)) for i in range(9)]), LIMITS, out, report=report)
    assert threads() == 0


def test_a_full_disk_is_said_so(out, monkeypatch):
    def full(self, data, pixels, thumbnail):
        with writing._writing():
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.DatasetFiles, "add", full)
    with pytest.raises(StoreError, match=r"the disk is full; .* free some space"):
        build(Listed([item("1", encoded())]), LIMITS, out)


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path):
    with pytest.raises(StoreError, match="could not be written"):
        build(Listed([item("1", encoded())]), LIMITS, tmp_path / "missing")


@pytest.mark.parametrize(
    "options", [{"size_px": 7}, {"size_px": 1_025}, {"fit": "zoom"}, {"n_workers": 0}]
)
def test_options_out_of_range_are_refused(out, options):
    with pytest.raises(InvalidInput, match="out of range|unknown|too small"):
        build(Listed([item("1", encoded())]), LIMITS, out, **options)


def test_the_atlas_is_jpeg_of_the_same_aspect(out):
    built = build(Listed([item("1", encoded(1, "PNG", 400, 100))]), LIMITS, out)
    picture = Image.open(io.BytesIO(built.files["atlas"].read_bytes()))
    assert (picture.format, picture.size) == ("JPEG", (96, 24))
