"""Predictions made elsewhere: in and out without loss, and nothing wrong gets in."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidInput, NotReady
from core.services.cascades import saving
from core.services.classes import merging
from core.services.comparing import questions, sharing
from core.services.data import datasets
from core.services.labels import label_evidence
from core.services.runs import adopting, crossvalidating, exporting, predicting, training
from core.services.runs.adopting import Origin
from core.store.database import Workspace
from tests.seeding import LABELS, Seeded, add_cascade, seed

COLUMNS = [f"p_{label}" for label in LABELS]


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


@pytest.fixture
def table(workspace: Workspace, ids: Seeded) -> pd.DataFrame:
    """Return random predictions of every held-out image."""
    frame = datasets.images(workspace, ids.dataset)
    frame = frame[frame["split"] != "train"]
    probs = np.random.default_rng(3).dirichlet(np.ones(4), len(frame))
    return pd.DataFrame(
        {"image": frame["image_id"].to_numpy()} | dict(zip(COLUMNS, probs.T, strict=True))
    )


def add(ws: Workspace, ids: Seeded, table: pd.DataFrame, name: str = "theirs.csv", **more):
    data = table.to_csv(index=False).encode() if name.endswith(".csv") else table.to_parquet()
    return adopting.add_predictions(
        ws, ids.dataset, name, io.BytesIO(data), Origin("theirs"), **more
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_a_run_exports_comes_back_as_the_same_answers(workspace, ids, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    exporting.write_predictions(workspace, ids.generalist, path)
    found = adopting.import_predictions(workspace, ids.dataset, path, Origin("copy"))
    ours, theirs = (training.get_run(workspace, i) for i in (ids.generalist, found["run"]))
    assert theirs.temperature == pytest.approx(ours.temperature, rel=1e-4)
    for split in ("val", "test"):
        for figure in ("n_images", "accuracy", "kappa", "log_loss"):
            assert theirs.metrics[split][figure] == pytest.approx(ours.metrics[split][figure])
    np.testing.assert_allclose(
        *(workspace.blobs.open_array(run.predictions) for run in (ours, theirs)), atol=1e-6
    )
    assert theirs.classes == ours.classes and found["n_skipped"] == 0
    assert theirs.duration_s is None and theirs.n_parameters is None


def test_columns_may_stand_in_any_order_and_be_called_by_their_classes(workspace, ids, table):
    first = add(workspace, ids, table)
    renamed = table[["p_D", "p_B", "image", "p_A", "p_C"]].rename(columns=lambda c: c[-1])
    second = add(workspace, ids, renamed.rename(columns={"e": "Image"}))
    assert second["test"] == first["test"] and second["classes"] == list(LABELS)


def test_a_spreadsheet_that_writes_commas_is_read(workspace, ids, table):
    data = table.to_csv(index=False, sep=";", decimal=",").encode("utf-16")
    found = adopting.add_predictions(
        workspace, ids.dataset, "theirs.csv", io.BytesIO(data), Origin("theirs")
    )
    assert found["test"] == add(workspace, ids, table)["test"]


def test_the_same_file_under_the_same_name_is_the_same_run_and_comes_back(workspace, ids, table):
    first = add(workspace, ids, table)
    training.archive_run(workspace, first["run"])
    assert add(workspace, ids, table)["run"] == first["run"]
    assert training.get_run(workspace, first["run"]).archived_at is None


def test_training_images_are_left_out_and_others_are_listed(workspace, ids, table):
    frame = datasets.images(workspace, ids.dataset)
    known = frame["image_id"][frame["split"] == "train"].iloc[:2].tolist()
    more = table.iloc[:3].assign(image=[*known, "elsewhere.png"])
    found = add(workspace, ids, pd.concat([table, more]))
    assert found["skipped"] == [{"row": len(table) + 3, "reason": "no image 'elsewhere.png'"}]
    assert found["n_images"] == len(table) + 2
    kept = workspace.blobs.open_array(training.get_run(workspace, found["run"]).predictions)
    assert np.isnan(kept[(frame["split"] == "train").to_numpy()]).all()


def test_two_columns_make_an_expert_that_a_cascade_can_ask(workspace, ids, table):
    pair = table[["image"]].assign(p_D=table["p_D"], p_C=1 - table["p_D"])
    found = add(workspace, ids, pair)
    assert found["pair"] == ["C", "D"]
    assert found["test"]["n_images"] == 12
    record = saving.get(workspace, add_cascade(workspace, ids.generalist, [found["run"]], 1.0))
    assert record.report["test"]["n_deferred"] > 0


def test_it_takes_part_like_any_other(workspace, ids, table):
    model = questions.find(workspace, add(workspace, ids, table)["run"])
    asked = sharing.same_question(workspace, [model, questions.find(workspace, ids.merged)], "test")
    assert asked.classes == ("A", "B", "C+D")
    assert merging.usual_evidence(workspace, model.id) == "val"
    assert [s.name for s in merging.evidence_sources(workspace, model.id)] == ["val"]


def test_what_needs_its_weights_or_its_recipe_says_so(workspace, ids, table):
    run_id = add(workspace, ids, table)["run"]
    with pytest.raises(NotReady, match="trained elsewhere"):
        predicting.predict_known(workspace, run_id, [0])
    with pytest.raises(NotReady, match="trained elsewhere"):
        crossvalidating.submit_crossval(workspace, run_id)
    with pytest.raises(NotReady, match="trained elsewhere"):
        crossvalidating.estimate(workspace, run_id)
    assert run_id not in [r.id for r in label_evidence.usable_runs(workspace, ids.dataset)]


def test_a_class_map_says_whose_classes_the_columns_are(workspace, ids, table):
    three = table[["image"]].assign(
        **{"p_A": table["p_A"], "p_B": table["p_B"], "p_C+D": table["p_C"] + table["p_D"]}
    )
    found = add(workspace, ids, three, class_map="three")
    assert found["classes"] == ["A", "B", "C+D"]


def change(at: int, column: str, value: object):
    def apply(table: pd.DataFrame) -> pd.DataFrame:
        changed = table.astype({column: object})
        changed.iloc[at, changed.columns.get_loc(column)] = value
        return changed

    return apply


@pytest.mark.parametrize(
    ("apply", "sentence"),
    [
        (lambda t: t.iloc[:-3], "no prediction for 3 held-out images"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "an earlier row is about"),
        (lambda t: t.drop(columns="p_B"), "no probabilities for B"),
        (lambda t: t.drop(columns="image"), "no column that names the images"),
        (lambda t: t.drop(columns=COLUMNS[1:]), "no column of probabilities for two classes"),
        (lambda t: t.iloc[:0], "it has no rows"),
        (change(4, "p_A", 2.5), "row 5 of theirs.csv holds no probabilities"),
        (change(4, "p_A", -0.1), "row 5 of theirs.csv holds no probabilities"),
        (change(4, "p_A", ""), "row 5 of theirs.csv holds no probabilities"),
        (change(4, "p_A", "much"), "column p_A holds what is no number"),
        (lambda t: t.assign(**{c: 100 * t[c] for c in COLUMNS}), "row 1 of"),
    ],
)
def test_what_cannot_be_used_is_a_sentence_and_leaves_nothing(
    workspace, ids, table, apply, sentence
):
    before = training.list_runs(workspace, ids.dataset, archived=True)
    with pytest.raises(InvalidInput, match=sentence):
        add(workspace, ids, apply(table))
    assert training.list_runs(workspace, ids.dataset, archived=True) == before


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [("a.xlsx", b"x", "no file of predictions"), ("a.parquet", b"x", "cannot be read as Parquet"),
     ("a.csv", b"image,p_A,p_B\n1,0.5\n", "cannot be read as CSV"), ("a.csv", b"", "CSV")],
)  # fmt: skip
def test_other_files_are_a_sentence(workspace, ids, name, data, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        adopting.add_predictions(workspace, ids.dataset, name, io.BytesIO(data), Origin("theirs"))


@pytest.mark.parametrize(
    "origin",
    [Origin(" "), Origin("x" * 65), Origin("a\nb"), Origin("a", duration_s=-1.0),
     Origin("a", ms_per_image=float("nan")), Origin("a", n_parameters=-5)],
)  # fmt: skip
def test_what_is_said_about_a_model_is_checked(workspace, ids, origin):
    with pytest.raises(InvalidInput):
        adopting.add_predictions(workspace, ids.dataset, "a.csv", io.BytesIO(b""), origin)


def test_a_missing_file_is_a_sentence(workspace, ids):
    with pytest.raises(InvalidInput, match="cannot be read"):
        adopting.import_predictions(workspace, ids.dataset, Path("/nothing.csv"), Origin("a"))
