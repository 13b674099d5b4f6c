"""Reviews and labels in and out of files, back again, and what is refused."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from core.errors import Conflict, InvalidInput
from core.services.data.datasets import get_dataset, image_ids, images, label_indices
from core.services.labels import label_folder, label_sets, reviewing
from core.services.labels.label_files import (
    add_reviews,
    export_labels,
    export_reviews,
    import_reviews,
)
from core.store import reviews
from tests.seeding import add_small_dataset

NASTY = ["=1+1", "+cmd", "-2", "@x", "\tTab", "'=quoted", "''=twice", "'tis", 'ñandú, "x"\nline']


@pytest.fixture
def small(workspace):
    return add_small_dataset(workspace, 10)


def put(ws, small, text, name="reviews.csv"):
    return add_reviews(ws, small[0], name, io.BytesIO(text.encode()))


def stored(ws, dataset_id):
    with ws.read() as conn:
        return reviews.current(conn, dataset_id)


@pytest.fixture
def reviewed(workspace, small):
    """Answers of every kind, with names and notes that a spreadsheet would run."""
    for n, text in enumerate(NASTY):
        reviewing.submit(
            workspace,
            small[0],
            small[1][n],
            reviewer=text.strip().replace("\n", " "),
            event_id=f"e{n}",
            label="ABCD"[n % 4],
            note=text,
            source="random",
            blind=n % 2 == 0,
        )
    for verdict in ("skip", "not_sure"):
        reviewing.submit(
            workspace,
            small[0],
            small[1][9],
            reviewer=f"{verdict}@example.org",
            event_id=verdict,
            verdict=verdict,
        )
    return small


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_out_and_back_nothing_is_lost_and_nothing_counts_twice(
    workspace, reviewed, tmp_path, suffix
):
    path = tmp_path / f"reviews.{suffix}"
    assert export_reviews(workspace, reviewed[0], path) == 11
    again = import_reviews(workspace, reviewed[0], path)
    assert (again["n_reviews"], again["n_new"]) == (11, 0)
    with workspace.write() as conn:
        conn.exec_driver_sql("DELETE FROM review_current")
        conn.exec_driver_sql("DELETE FROM review")
    assert stored(workspace, reviewed[0]) == []
    assert import_reviews(workspace, reviewed[0], path)["n_new"] == 11
    found = {review.event_id: review for review in stored(workspace, reviewed[0])}
    for n, text in enumerate(NASTY):
        review = found[f"e{n}"]
        assert review.note.strip() == text.strip()
        assert review.reviewer == text.strip().replace("\n", " ")
        assert (review.label, review.source, review.blind) == ("ABCD"[n % 4], "random", n % 2 == 0)
    assert found["skip"].verdict == "skip" and found["not_sure"].verdict == "not_sure"
    assert found["skip"].reviewer == "skip@example.org"


def test_no_cell_of_a_csv_is_a_formula(workspace, reviewed, tmp_path):
    path = tmp_path / "reviews.csv"
    export_reviews(workspace, reviewed[0], path)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for cell in table.to_numpy().ravel():
        assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\x00")), cell


def test_people_write_plain_tables(workspace, small):
    """What a spreadsheet gives: file names, no times, an order of its own, semicolons."""
    found = put(
        workspace,
        small,
        "reviewer;label;image;note;time\nAna;B;0000.png;;2026-01-02\nBea;A;A/0000.png;so;\n"
        f"Ana;C;{small[1][1]};;2026-01-02T10:00:00+02:00\n",
    )
    assert (found["n_reviews"], found["n_new"], found["n_images"]) == (3, 3, 2)
    said = {(r.reviewer, r.label): r for r in stored(workspace, small[0])}
    assert said[("Ana", "C")].created_at.isoformat() == "2026-01-02T08:00:00+00:00"
    assert said[("Ana", "B")].source == "import" and said[("Bea", "A")].note == "so"


def test_a_file_read_twice_counts_once_and_a_later_row_counts(workspace, small):
    text = "image,reviewer,label\n0000.png,Ana,A\n0000.png,Ana,B\n0000.png,Ana,A\n"
    assert put(workspace, small, text)["n_new"] == 3
    assert put(workspace, small, text)["n_new"] == 0
    (counting,) = stored(workspace, small[0])
    assert (counting.label, counting.version) == ("A", 3)
    assert put(workspace, small, text + "0000.png,Ana,D\n")["n_new"] == 1
    assert stored(workspace, small[0])[0].label == "D"


def test_rows_about_other_images_are_listed_and_the_rest_is_read(workspace, small):
    text = "image,reviewer,label\nnowhere.png,Ana,A\n0001.png,Ana,A\n"
    found = put(workspace, small, text)
    assert (found["n_new"], found["n_skipped"]) == (1, 1)
    assert found["skipped"] == [{"row": 1, "reason": "no image 'nowhere.png'"}]


def test_a_file_name_that_two_images_have_is_no_name(workspace):
    dataset_id, _ = add_small_dataset(workspace, 4)
    with workspace.write() as conn:
        conn.exec_driver_sql("UPDATE dataset_image SET path = label || '/same.png'")
    with pytest.raises(InvalidInput, match="4 images are called 'same.png'"):
        put(workspace, (dataset_id,), "image,reviewer,label\nsame.png,Ana,A\n")
    assert put(workspace, (dataset_id,), "image,reviewer,label\nB/same.png,Ana,A\n")["n_new"] == 1


BROKEN_FILES = [
    ("", "no column image"),
    ("image,label\nx,A\n", "no column reviewer"),
    ('image,reviewer,label\n0000.png,Ana,"A\n', "no CSV"),
    ("image,reviewer,label\nnowhere.png,Ana,A\n", "no review of an image"),
    ("image,reviewer,label\n", "no review of an image.*no rows"),
]
BROKEN_ROWS = [
    ("0000.png,Ana,Z,,,,", "no such label.*one of A, B, C, D"),
    ("0000.png,Ana,,,,,", "does not say what was seen"),
    ("0000.png,Ana,A,skip,,,", "does not say what was seen"),
    ("0000.png,Ana,,maybe,,,", "does not say what was seen"),
    ("0000.png,,A,,,,", "names no reviewer"),
    (",Ana,A,,,,", "names no image"),
    ("0000.png,Ana,A,,yesterday,,", "no time that can be read"),
    ("0000.png,Ana,A,,,perhaps,", "blind"),
    (f"0000.png,{'x' * 65},A,,,,", "needs a name"),
    (f"0000.png,Ana,A,,,,{'x' * 65}", "too long"),
]


@pytest.mark.parametrize(("text", "sentence"), BROKEN_FILES)
def test_what_is_no_file_of_reviews_is_a_sentence(workspace, small, text, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        put(workspace, small, text)


@pytest.mark.parametrize(("row", "sentence"), BROKEN_ROWS)
def test_one_row_that_cannot_be_understood_refuses_all(workspace, small, row, sentence):
    head = "image,reviewer,label,verdict,time,blind,event_id"
    with pytest.raises(InvalidInput, match=f"row 2 .*{sentence}"):
        put(workspace, small, f"{head}\n0001.png,Bea,A,,,,\n{row}\n")
    assert stored(workspace, small[0]) == []


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.xlsx", b"PK", "no file of reviews"),
        ("x", b"", "no file of reviews"),
        ("x.parquet", b"PAR1 not really", "Parquet"),
        ("x.json", b"{", "no JSON"),
        ("x.json", b'{"a": 1}', "no export of Label Studio"),
        ("x.json", b"[1]", "no export of Label Studio"),
        ("x.json", b'[{"data": {}}]', "task 1 .*names no image"),
        ("x.json", b'[{"data": {"image": "0000.png"}, "annotations": [{}]}]', "does not say"),
        ("x.json", b"[" * 100_000, "no JSON"),
    ],
)
def test_other_files_are_a_sentence(workspace, small, name, data, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        add_reviews(workspace, small[0], name, io.BytesIO(data))


def test_a_missing_file_and_a_folder_that_is_none(workspace, small, tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        import_reviews(workspace, small[0], tmp_path / "nothing.csv")
    for name in ("no/such/folder.csv", "no/such/folder.json", "x.xlsx"):
        with pytest.raises(InvalidInput, match="written"):
            export_reviews(workspace, small[0], tmp_path / name)


def test_what_label_studio_itself_exports_is_read(workspace, small):
    choice = {"from_name": "c", "to_name": "i", "type": "choices", "id": "x1"}
    task = {
        "id": 1,
        "data": {"image": "/data/upload/3/5e9a1b2c-0003.png"},
        "annotations": [
            {
                "id": 11,
                "completed_by": {"id": 1, "email": "ana@example.org"},
                "result": [{**choice, "value": {"choices": ["B"]}}],
                "was_cancelled": False,
                "created_at": "2021-03-09T22:16:08.728353Z",
            },
            {"completed_by": 7, "result": [], "was_cancelled": True},
        ],
        "drafts": [{"result": [{**choice, "value": {"choices": ["C"]}}]}],
        "predictions": [{"result": [{**choice, "value": {"choices": ["D"]}}]}],
    }
    assert put(workspace, small, json.dumps([task]), "export.json")["n_new"] == 2
    said = {r.reviewer: r for r in stored(workspace, small[0])}
    assert said["ana@example.org"].label == "B"
    assert said["ana@example.org"].created_at.year == 2021
    assert said["user 7"].verdict == "skip"
    assert {r.image_id for r in said.values()} == {small[1][3]}
    task["annotations"][0]["result"][0]["value"]["choices"] = ["B", "C"]
    with pytest.raises(InvalidInput, match="expected one choice.*B, C"):
        put(workspace, small, json.dumps([task]), "export.json")


def test_an_export_of_another_data_set_is_new_here(workspace, reviewed, tmp_path):
    other, _ = add_small_dataset(workspace, 10, name="other")
    path = tmp_path / "reviews.csv"
    export_reviews(workspace, reviewed[0], path)
    assert import_reviews(workspace, other, path)["n_new"] == 11
    assert import_reviews(workspace, other, path)["n_new"] == 0
    text = path.read_text().replace(",A,", ",D,", 1)
    with pytest.raises(Conflict, match="event id was used"):
        put(workspace, reviewed, text)


def test_labels_out_with_their_quality(workspace, small, tmp_path):
    dataset = get_dataset(workspace, small[0])
    labels = label_indices(workspace, dataset).copy()
    labels[0] = 2
    label_sets.save_label_set(workspace, small[0], "new", labels, origin={}, quality=labels / 4.0)
    assert export_labels(workspace, small[0], tmp_path / "l.csv", labels="new") == 10
    table = pd.read_csv(tmp_path / "l.csv")
    assert list(table) == ["image", "path", "split", "label", "quality"]
    assert table["label"][0] == "C" and list(table["image"]) == list(image_ids(workspace, small[0]))
    export_labels(workspace, small[0], tmp_path / "o.parquet")
    assert list(pd.read_parquet(tmp_path / "o.parquet")["label"]) == list("ABCDABCDAB")


def test_class_folders_import_again_with_labels_and_splits(workspace, small, tmp_path):
    dataset = get_dataset(workspace, small[0])
    labels = label_indices(workspace, dataset).copy()
    labels[0] = 1
    label_sets.save_label_set(workspace, small[0], "new", labels, origin={})
    folder = tmp_path / "out"
    assert label_folder.export_folders(workspace, small[0], folder, labels="new") == 10
    from core.sources import open_source

    with open_source(str(folder), workspace.settings.limits) as source:
        items = {item.path.rsplit("/", 1)[-1]: item for item in source.items()}
    frame = images(workspace, small[0])
    for position, split in enumerate(frame["split"]):
        item = items[f"{position:06d}.png"]
        assert (item.label, item.split) == (dataset.labels[labels[position]], split)
    with pytest.raises(InvalidInput, match="not empty"):
        label_folder.export_folders(workspace, small[0], folder)


def test_a_picture_leaves_without_what_its_file_knew(workspace, small, tmp_path):
    from PIL import Image

    label_folder.export_folders(workspace, small[0], tmp_path / "out")
    for path in (tmp_path / "out").rglob("*.png"):
        with Image.open(path) as picture:
            assert picture.info == {} and not picture.getexif()


def test_labels_that_make_no_folder():
    with pytest.raises(InvalidInput, match="upper and lower case"):
        label_folder.folder_names(("Bola", "bola"))
    with pytest.raises(InvalidInput, match="too long"):
        label_folder.folder_names(("x" * 201,))
    names = label_folder.folder_names(("../../etc", "a/b", "a\\b", ".", "con\n", "x "))
    assert all("/" not in n and "\\" not in n and n.strip(". ") == n for n in names)
    assert len(set(names)) == 6
