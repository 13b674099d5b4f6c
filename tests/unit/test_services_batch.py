"""Many images: what is in files and zips, that one bad file costs itself, and where it stops."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.errors import InvalidInput
from core.services.data import datasets, embedding
from core.services.runs import batch, drifting, exporting, predicting
from core.services.runs.training import get_run
from core.settings import DEFAULT_BACKBONE
from tests.exportable import fill
from tests.image_files import encoded, write_zip
from tests.malformed import hostile_archives

PICTURES = {f"{i}.png": encoded(i) for i in range(5)}


@pytest.fixture
def ids(workspace):
    return fill(workspace)


def files(**named):
    return [(name, io.BytesIO(data)) for name, data in named.items()]


def asked(ws, model_id, given):
    return [row for part in batch.answers(ws, model_id, given) for row in part]


def embed(ws, dataset):
    embedding.embed_now(ws, dataset, DEFAULT_BACKBONE, lambda *_: None, lambda: False)


def test_a_zip_of_loose_pictures_is_taken_apart_wherever_they_lie(workspace, tmp_path):
    inside = {"a.png": encoded(1), "deep/er/b.png": encoded(2), "__MACOSX/a.png": b"", ".x": b""}
    path = write_zip(tmp_path / "some.zip", inside | {"notes.txt": b"hello"})
    given = batch.listed(workspace, files(**{"c.png": encoded(3), "S.ZIP": path.read_bytes()}))
    names = ["c.png", "S.ZIP/a.png", "S.ZIP/deep/er/b.png", "S.ZIP/notes.txt"]
    assert [file.name for file in given] == names
    assert [file.read() for file in given] == [encoded(3), encoded(1), encoded(2), b"hello"]
    assert given[0].read() == encoded(3)  # as often as one likes


@pytest.mark.parametrize("name", sorted(hostile_archives()))
def test_a_hostile_zip_costs_only_itself(workspace, ids, name):
    data = hostile_archives()[name]
    given = batch.listed(workspace, files(**{"bad.zip": data, "good.png": encoded(1)}))
    rows = asked(workspace, ids.generalist, given)
    assert rows[-1]["file"] == "good.png" and rows[-1]["class"]
    bad = rows[:-1]
    assert bad and all(row["problem"] for row in bad if "class" not in row)
    assert any("problem" in row for row in bad)


def test_answers_are_those_of_single_images_and_bad_files_have_a_reason(
    workspace, ids, monkeypatch
):
    monkeypatch.setattr(batch, "CHUNK", 2)
    given = batch.listed(workspace, files(**PICTURES, **{"bad.png": b"no image"}))
    chunks = list(batch.answers(workspace, ids.cascade, given))
    assert [len(part) for part in chunks] == [2, 2, 2]
    *good, bad = [row for part in chunks for row in part]
    assert set(bad) == {"file", "problem"} and "bad.png" not in bad["problem"]
    alone = predicting.predict(workspace, ids.cascade, list(PICTURES.items()))
    for mine, theirs in zip(good, alone, strict=True):
        assert {n: mine[n] for n in ("file", "class", "route", "expert")} == {
            n: theirs[n] for n in ("file", "class", "route", "expert")
        }
        assert mine["nearest"] is None is mine["distance"]  # nothing is embedded


def test_who_stops_has_what_was_answered_until_then(workspace, ids, monkeypatch):
    monkeypatch.setattr(batch, "CHUNK", 2)
    given = batch.listed(workspace, files(**PICTURES))
    first = next(batch.answers(workspace, ids.generalist, given))
    rest = asked(workspace, ids.generalist, given[len(first) :])
    assert [row["file"] for row in first + rest] == list(PICTURES)


def test_the_nearest_training_image_of_a_training_image_is_itself(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    embed(workspace, dataset)
    frame = datasets.images(workspace, dataset.id)
    position = int(frame.index[frame["split"] == "train"][3])
    picture = io.BytesIO()
    Image.fromarray(datasets.pixels(workspace, dataset)[position]).save(picture, "PNG")
    data = picture.getvalue()
    (row,) = asked(workspace, ids.cascade, batch.listed(workspace, files(**{"x.png": data})))
    assert row["distance"] == pytest.approx(0.0, abs=1e-6)
    assert frame["split"][row["nearest"]] == "train"
    table = batch.table(workspace, dataset.id, [row])
    assert table["nearest_training_image"][0] == frame["path"][row["nearest"]]


def test_new_images_are_held_against_the_test_images(workspace, ids, monkeypatch):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    run = get_run(workspace, ids.generalist)
    green = ("x.png", encoded(1))  # smooth, of any colour: unlike the noise of the data set
    assert drifting.reference(workspace, dataset, run) is None
    assert not len(drifting.held_out(workspace, dataset, run))
    assert not drifting.is_far(workspace, ids.cascade, green)
    embed(workspace, dataset)
    found, usual = (f(workspace, dataset, run) for f in (drifting.reference, drifting.held_out))
    rows = {name: datasets.split_index(workspace, dataset.id, name) for name in ("train", "test")}
    vectors = embedding.embedding_matrix(workspace, dataset)
    assert np.allclose(found.nearest(vectors[rows["test"]])[1], usual)
    assert found.positions.tolist() == rows["train"].tolist()
    assert not drifting.is_far(workspace, ids.cascade, green)  # 16 test images are too few
    assert drifting.drift(workspace, ids.cascade, [{"distance": 1.0}]) is None
    monkeypatch.setattr(drifting, "held_out", lambda *_: np.linspace(0.0, usual.max(), 99))
    assert drifting.is_far(workspace, ids.cascade, green)
    near = [{"distance": d} for d in (*usual, None)] + [{"problem": "it is no image"}]
    drift = drifting.drift(workspace, ids.cascade, near)
    assert (drift.n_images, drift.n_held_out) == (len(usual), 99)
    assert (
        drift.p_value
        > 0.05
        > drifting.drift(workspace, ids.cascade, [{"distance": 1.0}] * 3).p_value
    )


def test_the_table_has_a_column_for_all_that_was_said_and_no_formulas(workspace, ids):
    given = batch.listed(workspace, files(**{"=1+1.png": encoded(1), "bad.png": b""}))
    table = batch.table(workspace, ids.dataset, asked(workspace, ids.cascade, given))
    assert {"class", "confidence", "route", "generalist", "expert_class", "p_A"} <= set(table)
    assert table["problem"].isna().tolist() == [True, False]
    shares = table.filter(like="p_").iloc[0].sum()
    assert shares == pytest.approx(1.0)
    text = exporting.csv_bytes(table).decode()
    assert "\n=1+1" not in text and "1+1.png" in text


def test_too_many_files_are_refused_before_any_is_read(workspace):
    with pytest.raises(InvalidInput, match="1 to 1,000"):
        batch.listed(workspace, [(f"{i}.png", io.BytesIO()) for i in range(1_001)])
