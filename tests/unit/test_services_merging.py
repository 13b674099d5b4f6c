"""Merges of a stored run: ranked on validation, shown on test, here and on the command line."""

from __future__ import annotations

import json

import pytest

from core.analysis import merging as analysis
from core.cli import main
from core.errors import InvalidInput
from core.services import mapping, merging
from core.settings import load_settings
from core.store.database import open_workspace
from tests.seeding import seed

KEYS = {"class_map", "classes", "n_classes", "accuracy", "chance", "kappa", "bits", "itca"}
KEYS |= {"gain_rank_share", "ci", "verdict", "reason", "test_accuracy", "test_itca_gain"}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    ws = open_workspace(load_settings(tmp_path_factory.mktemp("merging") / "workspace"))
    yield ws, seed(ws, n_per_label=100)
    ws.close()


def test_the_overlapping_pair_comes_first(seeded):
    ws, ids = seeded
    found = merging.rank_merges(ws, ids.generalist, n_top=3)
    assert (found["split"], found["n_class_maps"], found["exhaustive"]) == ("val", 15, True)
    first, best = found["merges"][:2]
    assert first["class_map"] == "no merge" and first["classes"] == ["A", "B", "C", "D"]
    assert best["class_map"] == "C+D" and best["classes"] == ["A", "B", "C+D"]
    assert set(best) >= KEYS and best["gain_rank"] == 1 and best["n_same_sizes"] == 6


def test_figures_are_those_of_both_splits(seeded):
    ws, ids = seeded
    row = merging.rank_merges(ws, ids.generalist)["merges"][1]
    merge = dict(zip("ABCD", ["A", "B", "C+D", "C+D"], strict=True))
    val, test = (
        mapping.preview(ws, ids.generalist, merge, split=split)["after"]
        for split in mapping.HELD_OUT
    )
    for name in ("accuracy", "chance", "kappa", "bits"):
        assert row[name] == pytest.approx(val[name])
        assert row[f"test_{name}"] == pytest.approx(test[name])


def test_a_class_map_composed_by_hand_is_examined(seeded):
    ws, ids = seeded
    box = merging.open_sandbox(ws, ids.generalist, split="test")
    assert analysis.examine(box, [0, 0, 1, 2]).verdict == "do not merge"


def test_an_expert_and_an_empty_ranking_are_refused(seeded):
    ws, ids = seeded
    with pytest.raises(InvalidInput, match="two classes"):
        merging.rank_merges(ws, ids.expert)
    with pytest.raises(InvalidInput, match="nothing to rank"):
        merging.rank_merges(ws, ids.generalist, n_top=0)


def test_the_command_prints_one_object(seeded, capsys):
    ws, ids = seeded
    words = ["merges", ids.generalist, "--top", "2", "--ordinal", "--workspace", str(ws.path)]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ordinal"] and found["n_class_maps"] == 8 and len(found["merges"]) == 3
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "C+D" in text and "test_accuracy" in text
    assert main(["merges", ids.expert, "--workspace", str(ws.path)]) == 2
