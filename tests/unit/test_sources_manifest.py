"""A list that comes inside a folder or a zip: when it is read, and what it may not do."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from dataclasses import replace

import pandas as pd
import pytest

from core.errors import InvalidInput
from core.records import Problem
from core.settings import ImageLimits
from core.sources import open_source
from core.sources.manifest import find_listing
from core.sources.recognise import BadImage
from tests.image_files import class_files, encoded, write_folder, write_zip

LIMITS = ImageLimits()
LIST = b"path,label,split\nimages/0.png,cat,train\nimages/1.png,dog,test\n"
IMAGES = {"images/0.png": encoded(0), "images/1.png": encoded(1)}


def packed(tmp_path, files, kind="zip"):
    if kind == "zip":
        return write_zip(tmp_path / "in.zip", files, zipfile.ZIP_DEFLATED)
    return write_folder(tmp_path / "in", files)


def read(source, limits=LIMITS):
    """Label, split and bytes (or the reason why there are none) of every row."""
    found = {}
    with open_source(str(source), limits) as opened:
        for row in opened.items():
            if isinstance(row, Problem):
                found[row.file] = row.reason
                continue
            try:
                found[row.path] = (row.label, row.split, row.read())
            except BadImage as error:
                found[row.path] = error.what
    return found


@pytest.fixture(params=["zip", "folder"])
def kind(request):
    return request.param


def test_a_list_beside_its_images_is_read(tmp_path, kind):
    want = {
        "images/0.png": ("cat", "train", encoded(0)),
        "images/1.png": ("dog", "test", encoded(1)),
    }
    assert read(packed(tmp_path, IMAGES | {"list.csv": LIST}, kind)) == want


def test_a_list_one_folder_down_names_files_from_there(tmp_path, kind):
    files = {f"data/{name}": data for name, data in IMAGES.items()} | {"cover.png": encoded(9)}
    listing = LIST + b"../cover.png,cat,\n"
    found = read(packed(tmp_path, files | {"data/list.csv": listing}, kind))
    assert [row[0] for row in found.values()] == ["cat", "dog", "cat"]
    assert found["../cover.png"][2] == encoded(9)


def test_loose_pictures_and_names_without_a_suffix_are_found_by_their_list(tmp_path, kind):
    files = {"a": encoded(1), "b.png": encoded(2), "L.TSV": b"file_name\tLabel\na\tx\nb.png\ty\n"}
    assert {row[0] for row in read(packed(tmp_path, files, kind)).values()} == {"x", "y"}


def test_class_folders_win_over_lists_of_any_number(tmp_path, kind):
    alone, beside = class_files(2), {"a.csv": LIST, "b.csv": LIST, "c.parquet": b"broken"}
    found = read(packed(tmp_path, alone | beside, kind))
    assert {name: row[2] for name, row in found.items()} == alone


def test_tables_that_are_no_manifests_change_nothing(tmp_path, kind):
    files = IMAGES | {"notes.csv": b"image,votes\n0,1\n", "broken.parquet": b"PAR1"}
    assert {row[0] for row in read(packed(tmp_path, files, kind)).values()} == {"images"}
    assert len(read(packed(tmp_path / "..", files | {"list.csv": LIST}, "zip"))) == 2


def test_lists_deeper_than_one_folder_or_of_the_system_are_not_looked_at(tmp_path, kind):
    hidden = {"a/b/list.csv": LIST, "__MACOSX/list.csv": LIST, ".list.csv": LIST}
    with pytest.raises(InvalidInput, match="has no class folders; .* no picture at all"):
        read(packed(tmp_path, hidden, kind))


def test_several_manifests_are_named_in_one_sentence(tmp_path, kind):
    files = IMAGES | {"a.csv": LIST, "images/b.csv": LIST, "c.csv": b"x,y\n"}
    with pytest.raises(InvalidInput, match="several manifests; .* received a.csv, images/b.csv; "):
        read(packed(tmp_path, files, kind))


def test_the_only_table_says_why_it_is_not_read(tmp_path, kind):
    limits = replace(LIMITS, file_bytes=1_000)
    for listing, sentence in (
        ({"list.csv": LIST + bytes(1_000)}, "list.csv is not read: the file is larger than 1,000"),
        ({"list.parquet": b"PAR1"}, "list.parquet is not read: it cannot be read as Parquet"),
        (
            {"list.csv": b"path,label,split\na,b,holdout\n"},
            "row 1 of list.csv has an unknown split",
        ),
        ({"list.csv": b'"path,label\n'}, "list.csv is not read: line 1 is no CSV"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            read(packed(tmp_path, listing, kind), limits)
        if kind == "folder":
            os.remove(tmp_path / "in" / next(iter(listing)))


def test_no_class_folders_and_no_list_is_the_sentence_of_the_layout(tmp_path, kind):
    with pytest.raises(InvalidInput, match="has no class folders; .* 1 picture in no folder"):
        read(packed(tmp_path, {"0.png": encoded(), "notes.csv": b"a,b\n"}, kind))


def test_a_hundred_tables_are_not_looked_into():
    names = [f"{i}.csv" for i in range(100)]
    with pytest.raises(InvalidInput, match="it has no class folders and several tables"):
        find_listing(names, "it", pytest.fail)
    assert find_listing([*names, "cat/0.png"], "it", pytest.fail).place("cat/0.png")


def test_a_list_reads_nothing_outside_what_was_opened(tmp_path, kind):
    (tmp_path / "secret.png").write_bytes(encoded(7))
    outside = [
        "../secret.png",
        f"{tmp_path}/secret.png",
        "images/../../secret.png",
        "/0.png",
        "x\0y",
    ]
    lines = "".join(f"{name},cat\n" for name in [*outside, "images/../images/0.png", "gone.png"])
    source = packed(tmp_path, IMAGES | {"list.csv": b"path,label\n" + lines.encode()}, kind)
    if kind == "folder":
        (source / "gone.png").symlink_to(tmp_path / "secret.png")
    *refused, inside, gone = read(source).values() if kind == "zip" else _read_or_missing(source)
    assert inside == ("cat", None, encoded(0))
    assert all(isinstance(reason, str) for reason in [*refused, gone])
    if kind == "zip":
        assert {*refused, gone} == {"it is not in the archive"}


def _read_or_missing(source):
    with open_source(str(source), LIMITS) as opened:
        for row in opened.items():
            try:
                yield row.label, row.split, row.read()
            except BadImage as error:
                yield error.what


def test_a_list_that_is_a_link_out_of_the_folder_or_a_pipe_is_not_read(tmp_path):
    (tmp_path / "list.csv").write_bytes(LIST)
    root = write_folder(tmp_path / "in", {})
    (root / "list.csv").symlink_to(tmp_path / "list.csv")
    os.mkfifo(root / "pipe.csv")
    with pytest.raises(InvalidInput, match="list.csv is not read: it lies outside in"):
        read(root)


def test_a_list_is_held_to_the_rows_and_bytes_of_the_archive(tmp_path):
    rows = b"path,label\n" + b"0.png,cat\n" * 50
    source = packed(tmp_path, {"0.png": encoded(), "list.csv": rows})
    with pytest.raises(InvalidInput, match="has more than 49 rows"):
        read(source, replace(LIMITS, archive_entries=49))
    most = 50 * len(encoded())
    assert len(read(source, replace(LIMITS, archive_unpacked_bytes=most))) == 1
    with pytest.raises(InvalidInput, match="rows of list.csv name too many bytes"):
        read(source, replace(LIMITS, archive_unpacked_bytes=most - 1))


def test_a_list_packed_like_a_bomb_is_not_unpacked(tmp_path):
    source = packed(tmp_path, {"list.csv": b"path,label\n" + b"a,b\n" * 1_000_000})
    with pytest.raises(
        InvalidInput, match="list.csv is not read: it is packed more than 100 times"
    ):
        read(source)


def test_a_long_text_stored_once_is_not_copied_for_every_row(tmp_path):
    """50,000 rows that share a text of a megabyte would be 50 GB."""
    n_rows = 50_000
    label = pd.Categorical.from_codes([0] * n_rows, ["x" * 1_000_000])
    file = io.BytesIO()
    pd.DataFrame({"path": ["0.png"] * n_rows, "label": label}).to_parquet(file)
    source = packed(tmp_path, {"list.parquet": file.getvalue()})
    assert source.stat().st_size < 100_000
    assert read(source) == {"0.png": "its label is longer than 200 characters"}


def test_an_accent_may_be_written_in_two_ways(tmp_path):
    name = unicodedata.normalize("NFD", "ñandú.png")
    listing = "path,label\nñandú.png,ñandú\n".encode()
    assert read(packed(tmp_path, {name: encoded(), "list.csv": listing})) == {
        "ñandú.png": ("ñandú", None, encoded())
    }
