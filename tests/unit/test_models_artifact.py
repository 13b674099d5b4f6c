"""Saved models: what the manifest promises is kept, and damage is seen before loading."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from core.errors import InvalidInput, JobCancelled, JobFailed, StoreError
from core.models import artifact, training
from core.models.probe import ProbeOptions
from core.settings import ROOT

N_IMAGES, DIM = 60, 12


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_IMAGES, DIM)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    rows = np.arange(N_IMAGES)
    data = training.TrainingData(x, y, rows[:40], rows[40:], 2)
    return training.fit("probe", ProbeOptions(epochs=2), data, 0)


@pytest.fixture
def folder(fitted, tmp_path):
    artifact.save(fitted, tmp_path / "model", {"classes": ["no", "yes"], "seed": 0})
    return tmp_path / "model"


def test_manifest_describes_the_files(folder):
    manifest = artifact.read_manifest(folder)
    assert sorted(p.name for p in folder.iterdir()) == [
        "manifest.json",
        "model.keras",
        "model.onnx",
    ]
    for name, described in manifest["files"].items():
        data = (folder / name).read_bytes()
        assert described == {"sha256": hashlib.sha256(data).hexdigest(), "n_bytes": len(data)}
    assert manifest["classes"] == ["no", "yes"] and manifest["seed"] == 0
    assert manifest["input"]["dtype"] == "float32" and manifest["input"]["shape"] == [DIM]
    assert manifest["output"]["shape"] == [2]
    assert manifest["equality"]["n_rows"] == 16
    assert 0 <= manifest["equality"]["max_abs_diff"] <= artifact.MAX_ABS_DIFF
    assert {"python", "keras", "backend", "onnxruntime"} <= set(manifest["versions"])


@pytest.mark.parametrize("name", ["model.keras", "model.onnx", "manifest.json"])
@pytest.mark.parametrize("damage", ["gone", "short", "flipped"])
def test_damage_is_seen_before_loading(folder, name, damage):
    path = folder / name
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "short":
        path.write_bytes(data[:-1] if name != "manifest.json" else data[: len(data) // 2])
    else:
        middle = data.index(b'"sha256": "') + 11 if name == "manifest.json" else len(data) // 2
        data[middle] = ord("0") if data[middle] != ord("0") else ord("1")
        path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged or incomplete"):
        artifact.load_keras(folder)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"format": 99}', "null", '{"format": 1, "files": 3}']
)
def test_manifests_that_are_not_ours(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(StoreError):
        artifact.read_manifest(folder)


def test_a_file_beyond_all_measure_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(artifact, "_MAX_MODEL_BYTES", 10)
    with pytest.raises(StoreError, match="more than 10 bytes"):
        artifact.read_manifest(folder)


def test_an_export_that_differs_is_not_accepted(fitted, tmp_path, monkeypatch):
    class Wrong:
        def predict(self, x):
            return np.full((len(x), 2), 0.5, np.float32)

    monkeypatch.setattr(artifact, "load_session", lambda path: Wrong())
    with pytest.raises(JobFailed, match="differs from the trained one"):
        artifact.save(fitted, tmp_path, {})
    assert not (tmp_path / "manifest.json").exists()


def test_manifest_must_be_json(fitted, tmp_path):
    for value in (float("nan"), {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            artifact.save(fitted, tmp_path, {"value": value})


def test_session_picks_rows_and_works_in_chunks(folder, monkeypatch):
    x = np.random.default_rng(1).normal(size=(50, DIM)).astype(np.float32)
    session = artifact.load_session(folder / "model.onnx")
    whole, shares = session.predict(x), []
    monkeypatch.setattr(artifact, "_CHUNK_BYTES", 4 * DIM * 20)
    assert np.array_equal(session.predict(x, report=shares.append), whole)
    assert shares == [20 / 50, 40 / 50, 1.0]
    rows = np.array([3, 3, 49, 0])
    assert np.array_equal(session.predict(x, rows), whole[rows])
    assert session.predict(x[:0]).shape == (0, 2)
    with pytest.raises(JobCancelled, match="image 20 of 50"):
        session.predict(x, stop=lambda: len(shares) > 3, report=shares.append)


def test_session_refuses_other_arrays_and_files(folder, tmp_path):
    session = artifact.load_session(folder / "model.onnx")
    for bad in (np.zeros((2, DIM + 1), np.float32), np.zeros(DIM), np.zeros((2, DIM), np.int64)):
        with pytest.raises(InvalidInput, match=rf"float32 \(n_images, {DIM}\)"):
            session.predict(bad)
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    for path in (tmp_path / "bad.onnx", tmp_path / "none.onnx"):
        with pytest.raises(StoreError, match="cannot be opened"):
            artifact.load_session(path)


def test_predicting_never_imports_tensorflow(folder):
    code = (
        "import sys, numpy as np; from pathlib import Path; from core.models import artifact;"
        f"s = artifact.load_session(Path({str(folder / 'model.onnx')!r}));"
        f"p = s.predict(np.zeros((3, {DIM})));"
        "print(p.shape, [m for m in ('tensorflow', 'keras', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(3, 2) []\n", "")
