"""The images behind a cell of a merged matrix: as many as the cell counts, surest first."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.class_map import ClassMap
from core.errors import InvalidInput, NotReady
from core.services.classes import mapping
from core.services.classes.merging_images import positions_in_cell
from core.services.data import datasets
from core.services.runs import training
from core.settings import load_settings
from core.store.database import open_workspace
from tests.seeding import LABELS, add_crossval, seed


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    ws = open_workspace(load_settings(tmp_path_factory.mktemp("cells") / "workspace"))
    yield ws, seed(ws).generalist
    ws.close()


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_cell_has_as_many_images_as_the_merged_matrix_counts(seeded, split):
    ws, run_id = seeded
    merged = ClassMap.from_merges(LABELS, [("C", "D")])
    confusion = mapping.run_confusion(ws, training.get_run(ws, run_id), split)
    table = merged.merge_confusion(confusion)
    for i, true in enumerate(merged.groups.values()):
        for j, predicted in enumerate(merged.groups.values()):
            found = positions_in_cell(ws, run_id, split, true, predicted)
            assert len(set(found)) == len(found) == table[i, j]


def test_the_surest_come_first(seeded):
    ws, run_id = seeded
    run = training.get_run(ws, run_id)
    found = positions_in_cell(ws, run_id, "val", ["C", "D"], ["C", "D"])
    probs = ws.blobs.open_array(run.predictions)[found]
    sure = probs[:, 2:].sum(axis=1)
    assert len(found) > 1
    assert (np.diff(sure) <= 1e-6).all()


def test_cross_validated_answers_have_their_images_too(tmp_path):
    ws = open_workspace(load_settings(tmp_path / "workspace"))
    run_id = seed(ws).generalist
    run = training.get_run(ws, run_id)
    rows = np.flatnonzero(datasets.splits(ws, run.dataset_id) != "test")
    y = mapping.run_classes(ws, run)[rows]
    probs = np.eye(4)[(y + (y == 0)) % 4]  # every A is taken for B
    add_crossval(ws, run_id, probs, over="train+val")
    assert positions_in_cell(ws, run_id, "crossval", ["A"], ["A"]) == []
    found = positions_in_cell(ws, run_id, "crossval", ["A"], ["B", "C"])
    assert sorted(found) == rows[y == 0].tolist()
    ws.close()


def test_what_the_run_does_not_know_is_a_sentence(seeded):
    ws, run_id = seeded
    with pytest.raises(InvalidInput, match="no such class"):
        positions_in_cell(ws, run_id, "val", ["A"], ["Z"])


def test_a_run_that_was_not_cross_validated_says_so(tmp_path):
    ws = open_workspace(load_settings(tmp_path / "workspace"))
    run_id = seed(ws).second
    with pytest.raises(NotReady, match="cross-validated"):
        positions_in_cell(ws, run_id, "crossval", ["A"], ["B"])
    ws.close()
