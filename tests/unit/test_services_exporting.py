"""Exported folders: what is in them, and that they answer as the workspace does."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.errors import InvalidInput, JobFailed, NotFound, NotReady
from core.records import IMPORTED
from core.services.cascades import saving
from core.services.data import datasets
from core.services.exports import examples, opening, served, verifying, writing
from core.services.exports import manifest as m
from core.services.runs import predicting
from core.services.runs.training import get_run
from core.settings import load_settings
from core.store import runs
from tests.exportable import LABELS, fill


@pytest.fixture
def ids(workspace):
    return fill(workspace)


@pytest.fixture
def limits(workspace):
    return workspace.settings.limits


@pytest.fixture
def folder(workspace, ids, tmp_path):
    writing.export(workspace, ids.cascade, tmp_path / "out")
    return tmp_path / "out"


def png(colour, size=(70, 50)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


NEW = [(f"new{i}.png", png(c)) for i, c in enumerate([(190, 50, 70), (66, 66, 201), (10, 99, 9)])]


def test_a_folder_holds_what_it_lists_and_nothing_is_left_beside_it(folder):
    content = json.loads((folder / m.MANIFEST).read_text())["content"]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == {*content["files"], m.MANIFEST}
    assert {"models/generalist.onnx", "models/expert-1.keras", "models/backbone-1.onnx"} <= there
    for name, entry in content["files"].items():
        data = (folder / name).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry["sha256"], entry["n_bytes"])
    assert [p.name for p in folder.parent.iterdir() if p.name.startswith(".out")] == []


def test_its_examples_show_every_class_and_route_and_carry_no_metadata(workspace, ids, folder):
    its = opening.read_manifest(folder)
    assert {e.route for e in its.examples} == {"generalist", ids.expert}
    assert {e.truth for e in its.examples} == set(LABELS)
    positions = datasets.positions_by_id(workspace, ids.dataset)
    cached = datasets.pixels(workspace, datasets.get_dataset(workspace, ids.dataset))
    held_out = datasets.splits(workspace, ids.dataset)
    for index, example in enumerate(its.examples):
        position = positions[example.image]
        assert held_out[position] in ("val", "test")
        with Image.open(folder / m.example_file(index)) as picture:
            assert picture.info == {} and picture.format == "PNG"
            assert np.array_equal(np.asarray(picture), cached[position])


@pytest.mark.parametrize("which", ["cascade", "generalist", "expert"])
def test_it_answers_as_the_workspace_does(workspace, ids, tmp_path, limits, which):
    model_id = getattr(ids, which)
    writing.export(workspace, model_id, tmp_path / "out")
    here = predicting.predict(workspace, model_id, NEW)
    there = opening.open_export(tmp_path / "out").answer(NEW, limits)
    assert [set(said) for said in there] == [set(said) for said in here]
    for mine, theirs in zip(here, there, strict=True):
        assert list(theirs["probabilities"]) == list(mine["probabilities"])
        shares = (list(said["probabilities"].values()) for said in (theirs, mine))
        np.testing.assert_allclose(*shares, atol=1e-6)
        for name in ("file", "class", "route", "deferred"):
            assert theirs[name] == mine[name]
        assert (theirs["expert"] or {}).get("class") == (mine["expert"] or {}).get("class")
        assert theirs["neighbours"] == []


def test_what_is_recorded_is_what_the_run_was_measured_by(workspace, ids, tmp_path):
    writing.export(workspace, ids.generalist, tmp_path / "out")
    recorded = opening.read_manifest(tmp_path / "out").examples
    positions = datasets.positions_by_id(workspace, ids.dataset)
    rows = np.array([positions[example.image] for example in recorded])
    stored = saving.calibrated(workspace, get_run(workspace, ids.generalist), rows)
    np.testing.assert_allclose([e.probabilities for e in recorded], stored, atol=1e-6)


def test_learned_deferral_and_a_person_go_with_it(workspace, ids, tmp_path, limits):
    record = saving.get(workspace, ids.cascade)
    rule = {"weights": [0.0] * 4 + [-0.5, 0.0, 0.0], "intercept": 0.6}
    plan = {**record.plan, "rule": "learned", "rules": [rule], "taus": [0.5], "person": 0.99}
    values = {n: getattr(record, n) for n in record.__slots__} | {"id": "cas-learned", "plan": plan}
    with workspace.write() as conn:
        runs.add_cascade(conn, values | {"created_at": record.created_at.isoformat()})
    found = writing.export(workspace, "cas-learned", tmp_path / "out")
    assert found["n_equal"] == found["n_checked"] > 0
    its = opening.read_manifest(tmp_path / "out")
    assert its.plan and its.plan.rules[0].intercept == 0.6
    here = predicting.predict(workspace, "cas-learned", NEW)
    there = opening.open_export(tmp_path / "out").answer(NEW, limits)
    assert [s["route"] for s in there] == [s["route"] for s in here]
    assert "(1 - the expected gain of asking) / 2" in (tmp_path / "out" / m.CARD).read_text()


def test_verify_says_what_it_compared(folder, limits):
    found = verifying.verify(folder, limits)
    assert found["n_equal"] == found["n_checked"] == len(list((folder / "examples").iterdir()))
    assert found["n_files"] == len([p for p in folder.rglob("*") if p.is_file()]) - 1
    assert 0 <= found["largest_difference"] <= verifying.TOLERANCE and found["unequal"] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"answer": "B"}, "another class"),
        ({"route": "person"}, "another route"),
        ({"probabilities": (0.98, 0.01, 0.01, 0.0)}, "other probabilities"),
    ],
)
def test_verify_tells_an_answer_that_differs(folder, limits, change, why):
    its = opening.read_manifest(folder)
    index = [e.answer for e in its.examples].index("A")
    changed = list(its.examples)
    changed[index] = replace(changed[index], **change)
    (folder / m.MANIFEST).write_text(m.to_text(replace(its, examples=tuple(changed))))
    found = verifying.verify(folder, limits)
    assert found["n_equal"] == found["n_checked"] - 1, why
    assert [row["file"] for row in found["unequal"]] == [m.example_file(index)]


def test_predicting_reads_no_file_of_keras(folder, limits, monkeypatch):
    read, names = opening._read, []
    monkeypatch.setattr(opening, "_read", lambda f, n, most: names.append(n) or read(f, n, most))
    opening.open_export(folder).answer(NEW, limits)
    models = [f"models/{name}.onnx" for name in ("backbone-1", "expert-1", "generalist")]
    assert sorted(names) == [m.MANIFEST, *models]


def test_the_card_has_figures_thresholds_and_limits(workspace, ids, folder):
    text = (folder / m.CARD).read_text()
    record = saving.get(workspace, ids.cascade)
    test = record.report["test"]
    assert f"{test['n_answered']:,} of {test['n_images']:,} test images" in text
    assert f"{100 * test['accuracy']:.1f} %" in text
    assert "is below 0.900, " + ids.expert in text
    assert "No error rate is guaranteed." in text and record.report["verdict"] in text
    for head in ("What it answers", "How it decides", "Data", "Figures", "Limits"):
        assert f"\n## {head}\n" in text
    assert "python -m core verify" in (folder / m.README).read_text()


def test_the_card_of_a_single_run_has_its_figures(workspace, ids, tmp_path):
    writing.export(workspace, ids.generalist, tmp_path / "out")
    test = get_run(workspace, ids.generalist).metrics["test"]
    text = (tmp_path / "out" / m.CARD).read_text()
    assert f"Accuracy on {test['n_images']} test images: {100 * test['accuracy']:.1f} %" in text


def test_an_empty_folder_is_taken_and_any_other_is_not(workspace, ids, tmp_path):
    (tmp_path / "empty").mkdir()
    writing.export(workspace, ids.generalist, tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("empty", "file", "link", "no/such/folder"):
        with pytest.raises(InvalidInput, match="a new or an empty folder"):
            writing.export(workspace, ids.generalist, tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_answers_otherwise_is_not_published(workspace, ids, tmp_path, monkeypatch):
    found = {"n_checked": 3, "n_equal": 2, "largest_difference": 0.5}
    monkeypatch.setattr(writing, "verify", lambda *_: found)
    with pytest.raises(JobFailed, match="answers otherwise than the workspace"):
        writing.export(workspace, ids.generalist, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir() if "out" in p.name] == []


def test_what_cannot_be_exported_is_one_sentence(workspace, ids, tmp_path):
    with pytest.raises(NotFound):
        writing.export(workspace, "run-0", tmp_path / "out")
    its = get_run(workspace, ids.generalist)
    values = {n: getattr(its, n) for n in its.__slots__}
    values |= {"id": "run-theirs", "algorithm": IMPORTED, "created_at": its.created_at.isoformat()}
    with workspace.write() as conn:
        runs.add(conn, values)
    with pytest.raises(NotReady, match="trained elsewhere"):
        writing.export(workspace, "run-theirs", tmp_path / "out")


def test_images_that_hang_on_rounding_are_no_examples(workspace, ids):
    run, record = get_run(workspace, ids.generalist), saving.get(workspace, ids.cascade)
    everything = examples.choose(workspace, run, record)
    probs = saving.calibrated(workspace, run, np.array(everything))
    owned = [i for i, p in enumerate(probs) if p[2:].sum() > 0.9 and p.max() < 0.9]
    assert owned, "some image is deferred"
    at = float(probs[owned[0]].max())  # equality keeps: a hair less would defer it
    tight = replace(record, plan={**record.plan, "taus": [at]})
    assert everything[owned[0]] not in examples.choose(workspace, run, tight)


def test_a_pack_is_the_folder_in_one_zip(workspace, ids, tmp_path, limits):
    path, found = writing.pack(workspace, ids.cascade)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    assert verifying.verify(tmp_path / ids.cascade, limits)["n_equal"] == found["n_checked"]


def test_mlflow_finds_a_loader_and_no_pickle(folder, monkeypatch):
    said = json.loads((folder / m.MLMODEL).read_text())  # JSON is YAML
    flavor = said["flavors"]["python_function"]
    assert flavor["loader_module"] == served.__name__ and "python_model" not in flavor
    model = served._load_pyfunc(str(folder))
    table = pd.DataFrame({"image": [base64.b64encode(data).decode() for _, data in NEW]})
    limits = load_settings().limits
    exported = opening.open_export(folder)
    assert model.predict(table) == exported.answer(
        [(f"image {i}", data) for i, (_, data) in enumerate(NEW)], limits
    )
    with pytest.raises(InvalidInput, match="image 0 cannot be read; expected base64"):
        model.predict(pd.DataFrame({"image": ["no base64!"]}))
    with pytest.raises(InvalidInput, match="the file image 0 cannot be used"):
        model.predict(pd.DataFrame({"image": [base64.b64encode(b"no image").decode()]}))
