"""Services over a seeded workspace: what they return equals what the arrays say."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidInput, NotFound, NotReady
from core.services import demo, overview
from core.services.classes import mapping
from core.services.comparing import differences
from core.services.data import datasets, embedding, neighbours
from core.services.runs import exporting, predicting
from core.settings import DEMO_NAME, load_settings
from core.store.database import Workspace
from tests.seeding import LABELS, SIZE_PX, Seeded, add_run, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


def test_images_come_back_as_they_were_put_in(workspace, ids):
    frame = datasets.images(workspace, ids.dataset)
    assert list(frame["position"]) == list(range(120))
    picture = datasets.picture(workspace, frame["image_id"][7])
    pixels = datasets.pixels(workspace, datasets.get_dataset(workspace, "seeded"))
    np.testing.assert_array_equal(picture, pixels[7])
    thumbnails = datasets.thumbnails(workspace, ids.dataset, [119, 0])
    assert len(thumbnails) == 2 and all(t.startswith(b"\xff\xd8") for t in thumbnails)


def test_a_position_outside_the_data_set_is_refused(workspace, ids):
    with pytest.raises(InvalidInput, match="0 to 119"):
        datasets.thumbnails(workspace, ids.dataset, [120])


def test_balance_counts_every_image_once(workspace, ids):
    table = datasets.balance(workspace, ids.dataset)
    assert list(table["label"]) == list(LABELS)
    assert list(table["total"]) == [30] * 4
    assert table[["train", "val", "test"]].to_numpy().sum() == 120


def test_an_archived_data_set_is_hidden_and_comes_back(workspace, ids):
    datasets.archive_dataset(workspace, ids.dataset)
    assert datasets.list_datasets(workspace) == []
    assert datasets.get_dataset(workspace, "seeded").archived_at is not None
    datasets.restore_dataset(workspace, ids.dataset)
    assert [d.id for d in datasets.list_datasets(workspace)] == [ids.dataset]


def test_an_unknown_data_set_names_those_there_are(workspace, ids):
    with pytest.raises(NotFound, match="one of seeded"):
        datasets.get_dataset(workspace, "nothing")


def test_saving_a_class_map_twice_makes_versions(workspace, ids):
    class_of = {"A": "A", "B": "B", "C": "C", "D": "C"}
    first = mapping.save_class_map(workspace, ids.dataset, "mine", class_of, who="Ana")
    second = mapping.save_class_map(workspace, ids.dataset, "mine", class_of | {"B": "A"})
    assert (first.version, second.version) == (1, 2)
    assert mapping.get_record(workspace, ids.dataset, "mine") == second
    assert mapping.get_record(workspace, ids.dataset, "mine@1") == first
    assert mapping.get_record(workspace, ids.dataset, first.id) == first


def test_a_class_map_that_forgets_a_label_is_refused(workspace, ids):
    with pytest.raises(InvalidInput):
        mapping.save_class_map(workspace, ids.dataset, "mine", {"A": "A"})
    assert [m.name for m in mapping.list_class_maps(workspace, ids.dataset)] == ["three"]


def test_a_run_over_merged_classes_is_compared_by_those(workspace, ids):
    found = differences.compare(workspace, [ids.generalist, ids.merged])
    assert found["classes"] == ["A", "B", "C+D"]


def test_classes_of_one_name_that_hold_other_labels_are_not_compared(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    split = datasets.splits(workspace, ids.dataset)
    runs = []
    for holds in ({"A": "x", "B": "x"}, {"A": "x", "C": "x"}):
        class_of = {label: holds.get(label, "y") for label in LABELS}
        saved = mapping.save_class_map(workspace, ids.dataset, "two", class_of)
        y = mapping.get_class_map(workspace, ids.dataset, saved.id).apply(
            datasets.label_indices(workspace, dataset)
        )
        probs = np.full((len(y), 2), 0.5)
        runs.append(add_run(workspace, dataset, y, split, probs, class_map=saved.id))
    with pytest.raises(InvalidInput, match="same question"):
        differences.compare(workspace, runs)


@pytest.mark.parametrize("name", ["three@two", "three@", "three@9", "three@²"])
def test_a_version_that_does_not_exist_is_not_another_one(workspace, ids, name):
    with pytest.raises(NotFound):
        mapping.get_record(workspace, ids.dataset, name)
    assert mapping.get_record(workspace, ids.dataset, "three@1").id == ids.class_map


def test_the_difference_of_two_runs_is_that_of_their_accuracies(workspace, ids):
    found = differences.compare(workspace, [ids.generalist, ids.second])
    first, second = (run["test"]["accuracy"] for run in found["runs"])
    pair = found["pairs"][0]
    assert pair["difference"] == pytest.approx(first - second)
    assert pair["ci"][0] <= pair["difference"] <= pair["ci"][1]


def test_embeddings_come_back_in_order_of_position(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    matrix = embedding.embedding_matrix(workspace, dataset)
    y = datasets.label_indices(workspace, dataset)
    np.testing.assert_array_equal(matrix.argmax(axis=1), np.minimum(y, 2))


def test_the_nearest_image_of_another_is_never_itself(workspace, ids):
    near = neighbours.neighbours(workspace, ids.dataset, 3, n=5)
    assert len(near) == 5 and 3 not in [position for position, _ in near]
    assert [cosine for _, cosine in near] == sorted((c for _, c in near), reverse=True)


def test_without_embeddings_the_sentence_says_what_to_do(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    with pytest.raises(NotReady, match="press Embed"):
        embedding.embedding_matrix(workspace, dataset, "resnet50")


def test_predicting_nothing_or_what_is_not_there_is_a_sentence(workspace, ids):
    with pytest.raises(InvalidInput, match="expected 1 to"):
        predicting.predict(workspace, ids.generalist, [])
    for positions in ([], [-1], [10_000]):
        with pytest.raises(InvalidInput, match="no such image"):
            predicting.predict_known(workspace, ids.generalist, positions)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_a_table_that_cannot_be_written_is_a_sentence(workspace, ids, tmp_path, name):
    with pytest.raises(InvalidInput, match="cannot be written"):
        exporting.write_predictions(workspace, ids.generalist, tmp_path / "nowhere" / name)


@pytest.mark.parametrize("threads", ["0", "many", "-1", "²"])
def test_a_setting_that_cannot_be_used_is_a_sentence(monkeypatch, threads):
    monkeypatch.setenv("DESEMPATE_THREADS", threads)
    with pytest.raises(InvalidInput, match="DESEMPATE_THREADS"):
        load_settings()


def test_the_story_ends_where_the_seeded_workspace_does(workspace, ids):
    told = overview.story(workspace, ids.dataset)
    assert [step.name for step in told.steps if not step.done] == [
        "Review the labels",
        "Decide",
        "Try it",
    ]
    assert told.next_step.name == "Decide"  # reviewing is for those who doubt their labels
    assert told.best is not None and told.best["run"] in {ids.generalist, ids.second}
    assert datasets.get_dataset(workspace, ids.dataset).size_px == SIZE_PX


def test_an_archived_demo_comes_back_when_it_is_asked_for(workspace):
    hidden = seed(workspace, name=DEMO_NAME)
    datasets.archive_dataset(workspace, hidden.dataset)
    demo.submit_demo(workspace)
    assert [d.name for d in datasets.list_datasets(workspace)] == [DEMO_NAME]
