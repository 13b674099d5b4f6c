"""Merges of a stored run: ranked on validation, shown on test, here and on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.analysis import metrics
from core.analysis.class_map import ClassMap
from core.analysis.merges import merging as analysis
from core.cli import main
from core.errors import InvalidInput, NotReady
from core.services.classes import advising, mapping, merging, overlaps, retraining
from core.services.data import datasets
from core.services.labels import reviewing
from core.services.runs import crossvalidating, planning, training
from core.settings import load_settings
from core.store import results
from core.store.database import open_workspace
from tests.seeding import add_run, generalist_probs, seed

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
    assert (found["evidence"], found["n_class_maps"], found["exhaustive"]) == ("val", 15, True)
    first, best = found["merges"][:2]
    assert first["class_map"] == "no merge" and first["classes"] == ["A", "B", "C", "D"]
    assert best["class_map"] == "C+D" and best["classes"] == ["A", "B", "C+D"]
    assert found["advice"][0]["a"] == "C" and found["advice"][0]["what"] != "leave"
    assert set(best) >= KEYS and best["gain_rank"] == 1 and best["n_same_sizes"] == 6


def test_figures_are_those_of_both_splits(seeded):
    ws, ids = seeded
    row = merging.rank_merges(ws, ids.generalist)["merges"][1]
    merge, run = ClassMap.from_merges("ABCD", ["CD"]), training.get_run(ws, ids.generalist)
    val, test = (
        metrics.from_confusion(merge.merge_confusion(mapping.run_confusion(ws, run, split)))
        for split in mapping.HELD_OUT
    )
    for name in ("accuracy", "chance", "kappa", "bits"):
        assert row[name] == pytest.approx(val[name])
        assert row[f"test_{name}"] == pytest.approx(test[name])


def test_a_class_map_composed_by_hand_is_examined(seeded):
    ws, ids = seeded
    box = merging.open_sandbox(ws, ids.generalist, evidence="test")
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
    words += ["--evidence", "val"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ordinal"] and found["n_class_maps"] == 8 and len(found["merges"]) == 3
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "C+D" in text and "test_accuracy" in text
    assert main(["merges", ids.expert, "--workspace", str(ws.path)]) == 2


def keep_out_of_fold(ws, run_id: str) -> int:
    """Store answers as cross-validation would, good ones; return to how many images."""
    run = training.get_run(ws, run_id)
    y = datasets.label_indices(ws, datasets.get_dataset(ws, run.dataset_id))
    rows = np.flatnonzero(datasets.splits(ws, run.dataset_id) != "test")
    probs = generalist_probs(y, np.random.default_rng(5))[rows].astype(np.float32)
    key = {"run": run.id, "n_folds": 5, "over": "train+val", "format": crossvalidating.FORMAT}
    blob = ws.blobs.put_array(probs)
    with ws.write() as conn:
        results.add(
            conn,
            kind="crossval",
            dataset_id=run.dataset_id,
            params=key,
            value={"n_folds": 5, "duration_s": 1.0},
            blob=blob,
        )
    return len(rows)


def test_cross_validation_sees_more_images(seeded):
    ws, ids = seeded
    assert merging.usual_evidence(ws, ids.second) == "crossval"
    with pytest.raises(NotReady, match="not cross-validated"):
        merging.open_sandbox(ws, ids.second, evidence="crossval")
    assert [source.ready for source in merging.evidence_sources(ws, ids.second)] == [True, False]
    n = keep_out_of_fold(ws, ids.second)
    val, all_ = merging.evidence_sources(ws, ids.second)
    assert all_.ready and all_.n_images == n > 3 * val.n_images
    found = merging.rank_merges(ws, ids.second, evidence="crossval", n_top=1)
    assert found["n_images"] == n and found["suggested"] == "C+D"
    assert found["verdict"]["kind"] == "merge" and found["optimism"] >= 0
    (best,) = [row for row in found["merges"] if row["class_map"] == "C+D"]
    assert best["told_apart_high"] < 0.5 and best["test_itca_gain_ci"][0] < best["test_itca_gain"]


def test_a_pair_that_lies_apart_in_the_embedding_is_not_merged(seeded, monkeypatch):
    ws, ids = seeded
    run = training.get_run(ws, ids.generalist)
    box = merging.open_sandbox(ws, run.id)
    found = overlaps.overlap_matrix(ws, run, box.confusion)
    assert 0.3 < found[2, 3] < 0.7 and np.isnan(found[0, 0])
    apart = np.full((4, 4), np.nan)
    apart[2, 3] = apart[3, 2] = 0.05
    monkeypatch.setattr(merging, "overlap_matrix", lambda *_: apart)
    box = merging.open_sandbox(ws, run.id)
    assert analysis.suggest(box).verdict == "baseline"
    merge = analysis.examine(box, [0, 1, 2, 2])
    assert merge.verdict == "do not merge" and "C and D lie apart" in merge.reason
    assert (
        advising.advice(ws, run.id, merging.open_sandbox(ws, run.id))[0].what == "train an expert"
    )


def test_advice_begins_with_the_most_confused_pair(seeded):
    ws, ids = seeded
    first, *others = advising.advice(ws, ids.generalist, merging.open_sandbox(ws, ids.generalist))
    assert (first.a, first.b) == ("C", "D") and first.what in ("merge", "collect more images")
    assert all(first.n_confused >= other.n_confused for other in others)
    assert first.signals.n_images == 40 and first.signals.people is None


def test_without_the_embeddings_of_a_run_overlap_is_unknown(seeded, monkeypatch):
    ws, ids = seeded
    monkeypatch.setattr(overlaps, "embedded_with", lambda *_: [])
    box = merging.open_sandbox(ws, ids.generalist)
    assert np.isnan(box.overlap).all()
    assert advising.advice(ws, ids.generalist, box)[0].signals.overlap is None


def test_merged_and_retrained_answers_are_compared_on_the_same_images(seeded):
    ws, ids = seeded
    assert retraining.retrained(ws, ids.generalist, "three") is None
    run = training.get_run(ws, ids.generalist)
    dataset = datasets.get_dataset(ws, run.dataset_id)
    y, split = datasets.label_indices(ws, dataset), datasets.splits(ws, dataset.id)
    request = training.request_of(run, class_map=ids.class_map)
    planned = planning.make_plan(ws, request).run_id(run.seed)
    answers = np.full((len(y), 3), 0.1)
    answers[np.arange(len(y)), np.minimum(y, 2)] = 0.8
    add_run(ws, dataset, np.minimum(y, 2), split, answers, class_map=ids.class_map, run_id=planned)
    found = retraining.retrained(ws, ids.generalist, "three")
    assert found is not None and found.run == planned and found.classes == ("A", "B", "C+D")
    assert found.retrained["accuracy"] == 1.0 and found.n_images == (split == "test").sum()
    merge = ClassMap.from_merges(tuple("ABCD"), [("C", "D")])
    _, truth, probs = mapping.held_out(ws, run, "test")
    right = merge.merge_probabilities(probs).argmax(axis=1) == merge.apply(truth)
    assert found.merged["accuracy"] == pytest.approx(right.mean())
    assert found.difference == pytest.approx(1 - right.mean())
    assert found.ci[0] <= found.difference <= found.ci[1] and 0 < found.mcnemar_p <= 1


def test_only_runs_over_the_labels_can_be_merged_by_a_class_map(seeded):
    ws, ids = seeded
    for run_id in (ids.merged, ids.expert):
        with pytest.raises(InvalidInput, match="labels as they are"):
            retraining.retrained(ws, run_id, "three")


def test_reviews_are_a_signal_of_the_advice(tmp_path):
    ws = open_workspace(load_settings(tmp_path / "workspace"))
    ids = seed(ws, n_per_label=40)
    before = advising.last_review(ws, ids.generalist)
    images = datasets.images(ws, ids.dataset)
    pair = images[images["label"].isin(["C", "D"])].head(60)
    for row in pair.itertuples():
        for reviewer in ("Ana", "Luis"):  # who agree on what the model does not see
            reviewing.submit(
                ws,
                ids.dataset,
                row.image_id,
                reviewer=reviewer,
                event_id=f"{reviewer}-{row.position}",
                label="C" if row.position % 10 < 2 and reviewer == "Ana" else row.label,
            )
    assert advising.last_review(ws, ids.generalist) == before + 120
    first = advising.advice(ws, ids.generalist, merging.open_sandbox(ws, ids.generalist))[0]
    ws.close()
    assert first.signals.people is not None and first.signals.people[1] > 0.5
    assert first.what == "train an expert" and "People agree" in first.reason
