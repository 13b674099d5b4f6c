"""The command line end to end, as a script uses it: real models, small data.

What starts something or stands alone runs in a process of its own, the rest in this one.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from core.cli import build_parser, main
from core.ids import bytes_id, canonical_json
from core.settings import ROOT

SOURCE = "builtin:rosebuds?n_per_class=20&size_px=64"


class Shell:
    """Runs `python -m core` in one workspace."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def __call__(self, *words: str | Path) -> dict[str, Any]:
        """Run a command that must succeed, here: a process of its own costs seconds."""
        out, told = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(told):
            status = main([*map(str, words), "--json", "--workspace", str(self.workspace)])
        return _answer(status, out.getvalue(), told.getvalue())

    def alone(self, *words: str | Path) -> dict[str, Any]:
        """Run a command that must succeed in a process that has done nothing else."""
        done = self.run(*words, "--json")
        return _answer(done.returncode, done.stdout, done.stderr)

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "core", *map(str, words), "--workspace", self.workspace]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=240, env=dict(os.environ)
        )


def _answer(status: int, out: str, told: str) -> dict[str, Any]:
    assert status == 0, told
    lines = out.strip().splitlines()
    assert len(lines) == 1, "stdout carries exactly one JSON object"
    return json.loads(lines[0])


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("command_line") / "workspace")


@pytest.mark.timeout(1200)  # a dozen processes, on a machine that may be busy
def test_from_images_to_a_cascade(shell: Shell, tmp_path: Path) -> None:
    imported = shell.alone("import", SOURCE, "--name", "buds")
    assert imported["n_images"] == 140 and sum(imported["labels"].values()) == 140
    assert sum(imported["splits"].values()) == 140 and imported["skipped"] == []

    embedded = shell.alone("embed", "buds")
    assert embedded["dim"] == 1280 and embedded["n_computed"] == 140
    assert shell("embed", "buds")["n_computed"] == 0

    explored = shell("explore", "buds", "--k", "1..4")
    assert [row["k"] for row in explored["k"]] == [1, 2, 3, 4]
    assert explored["verdict"]["kind"] in ("structure", "disagree", "none")
    assert explored["crosstab"]["labels"] == list(imported["labels"])
    assert {"pac", "pac_null", "separation", "separation_se"} <= set(explored["k"][1])
    assert all(set(group) == {"labels", "cluster", "share"} for group in explored["shared"])
    assert [split["label"] for split in explored["splits"]] == list(imported["labels"])

    runs = shell.alone("train", "buds", "--algorithm", "probe", "--seeds", "0,1", "--epochs", "5")[
        "runs"
    ]
    again = shell("train", "buds", "--algorithm", "probe", "--seeds", "1", "--epochs", "5")["runs"]
    assert [run["run"] for run in again] == [runs[1]["run"]]
    assert 0 <= runs[0]["test"]["accuracy_ci"][0] <= runs[0]["test"]["accuracy"] <= 1

    crossed = shell("crossval", runs[0]["run"], "--folds", "2")
    assert crossed["n_images"] == imported["splits"]["train"] + imported["splits"]["val"]
    assert (crossed["run"], crossed["n_folds"]) == (runs[0]["run"], 2)
    assert crossed["accuracy_ci"][0] <= crossed["accuracy"] <= crossed["accuracy_ci"][1]
    assert crossed["duration_s"] > 0

    asked = shell("more-images", "buds")
    assert asked["n_train"][-1] == imported["splits"]["train"] and asked["promises"] in (
        True,
        False,
    )
    assert f"wice the images ({2 * asked['n_train'][-1]})" in asked["sentence"]
    assert [row["kind"] for row in asked["curve"][-3:]] == ["measured", "expected", "expected"]
    assert asked["curve"][-1]["gain_low"] <= asked["curve"][-1]["gain"]

    a, b = list(imported["labels"])[:2]
    expert = shell("train", "buds", "--pair", f"{a},{b}", "--epochs", "5")["runs"][0]
    assert expert["classes"] == [a, b]
    out = tmp_path / "answers.csv"
    assert shell("predictions", runs[0]["run"], "--to", out)["n_images"] > 0
    theirs = shell("add-predictions", "buds", out, "--name", "elsewhere")
    assert theirs["test"]["accuracy"] == runs[0]["test"]["accuracy"]
    assert (theirs["name"], theirs["n_skipped"]) == ("elsewhere", 0)

    compared = shell("compare", runs[0]["run"], runs[1]["run"])
    assert set(compared["pairs"][0]) >= {"a", "b", "difference", "ci", "mcnemar_p", "holm_p"}

    merged = shell("map", "buds", "--merge", f"{a}+{b}", "--name", "six", "--why", "test")
    assert len(merged["classes"]) == 6
    six = shell("train", "buds", "--class-map", "six", "--epochs", "2")["runs"][0]
    assert six["classes"] == merged["classes"]

    cascade = shell.alone("cascade", "--generalist", runs[0]["run"], "--expert", expert["run"])
    fixed = shell(
        "cascade", "--generalist", runs[0]["run"], "--expert", expert["run"], "--tau", "0"
    )
    assert fixed["test"]["accuracy"] == fixed["test"]["generalist_accuracy"]
    assert {"accuracy", "gain", "gain_ci", "deferral_rate", "recovery", "breakage"} <= set(
        cascade["test"]
    )
    listed = shell("runs", "buds")
    assert {runs[0]["run"], expert["run"]} <= {row["run"] for row in listed["runs"]}
    assert cascade["cascade"] in {row["cascade"] for row in listed["cascades"]}
    for row in (*listed["runs"], *listed["cascades"]):
        assert row["kappa_ci"][0] <= row["kappa"] <= row["kappa_ci"][1]
        assert row["augrc_ci"][0] <= row["augrc"] <= row["augrc_ci"][1]
    merged_too = shell("runs", "buds", "--class-map", "six")
    assert {row["n_classes"] for row in (*merged_too["runs"], *merged_too["cascades"])} == {6}
    assert {(row["model"], bool(row["reason"])) for row in merged_too["apart"]} == {
        (expert["run"], True)
    }
    _check_decisions(shell, merged["class_map"], cascade["cascade"])
    _check_predictions(shell, tmp_path, runs[0]["run"], cascade["cascade"])
    _check_export(shell, tmp_path, cascade["cascade"])


