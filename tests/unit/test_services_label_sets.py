"""Label sets: saved, found again, differing where they differ, and what a run learns by."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidInput, NotFound
from core.services.classes import mapping
from core.services.data.datasets import get_dataset, label_indices
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.services.runs import planning, training
from core.services.runs.planning import TrainRequest
from core.store import runs
from tests.seeding import add_run, generalist_probs, seed


@pytest.fixture
def seeded(workspace):
    return seed(workspace)


def swapped(ws, dataset_id, n=4):
    """The labels with those of the first n images turned to the last label."""
    labels = label_indices(ws, get_dataset(ws, dataset_id)).copy()
    labels[:n] = 3
    return labels


def test_a_name_gets_versions_and_the_same_thing_is_found_again(workspace, seeded):
    def save(labels, **origin):
        return label_sets.save_label_set(workspace, seeded.dataset, "new", labels, origin=origin)

    first = save(swapped(workspace, seeded.dataset), method="majority")
    again = save(swapped(workspace, seeded.dataset), method="majority")
    other = save(swapped(workspace, seeded.dataset, 2), method="majority")
    assert first == again
    assert (first.version, other.version) == (1, 2)
    dataset = get_dataset(workspace, seeded.dataset)
    for name, wanted in (("new", other), ("new@1", first), (first.id, first)):
        assert label_sets.find(workspace, dataset, name) == wanted
    assert label_sets.list_label_sets(workspace, dataset.id) == [other, first]
    with pytest.raises(NotFound, match="one of original, new"):
        label_sets.find(workspace, dataset, "nothing")


def test_the_original_labels_stay_and_the_difference_is_named(workspace, seeded):
    dataset = get_dataset(workspace, seeded.dataset)
    before = label_indices(workspace, dataset).copy()
    label_sets.save_label_set(
        workspace, dataset.id, "new", swapped(workspace, dataset.id), origin={}
    )
    np.testing.assert_array_equal(label_sets.indices(workspace, dataset, ORIGINAL), before)
    table = label_sets.changes(workspace, dataset.id, ORIGINAL, "new")
    assert table["position"].tolist() == [0, 1, 2, 3]
    assert set(table["before"]) == {"A"} and set(table["after"]) == {"D"}
    assert label_sets.changes(workspace, dataset.id, "new", "new").empty


@pytest.mark.parametrize("name", ["", "  ", "a@b", ORIGINAL, "x" * 65, "a\nb"])
def test_names_that_cannot_be_used(workspace, seeded, name):
    labels = swapped(workspace, seeded.dataset)
    with pytest.raises(InvalidInput, match="name"):
        label_sets.save_label_set(workspace, seeded.dataset, name, labels, origin={})


@pytest.mark.parametrize("labels", [[0, 1], [-1] * 120, [4] * 120])
def test_every_image_has_a_label_of_the_data_set(workspace, seeded, labels):
    with pytest.raises(InvalidInput, match="one label for every image"):
        label_sets.save_label_set(workspace, seeded.dataset, "new", labels, origin={})


def test_the_labels_enter_the_run_and_its_id(workspace, seeded):
    saved = label_sets.save_label_set(
        workspace, seeded.dataset, "new", swapped(workspace, seeded.dataset), origin={}
    )
    plain = planning.make_plan(workspace, TrainRequest(seeded.dataset, "probe"))
    explicit = planning.make_plan(workspace, TrainRequest(seeded.dataset, "probe", labels=ORIGINAL))
    new = planning.make_plan(workspace, TrainRequest(seeded.dataset, "probe", labels="new"))
    by_id = planning.make_plan(workspace, TrainRequest(seeded.dataset, "probe", labels=saved.id))
    assert plain.run_id(0) == explicit.run_id(0) != new.run_id(0) == by_id.run_id(0)
    assert "labels" not in plain.config  # ids of runs from before label sets stay what they were
    assert (new.labels, plain.labels) == (saved.id, ORIGINAL)
    assert new.y[:4].tolist() == [3] * 4 and (new.y[4:] == plain.y[4:]).all()
    merged = planning.make_plan(
        workspace, TrainRequest(seeded.dataset, "probe", labels="new", class_map="three")
    )
    assert merged.y[:4].tolist() == [2] * 4
    with pytest.raises(NotFound, match="label set"):
        planning.make_plan(workspace, TrainRequest(seeded.dataset, "probe", labels="nothing"))


def test_a_job_trains_the_version_it_was_asked_for(workspace, seeded):
    labels = swapped(workspace, seeded.dataset)
    first = label_sets.save_label_set(workspace, seeded.dataset, "new", labels, origin={"n": 1})
    job = training.submit_training(workspace, TrainRequest(seeded.dataset, "probe", labels="new"))
    label_sets.save_label_set(workspace, seeded.dataset, "new", labels, origin={"n": 2})
    from core.services.jobs import get_job

    assert get_job(workspace, job).params["labels"] == first.id


def test_a_run_is_measured_by_the_labels_it_learned(workspace, seeded):
    dataset = get_dataset(workspace, seeded.dataset)
    labels = swapped(workspace, dataset.id)
    saved = label_sets.save_label_set(workspace, dataset.id, "new", labels, origin={})
    split = np.tile(["train", "train", "train", "val", "test"], 120)[:120]
    probs = generalist_probs(labels, np.random.default_rng(0))
    run_id = add_run(workspace, dataset, labels, split, probs, seed=9)
    with workspace.write() as conn:
        conn.exec_driver_sql(
            "UPDATE run SET config = json_set(config, '$.labels', ?) WHERE id = ?",
            (saved.id, run_id),
        )
        run = runs.get(conn, run_id)
    np.testing.assert_array_equal(mapping.run_classes(workspace, run), labels)
    assert training.request_of(run).labels == saved.id
