"""`labels` on the command line, in this process; jobs are not needed where answers are there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.cli import main
from core.services.data import datasets
from core.services.data.datasets import get_dataset, image_ids, label_indices
from core.services.labels import label_sets
from tests.seeding import LABELS, add_crossval, generalist_probs, seed


@pytest.fixture
def seeded(workspace):
    its = seed(workspace)
    truth = label_indices(workspace, get_dataset(workspace, its.dataset))
    add_crossval(workspace, its.generalist, generalist_probs(truth, np.random.default_rng(0)))
    return its


@pytest.fixture
def shell(workspace, capsys):
    def run(*words):
        status = main([*map(str, words), "--json", "--workspace", str(workspace.path)])
        told = capsys.readouterr()
        assert status == 0, told.err
        return json.loads(told.out)

    return run


@pytest.fixture
def reviews_file(workspace, seeded, tmp_path):
    """Three people on the first forty images; Carlos calls everything D."""
    frame = datasets.images(workspace, seeded.dataset)
    lines = ["image,reviewer,label,time,note"]
    for path, label in zip(frame["path"][:40], frame["label"][:40], strict=True):
        lines += [f"{path},{who},{label},," for who in ("Ana", "Bea")]
        lines.append(f"{path},Carlos,D,,")
    file = tmp_path / "reviews.csv"
    file.write_text("\n".join(lines))
    return file


def test_label_work_from_a_file_to_a_label_set(workspace, seeded, shell, reviews_file, tmp_path):
    found = shell("labels", "import", "seeded", reviews_file)
    assert (found["n_reviews"], found["n_new"], found["skipped"]) == (120, 120, [])
    agreed = shell("labels", "agreement", "seeded")
    assert agreed["n_reviews"] == 120
    assert agreed["agreement"]["alpha"] < 0.5 > agreed["agreement"]["kappa"]  # Carlos
    assert shell("labels", "agreement", "seeded", "--source", "random")["n_reviews"] == 0
    for method in ("crowdlab", "dawid_skene", "majority"):
        made = shell("labels", "consensus", "seeded", "--method", method, "--name", method)
        ids = image_ids(workspace, seeded.dataset)
        assert list(made["labels"]) == list(made["paths"]) == list(ids)
        assert set(made["labels"].values()) == set(LABELS)
        assert (made["n_changed"], made["n_reviews"], made["method"]) == (0, 120, method)
    dataset = get_dataset(workspace, seeded.dataset)
    assert label_sets.find(workspace, dataset, made["label_set"]).name == "majority"
    out = shell("labels", "export", "seeded", tmp_path / "out.json")
    assert out == {"file": str(tmp_path / "out.json"), "n_reviews": 120}
    assert shell("labels", "import", "seeded", tmp_path / "out.json")["n_new"] == 0
    for target in ("labels.csv", "folders"):
        path = tmp_path / target
        assert shell("labels", "export", "seeded", path, "--labels", "majority")["n_images"] == 120
        assert path.exists()


def test_suspects_say_what_is_wrong_and_what_would_be_right(shell, seeded):
    found = shell("labels", "suspects", "seeded", "--limit", "3")
    assert found["n_suspects"] >= 3 == len(found["suspects"])
    assert set(found["suspects"][0]) >= {"image", "label", "suggested", "score"}
    assert found["run"] == seeded.generalist
    assert {found["overlap"][0]["a"], found["overlap"][0]["b"]} == {"C", "D"}


def test_what_new_labels_are_worth_needs_reviews_of_test_images(workspace, seeded, capsys):
    labels = label_indices(workspace, get_dataset(workspace, seeded.dataset))
    label_sets.save_label_set(workspace, seeded.dataset, "new", labels, origin={})
    words = ["labels", "worth", "seeded", "--labels", "new", "--seeds", "0"]
    assert main([*words, "--workspace", str(workspace.path)]) == 2
    assert "too few test images were reviewed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("labels", "import", "seeded"),
        ("labels", "agreement", "seeded", "x.csv"),
        ("labels", "import", "seeded", "/nowhere.csv"),
        ("labels", "vote", "seeded"),
        ("labels", "agreement", "nothing"),
        ("labels", "consensus", "seeded", "--name", "original"),
        ("labels", "consensus", "seeded", "--method", "majority"),  # nobody reviewed
        ("labels", "suspects", "seeded", "--run", "run-0"),
        ("labels", "export", "seeded", "x.csv", "--labels", "nothing"),
        ("train", "seeded", "--labels", "nothing"),
    ],
)
def test_bad_input_is_one_sentence(words, workspace, seeded, capsys):
    status = main([*words, "--workspace", str(workspace.path)])
    told = capsys.readouterr()
    assert status == 2 and told.out == "", told
    assert told.err.startswith("error: ") and told.err.count("\n") == 1
