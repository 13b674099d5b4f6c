"""Folders, archives and tables: which files they hand over, and which they refuse."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace

import pandas as pd
import pytest

from core.errors import InvalidInput
from core.records import Problem
from core.settings import ImageLimits
from core.sources import open_source
from core.sources.items import SourceItem
from core.sources.recognise import BadImage
from tests.image_files import class_files, encoded, write_folder, write_zip
from tests.malformed import zipped

LIMITS = ImageLimits()


def listed(source, limits=LIMITS):
    """Everything a source yields, by path."""
    with open_source(str(source), limits) as opened:
        rows = list(opened.items())
        assert opened.n_items == len(rows)
    return {row.file if isinstance(row, Problem) else row.path: row for row in rows}


def read(source, limits=LIMITS):
    """The bytes, or the reason, of every item."""
    found = {}
    with open_source(str(source), limits) as opened:
        for row in opened.items():
            try:
                found[row.path] = row.read()
            except BadImage as error:
                found[row.path] = error.what
    return found


def table(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_a_zip_of_a_folder_is_the_same_source(tmp_path):
    files = class_files(2, labels=("dog", "cat", "ñandú"))
    folder = write_folder(tmp_path / "pets", files)
    archive = write_zip(tmp_path / "pets.zip", {f"pets/{name}": files[name] for name in files})
    ours, theirs = read(folder), read(archive)
    assert ours == files
    assert {name.removeprefix("pets/"): data for name, data in theirs.items()} == files
    assert [name.removeprefix("pets/") for name in theirs] == list(ours) == sorted(files)
    assert {row.label for row in listed(archive).values()} == {"dog", "cat", "ñandú"}


def test_loose_pictures_are_listed_and_other_loose_files_are_not(tmp_path):
    files = class_files(2) | {
        "loose.png": encoded(9),
        "readme.txt": b"",
        "__MACOSX/cat/._0.png": b"",
    }
    for source in (write_folder(tmp_path / "a", files), write_zip(tmp_path / "a.zip", files)):
        rows = listed(source)
        assert rows["loose.png"].kind == "unlabelled"
        assert set(rows) == {*class_files(2), "loose.png"}


def test_a_folder_reads_nothing_outside_itself(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(encoded(1))
    root = write_folder(tmp_path / "root", class_files(2))
    (root / "cat/out.png").symlink_to(secret)
    (root / "cat/in.png").symlink_to(root / "dog/0.png")
    (root / "cat/gone.png").symlink_to(root / "nothing")
    (root / "loop").symlink_to(root, target_is_directory=True)
    os.mkfifo(root / "cat/pipe.png")
    with open_source(str(root), LIMITS) as source:
        rows = {row.path: row for row in source.items() if isinstance(row, SourceItem)}
        assert rows["cat/in.png"].read() == class_files(2)["dog/0.png"]
        with pytest.raises(BadImage, match="outside root"):
            rows["cat/out.png"].read()
        with pytest.raises(BadImage, match="not a regular file"):
            rows["cat/pipe.png"].read()
        with pytest.raises(FileNotFoundError):
            rows["cat/gone.png"].read()
    assert not any(name.startswith("loop/") for name in rows)


def test_names_that_are_not_utf8_or_very_deep(tmp_path):
    root = write_folder(tmp_path / "root", class_files(1))
    with open(os.fsencode(root) + b"/cat/caf\xe9.png", "wb") as file:
        file.write(encoded(5))
    deep = root / "dog" / "/".join(["d"] * 300)
    deep.mkdir(parents=True)
    (deep / ("n" * 250 + ".png")).write_bytes(encoded(6))
    found = read(root)
    assert found["cat/caf\\xe9.png"] == encoded(5)
    assert len(found) == 4


def test_spaces_of_every_kind_may_be_in_a_name(tmp_path):
    """A screenshot of a Mac has a narrow no-break space before PM."""
    root = write_folder(tmp_path / "3.42\u202fPM", {"a\u00a0b/\u202f.png": encoded(1)})
    assert set(read(root)) == {"a\u00a0b/\u202f.png"}
    with open_source(f"{root}/../3.42\u202fPM/.", LIMITS) as source:
        assert source.name == "3.42\u202fPM"


def test_a_large_file_is_not_read_into_memory(tmp_path):
    limits = replace(LIMITS, file_bytes=1_000)
    files = class_files(1) | {"cat/big.png": bytes(1_001), "cat/fits.png": bytes(1_000)}
    for source in (write_folder(tmp_path / "a", files), write_zip(tmp_path / "a.zip", files)):
        found = read(source, limits)
        assert found["cat/big.png"] == "the file is larger than 1,000 bytes"
        assert found["cat/fits.png"] == bytes(1_000)


def test_one_bad_entry_of_an_archive_costs_one_file(tmp_path):
    good = class_files(2)
    bodies = good | {"cat/flat.bmp": bytes(3_000_000), "cat/small.bmp": bytes(900_000)}
    data = zipped(bodies).replace(good["dog/1.png"][40:60], bytes(20))  # stored or not, it breaks
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    found = read(path)
    assert found["cat/flat.bmp"] == "it is packed more than 100 times"
    assert len(found["cat/small.bmp"]) == 900_000
    assert found["cat/0.png"] == good["cat/0.png"]


def test_a_wrong_checksum_costs_one_file(tmp_path):
    good = class_files(2)
    data = bytearray(zipped(good, method=zipfile.ZIP_STORED))
    data[data.index(good["dog/1.png"]) + 50] ^= 0xFF
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    found = read(path)
    assert found.pop("dog/1.png") == "its part of the archive is damaged"
    assert found == {name: body for name, body in good.items() if name != "dog/1.png"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_rare_compression_methods_are_refused(tmp_path, method):
    found = read(write_zip(tmp_path / "a.zip", class_files(1), method))
    assert all("compression method" in reason for reason in found.values())


def test_utf8_names_are_understood_without_the_flag(tmp_path):
    data = zipped({"ñandú/1.png": encoded(1), "puma/1.png": encoded(2)})
    unflagged = data.replace(b"PK\x03\x04\x14\x00\x00\x08", b"PK\x03\x04\x14\x00\x00\x00").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x08", b"PK\x01\x02\x14\x03\x14\x00\x00\x00"
    )
    assert unflagged != data
    (tmp_path / "a.zip").write_bytes(unflagged)
    assert set(read(tmp_path / "a.zip")) == {"ñandú/1.png", "puma/1.png"}


def test_an_archive_of_more_files_than_sixteen_bits_count_is_listed(tmp_path):
    entries = {f"{i % 10}/{i}.png": b"" for i in range(66_000)}
    assert len(listed(write_zip(tmp_path / "a.zip", entries))) == 66_000


def test_csv_and_parquet_say_the_same(tmp_path):
    files = class_files(2)
    write_folder(tmp_path, files)
    frame = pd.DataFrame(
        {
            "path": list(files),
            "label": [name.split("/")[0] for name in files],
            "split": ["train", "Valid", "test", None],
            "group": ["g1", "g1", None, "g2"],
        }
    )
    frame.to_csv(tmp_path / "list.csv", index=False)
    frame.to_parquet(tmp_path / "list.parquet")
    frame.to_csv(tmp_path / "list.tsv", index=False, sep="\t")
    rows = listed(tmp_path / "list.csv")
    assert [row.split for row in rows.values()] == ["train", "val", "test", None]
    assert [row.group for row in rows.values()] == ["g1", "g1", None, "g2"]
    for name in ("list.parquet", "list.tsv"):
        other = listed(tmp_path / name)
        assert [(r.path, r.label, r.split, r.group) for r in other.values()] == [
            (r.path, r.label, r.split, r.group) for r in rows.values()
        ]
        assert read(tmp_path / name) == files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_what_a_spreadsheet_saves_is_read(tmp_path, encoding):
    write_folder(tmp_path, {"ñ/1.png": encoded(1)})
    path = table(tmp_path / "hoja.csv", "file_name;Label\r\nñ/1.png;ñandú\r\n\r\n", encoding)
    rows = listed(path)
    assert rows["ñ/1.png"].label == "ñandú"
    assert read(path)["ñ/1.png"] == encoded(1)


def test_a_manifest_reads_nothing_outside_its_folder(tmp_path):
    (tmp_path / "secret.png").write_bytes(encoded(1))
    inside = write_folder(tmp_path / "inside", class_files(1))
    rows = "\n".join(
        f"{path},a" for path in ("../secret.png", f"{tmp_path}/secret.png", f"{inside}/cat/0.png")
    )
    path = table(inside / "list.csv", f"path,label\n{rows}\ncat/../dog/0.png,b\nx\x00y,c\n")
    found = list(read(path).values())
    assert found[:2] == ["it lies outside inside"] * 2
    assert found[2:4] == list(class_files(1).values())
    assert found[4] == "no file can have this name"


def test_rows_without_a_file_or_a_label_are_listed(tmp_path):
    path = table(tmp_path / "list.csv", "path,label\n,cat\na.png,\nb.png\n c.png , dog \n")
    rows = listed(path)
    assert rows["row 1"].kind == "unreadable"
    assert rows["a.png"].kind == rows["b.png"].kind == "unlabelled"
    assert rows["c.png"].label == "dog"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no manifest; .* received no header"),
        ("image,true_label\na,b\n", "is no manifest; expected the columns path,label"),
        ("label\ncat\n", "is no manifest"),
        ("path,label,split\na.png,cat,holdout\n", "row 1 .* unknown split; .* 'holdout'"),
        ('path,label\n"a.png,cat\n', "line 2 is no CSV"),
    ],
)
def test_a_table_that_is_no_manifest_is_refused(tmp_path, text, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        open_source(str(table(tmp_path / "list.csv", text)), LIMITS)


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" + bytes(500) + b"PAR1", b"path,label\n"])
def test_a_damaged_parquet_is_refused(tmp_path, body):
    (tmp_path / "list.parquet").write_bytes(body)
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        open_source(str(tmp_path / "list.parquet"), LIMITS)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "no source"),
        ("nowhere", "nowhere does not exist"),
        ("a\x00b", "no source"),
        ("https://example.org/a.zip", "download what lies at an address first"),
        ("hf://datasets/a", "download"),
        ("builtin:tulips", "no built-in source"),
        ("keras:mnist", "no built-in source"),
        ("builtin:digits?n=1", "expected no options"),
        ("builtin:rosebuds?seed=-1", r"seed in 0\.\."),
        ("builtin:rosebuds?n_per_class=9999999999999999999", "not understood"),
        ("builtin:rosebuds?colour=1", "received colour=1"),
        ("keras:cifar10?n_per_class=", "not understood"),
        ("x" * 4_000, "cannot be read"),
        ("x" * 5_000, "no source"),
        ("~nobody-of-this-name/images", "does not exist"),
    ],
)
def test_what_is_no_source_is_refused_in_one_sentence(source, sentence):
    with pytest.raises(InvalidInput, match=sentence) as error:
        open_source(source, LIMITS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["model.pkl", "a.tar.gz", "one.png", "notes.txt"])
def test_other_files_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(encoded(1))
    with pytest.raises(InvalidInput, match="is no source of images; expected a folder, a .zip"):
        open_source(str(tmp_path / name), LIMITS)
