"""The story: which models it goes through, on which images, and what it says of each step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.analysis.comparisons import paired
from core.services.classes import mapping
from core.services.comparing import differences, questions
from core.services.data.datasets import get_dataset, image_ids, label_indices, split_index
from core.services.decisions import deciding
from core.services.labels import label_sets, reviewing
from core.services.runs import training
from core.services.story import bars, standing, words
from core.services.story.open_points import open_points
from core.services.story.waterfall import version, waterfall
from core.services.story.yardstick import yardstick
from tests import seeding
from tests.seeding import add_run, seed


@pytest.fixture
def ids(workspace):
    return seed(workspace, n_per_label=60)


def sure(y, right, rng, n_classes=4):
    """Return probabilities that are right where `right` says so."""
    said = np.where(right, y, (y + 1) % n_classes)
    return np.eye(n_classes)[said] * 0.8 + 0.2 / n_classes + rng.uniform(0, 1e-3, (len(y), 1))


def put(workspace, ids, share, *, labels=None, algorithm="cnn", seed=0):
    """Insert a run that is right on a share of the images by some labels."""
    dataset = get_dataset(workspace, ids.dataset)
    y = label_sets.indices(workspace, dataset, labels)
    split = np.array(["train"] * len(y), dtype="U5")
    for name in ("val", "test"):
        split[split_index(workspace, dataset.id, name)] = name
    rng = np.random.default_rng(7)
    probs = sure(y, rng.random(len(y)) < share, rng)
    probs /= probs.sum(axis=1, keepdims=True)
    run = add_run(workspace, dataset, y, split, probs, algorithm=algorithm, seed=seed,
                  labels=labels)  # fmt: skip
    return run


def review(workspace, ids, n, *, first=0, source="random", shift=0):
    """Let two people say what test images from `first` to `n` show."""
    dataset = get_dataset(workspace, ids.dataset)
    y, names = label_indices(workspace, dataset), image_ids(workspace, dataset.id)
    for position in split_index(workspace, dataset.id, "test")[first:n]:
        for who in ("Ana", "Luis"):
            reviewing.submit(
                workspace, dataset.id, names[position], reviewer=who,
                event_id=f"{who}-{position}-{source}", source=source,
                label=dataset.labels[(y[position] + shift) % 4],
            )  # fmt: skip


def test_steps_lead_from_the_start_to_now_on_the_same_images(workspace, ids):
    put(workspace, ids, 0.9)
    its = waterfall(workspace, ids.dataset)
    levels = [its.start] + [step.after for step in its.steps if step.after] + [its.end]
    assert len({level.n_images for level in levels}) == 1
    measured = [step for step in its.steps if step.gain]
    for before, after in pairwise(measured):
        assert before.after == after.before
    won = sum(step.gain.n_won - step.gain.n_lost for step in measured)
    assert won == its.total.n_won - its.total.n_lost == its.end.n_right - its.start.n_right
    assert [step.kind for step in its.steps] == ["labels", "algorithm", "classes", "cascade"]


def test_gains_are_those_of_compare(workspace, ids):
    better = put(workspace, ids, 0.95)
    its = waterfall(workspace, ids.dataset)
    step = its.step("algorithm")
    assert (step.state, step.after.model, its.best) == ("measured", better, better)
    asked = questions.question(workspace, ids.dataset)
    said = [questions.answers(workspace, asked, questions.find(workspace, m))
            for m in (better, its.start.model)]  # fmt: skip
    pair = differences.paired(*said)
    assert (step.gain.value, [step.gain.low, step.gain.high]) == (pair["difference"], pair["ci"])
    assert (step.gain.n_won, step.gain.n_lost) == (pair["n_only_a"], pair["n_only_b"])


def test_the_start_is_the_first_run_and_seeds_are_one_choice(workspace, ids):
    its = waterfall(workspace, ids.dataset)
    assert its.start.model == ids.generalist == its.best  # the second seed is no other choice
    assert its.step("algorithm").state == "missing"
    assert words.step(its.step("algorithm")).startswith("Not done yet")


def test_merged_classes_are_divided_into_chance_and_what_is_real(workspace, ids):
    step = waterfall(workspace, ids.dataset).step("classes")
    divided, share = step.corrected, 1 / 6  # one pair of six
    wrong = 1 - step.before.accuracy
    assert divided.by_itself == pytest.approx(share * wrong)
    assert divided.by_itself + divided.beyond == pytest.approx(step.gain.value)
    assert step.verdict == "gained"
    assert "by themselves" in words.step(step) and "are real" in words.step(step)


def test_merging_the_wrong_classes_says_so(workspace, ids):
    wrong = {"A": "A+B", "B": "A+B", "C": "C", "D": "D"}
    mapping.save_class_map(workspace, ids.dataset, "wrong", wrong)
    step = waterfall(workspace, ids.dataset).step("classes")
    assert step.verdict == "lost"
    assert "these are the wrong classes to merge" in words.step(step)


def test_a_declined_class_map_is_not_in_use_and_an_approved_one_is(workspace, ids):
    other = {"A": "A+B", "B": "A+B", "C": "C", "D": "D"}
    newer = mapping.save_class_map(workspace, ids.dataset, "wrong", other)
    assert standing.class_map_in_use(workspace, ids.dataset).id == newer.id
    deciding.decide(workspace, newer.id, action="decline", name="Ana", reason="They differ")
    assert standing.class_map_in_use(workspace, ids.dataset).id == ids.class_map
    deciding.decide(workspace, ids.class_map, action="approve", name="Ana", reason="Fine")
    mapping.save_class_map(workspace, ids.dataset, "third", other)
    assert standing.class_map_in_use(workspace, ids.dataset).id == ids.class_map
    found = standing.standing(workspace, ids.dataset)
    assert (found.n_approved, found.n_declined, found.n_open) == (1, 1, 2)


def test_labels_come_first_where_the_run_between_exists(workspace, ids):
    y = label_indices(workspace, get_dataset(workspace, ids.dataset))
    made = label_sets.save_label_set(workspace, ids.dataset, "new", y, origin={"method": "hand"})
    assert waterfall(workspace, ids.dataset).step("labels").state == "unmeasured"
    best = put(workspace, ids, 0.98, labels=made.id)
    both = waterfall(workspace, ids.dataset)
    assert both.step("labels").state == "inseparable"
    assert both.step("algorithm").after.model == best
    between = put(workspace, ids, 0.9)  # the better algorithm on the old labels
    its = waterfall(workspace, ids.dataset)
    assert [step.kind for step in its.steps][:2] == ["algorithm", "labels"]
    assert its.step("algorithm").after.model == between
    assert its.step("labels").after.model == best
    put(workspace, ids, 0.85, labels=made.id, algorithm="probe")  # the first one on the new
    its = waterfall(workspace, ids.dataset)
    assert [step.kind for step in its.steps][:2] == ["labels", "algorithm"]


def test_what_was_not_chosen_is_measured_beside_what_was(workspace, ids):
    worse = put(workspace, ids, 0.2)
    step = waterfall(workspace, ids.dataset).step("algorithm")
    assert (step.state, step.rival.model, step.n_tried) == ("not chosen", worse, 1)
    assert step.rival_gain.value < 0
    assert words.step(step).startswith("No gain: 1 other algorithm")


def test_reviewed_images_are_the_truth_once_there_are_enough(workspace, ids):
    review(workspace, ids, 9)
    before = waterfall(workspace, ids.dataset)
    assert (before.reviewed, before.n_settled, before.n_images) == (False, 9, before.n_test)
    assert "by the labels of the import" in words.yardstick(before)
    review(workspace, ids, 12, first=9, source="suspects")
    rod = yardstick(workspace, ids.dataset)
    assert (rod.reviewed, len(rod.y), rod.n_picked) == (True, 12, 3)
    after = waterfall(workspace, ids.dataset)
    assert (after.reviewed, after.n_images) == (True, 12)
    said = questions.answers(
        workspace, questions.question(workspace, ids.dataset),
        questions.find(workspace, after.start.model),
    )  # fmt: skip
    here = np.isin(said.positions, rod.positions)
    right = said.predicted[here] == rod.y
    assert after.start.n_right == int(right.sum())
    assert paired.paired_difference(right, right)[0] == 0.0


def test_people_overrule_the_labels_of_the_import(workspace, ids):
    review(workspace, ids, 12, shift=1)  # they say that every label is another
    its = waterfall(workspace, ids.dataset)
    assert its.start.n_right < its.n_images / 3


def test_the_version_changes_with_all_that_the_story_rests_on(workspace, ids):
    seen = [version(workspace, ids.dataset)]

    def changed():
        seen.append(version(workspace, ids.dataset))
        return seen[-1] not in seen[:-1]

    review(workspace, ids, 1)
    assert changed()
    run = put(workspace, ids, 0.9)
    assert changed()
    deciding.decide(workspace, ids.class_map, action="approve", name="Ana", reason="Fine")
    assert changed()
    training.archive_run(workspace, run)
    assert changed()
    assert version(workspace, ids.dataset) == seen[-1]


def test_without_a_model_there_is_no_waterfall(workspace):
    dataset_id, _ = seeding.add_small_dataset(workspace, 20)
    assert waterfall(workspace, dataset_id) is None
    assert open_points(workspace, dataset_id, None) == []


def test_every_step_has_a_row_and_every_row_is_within_the_axis(workspace, ids):
    its = waterfall(workspace, ids.dataset)
    drawn = bars.rows(its)
    low, high = bars.extent(drawn)
    assert [row.kind for row in drawn if row.kind != "chance"] == [
        "start", *(step.kind for step in its.steps), "end",
    ]  # fmt: skip
    for row in drawn:
        ends = [x for x in (row.begin, row.end, row.low, row.high) if x is not None]
        assert low <= min(ends) and max(ends) <= high
    for row, after in pairwise(drawn):
        assert row.end == pytest.approx(after.begin)


def test_what_is_open_names_its_page(workspace, ids):
    points = open_points(workspace, ids.dataset, waterfall(workspace, ids.dataset))
    said = {point.page: point.text for point in points}
    assert "2 proposals wait" in said["decisions"]
    assert "settled by review" in said["review"]