def _check_decisions(shell: Shell, class_map: str, cascade: str) -> None:
    """What was saved is proposed, and each thing that is said about it is on record."""
    listed = {row["proposal"]: row for row in shell("decisions", "buds")["proposals"]}
    assert {class_map, cascade} <= set(listed)
    assert {row["state"] for row in listed.values()} == {"open"}
    done = shell("decide", class_map, "--approve", "--name", "Ana", "--why", "we agree")
    assert (done["state"], done["stale"], done["evidence"]["class_map"]) == (
        "approved",
        None,
        class_map,
    )
    figures = done["figures"]
    assert figures["n_classes"] == figures["n_labels"] - 1
    assert done["gains"] and done["verdict"]
    shell("decide", class_map, "--comment", "--name", "Bea", "--why", "are we sure?")
    shell("decide", class_map, "--withdraw", "--name", "Ana")
    shell("decide", class_map, "--decline", "--name", "Bea", "--why", "not yet")
    (row,) = [r for r in shell("decisions", "buds")["proposals"] if r["proposal"] == class_map]
    assert row["state"] == "declined"
    assert [(e["action"], e["name"]) for e in row["events"]] == [
        ("approve", "Ana"),
        ("comment", "Bea"),
        ("withdraw", "Ana"),
        ("decline", "Bea"),
    ]
    assert {e["evidence_hash"] for e in row["events"]} == {row["evidence_hash"]}


def _check_predictions(shell: Shell, folder: Path, run: str, cascade: str) -> None:
    """What is stored, what is exported and what is predicted from the bytes are the same."""
    table_file = folder / "predictions.parquet"
    written = shell("predictions", run, "--to", table_file)
    table = pd.read_parquet(table_file)
    assert written["n_images"] == len(table) and set(table["split"]) == {"val", "test"}
    probabilities = table[[name for name in table if name.startswith("p_")]]
    assert probabilities.sum(axis=1).between(0.999, 1.001).all()

    picture = folder / "one.jpg"
    picture.write_bytes(_original(shell.workspace, table["image"][0]))
    for model in (run, cascade):
        answer = shell.alone("predict", model, picture)["predictions"][0]
        assert answer["class"] in answer["probabilities"]
        assert sum(answer["probabilities"].values()) == pytest.approx(1)
    stored = probabilities.iloc[0].idxmax().removeprefix("p_")
    assert shell("predict", run, picture)["predictions"][0]["class"] == stored


def _check_export(shell: Shell, folder: Path, model: str) -> None:
    """A folder answers as its model does, without a workspace, and tells what was changed."""
    out = folder / "exported"
    written = shell.alone("export", model, "--to", out)
    assert {row["file"] for row in written["files"]} >= {"MODEL_CARD.md", "MLmodel"}
    elsewhere = Shell(folder / "elsewhere")
    verified = elsewhere.alone("verify", out)
    assert verified["n_equal"] == verified["n_checked"] == written["n_checked"] > 0
    assert verified["n_files"] == len(written["files"])
    (here,), (there,) = (
        one.alone("predict", what, folder / "one.jpg")["predictions"]
        for one, what in ((shell, model), (elsewhere, out))
    )
    assert (there["class"], there["route"]) == (here["class"], here["route"])
    assert there["probabilities"] == pytest.approx(here["probabilities"], abs=1e-5)
    assert there["neighbours"] == [] and not elsewhere.workspace.exists()

    its = json.loads((out / "manifest.json").read_text())["content"]
    its["members"][0]["temperature"] *= 1.5  # by somebody who mends the checksum, too
    digest = bytes_id(canonical_json(its).encode())
    (out / "manifest.json").write_text(json.dumps({"sha256": digest, "content": its}))
    differs = elsewhere.run("verify", out, "--json")
    assert differs.returncode == 1 and "Traceback" not in differs.stderr
    said = json.loads(differs.stdout)
    assert said["n_equal"] < said["n_checked"] and said["largest_difference"] > 1e-5


@pytest.mark.timeout(1200)
def test_a_run_is_taught_a_class_and_the_new_model_answers(shell: Shell, tmp_path: Path) -> None:
    few = shell("import", "builtin:rosebuds?n_per_class=10&size_px=32", "--name", "few")
    small = ["epochs=1", "n_episodes=2", "filters=4", "input_px=16", "n_support=2"]
    options = [word for option in small for word in ("--option", option)]
    (run,) = shell("train", "few", "--algorithm", "prototypical", *options)["runs"]
    files = [tmp_path / f"sky{n}.png" for n in range(3)]
    for n, file in enumerate(files):
        Image.new("RGB", (64, 64), (30 + n, 90, 250)).save(file)
    extended = shell("extend", run["run"], "--class", "Sky", *files)
    assert extended["run"] == run["run"] and extended["classes"] == [*few["labels"], "Sky"]
    assert extended["n_images"] == extended["new_class"]["n_images"] == 3
    assert 0 <= extended["new_class"]["n_recognised"] <= 3
    test = extended["test"]
    assert test["n_images"] == run["test"]["n_images"]
    assert test["accuracy_before"] == pytest.approx(run["test"]["accuracy"])
    assert test["accuracy_after_ci"][0] <= test["accuracy_after"] <= test["accuracy_after_ci"][1]
    assert 0 <= test["n_taken"] <= test["n_images"]
    answer = shell("predict", extended["model"], files[0])["predictions"][0]
    assert list(answer["probabilities"]) == extended["classes"]
    assert extended["model"] not in {row["run"] for row in shell("runs", "few")["runs"]}


def _original(workspace: Path, image_id: str) -> bytes:
    from core.services.workspace import open_workspace
    from core.store import datasets

    ws = open_workspace(workspace)
    with ws.read() as conn:
        pack, offset, n_bytes = datasets.location(conn, image_id)
    ws.close()
    return ws.blobs.path(pack).read_bytes()[offset : offset + n_bytes]


@pytest.mark.parametrize(
    "words",
    [
        ("import", "/nowhere/at/all", "--name", "x"),
        ("import", "builtin:nothing", "--name", "x"),
        ("import", "builtin:digits", "--name", "../x"),
        ("import", "builtin:digits", "--name", "x", "--shares", "a,b,c"),
        ("import", "builtin:digits", "--name", "x", "--shares", "0.7,0.7,0.7"),
        ("import", "builtin:digits", "--name", "x", "--size-px", "1"),
        ("embed", "nothing"),
        ("explore", "nothing", "--k", "9..1"),
        ("train", "nothing", "--pair", "A"),
        ("cascade", "--generalist", "run-0"),
        ("crossval", "run-0"),
        ("crossval", "run-0", "--over", "test"),
        ("more-images", "nothing"),
        ("predict", "run-0", "nothing.jpg"),
        ("predict", "tests", "nothing.jpg"),
        ("export", "run-0", "--to", "nowhere/at/all"),
        ("verify", "tests"),
        ("jobs", "cancel"),
        ("jobs", "cancel", "job-0"),
        ("extend", "run-0", "--class", "x", "nothing.jpg"),
        ("extend", "run-0", "--class", "x"),
        ("extend", "run-0", "--class", "x", *["x.jpg"] * 51),
        ("predictions", "run-0", "--to", "x.pkl"),
        ("mirror", "nothing"),
        ("decisions", "nothing"),
        ("decide", "map-0", "--approve", "--name", "Ana"),
        ("decide", "map-0", "--approve", "--decline", "--name", "Ana"),
        ("decide", "map-0", "--name", "Ana"),
        ("decide", "map-0", "--approve"),
        ("decide", "map-0", "--decline", "--name", "Ana"),
        ("nonsense",),
        (),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(words, tmp_path, capsys):
    status = main([*words, *(["--workspace", str(tmp_path)] if words else [])])
    told = capsys.readouterr()
    assert status == 2, told.err
    assert told.out == ""
    assert told.err.startswith("error: ") and told.err.rstrip().endswith(".")
    assert told.err.count("\n") == 1 and "Traceback" not in told.err
    assert "invalid _" not in told.err  # the name of a function is no sentence


def test_doctor_finds_a_fresh_workspace_sound(tmp_path, capsys):
    assert main(["doctor", "--json", "--workspace", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["datasets"] == [] and found["problems"] == []


def test_every_command_explains_itself():
    actions = build_parser()._subparsers._group_actions[0]
    assert {"import", "embed", "explore", "train", "cascade", "predict", "export"} <= set(
        actions.choices
    )
    for name, sub in actions.choices.items():
        assert sub.description and sub.description.endswith((".", "?")), name
