"""Is A better than B: what is counted, and the sentence that a person reads."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.comparisons import paired
from core.services.comparing import differences, questions, wording
from core.services.comparing.questions import Answers, Question
from core.store.database import Workspace
from tests.seeding import LABELS, Seeded, seed

CALLED = {"a": "probe", "b": "knn"}


def answered(model, right, k=3):
    """Return the answers of a model that is right on these images and sure of everything."""
    y = np.arange(len(right)) % k
    predicted = np.where(right, y, (y + 1) % k)
    probs = np.full((len(y), k), 0.05, np.float32)
    probs[np.arange(len(y)), predicted] = 0.9
    return Answers(model, np.arange(len(y)), y, probs, predicted, probs.max(axis=1))


def two(only_a, only_b, both, neither=0):
    """Return two models of which so many images are got right by one only, by both, by none."""
    n = [only_a, only_b, both, neither]
    return (
        answered("a", np.repeat([True, False, True, False], n)),
        answered("b", np.repeat([False, True, True, False], n)),
    )


def sentence(*n):
    (pair,) = differences.pairs_of(two(*n))
    return pair, differences.sentence(pair, CALLED)


def test_a_better_model_is_named_with_how_much_and_how_likely_luck_is():
    pair, said = sentence(30, 14, 604, 100)
    assert pair["significant"] and pair["n_needed"] is None
    low, high = (f"{100 * x:.1f}" for x in pair["ci"])
    assert said == (
        f"probe is better than knn by 2.1 points ({low} to {high}) on the same 748 images; "
        "if there were no difference you would see this 1 time in 44."
    )


def test_the_better_one_comes_first_whichever_it_is():
    _, said = sentence(14, 30, 604, 100)
    assert said.startswith("knn is better than probe by 2.1 points (0.")


def test_too_few_images_says_how_many_and_what_these_can_tell():
    pair, said = sentence(12, 7, 100, 30)
    assert not pair["significant"]
    assert "No difference can be told between probe and knn on the same 149 images" in said
    n = pair["n_needed"]
    assert n > pair["n_images"]
    assert f"about {wording.rounded_up(n)} images in all" in said
    assert f"at least {wording.rounded_up(n - 149)} more" in said
    assert f"these can tell one of {100 * pair['smallest_difference']:.1f} points or more" in said


@pytest.mark.parametrize("n", [(9, 9, 100, 20), (0, 0, 100, 20)])
def test_no_difference_has_no_number_of_images(n):
    pair, said = sentence(*n)
    assert pair["difference"] == 0 and pair["n_needed"] is None
    assert "no number of images can be named" in said
    assert pair["smallest_difference"] > 0


def test_three_images_can_tell_nothing():
    _, said = sentence(1, 0, 2)
    assert "so few images can tell no difference at all" in said


def test_every_number_is_that_of_the_analysis_and_more_pairs_ask_for_more():
    a, b = two(20, 9, 200, 50)
    (alone,) = differences.pairs_of([a, b])
    assert (alone["n_only_a"], alone["n_only_b"]) == (20, 9)
    assert alone["mcnemar_p"] == paired.mcnemar_exact(a.right, b.right) == alone["holm_p"]
    assert alone["figures"]["accuracy"]["difference"] == pytest.approx(alone["difference"])
    c = answered("c", np.roll(a.right, 5))
    rows = differences.pairs_of([a, b, c])
    assert [(row["a"], row["b"]) for row in rows] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {row["n_pairs"] for row in rows} == {3}
    holm = paired.holm([row["mcnemar_p"] for row in rows])
    assert [row["holm_p"] for row in rows] == pytest.approx(holm)
    assert rows[0]["smallest_difference"] > alone["smallest_difference"]
    assert "all 3 pairs counted" in differences.sentence(rows[0], {**CALLED, "c": "cnn"})


@pytest.mark.parametrize(
    ("p", "words"),
    [(1.0, "nearly every time"), (0.951, "nearly every time"), (0.94, "9 times in 10"),
     (0.15, "2 times in 10"), (0.149, "1 time in 7"), (0.05, "1 time in 20"),
     (0.0051, "1 time in 200"), (0.00034, "1 time in 2,900"), (1e-4, "1 time in 10,000"),
     (9e-5, "less than 1 time in 10,000"), (0.0, "less than 1 time in 10,000")],
)  # fmt: skip
def test_how_often_is_said_as_a_person_says_it(p, words):
    assert wording.often(p) == words


def test_the_command_line_gets_the_figures_and_the_sentence(workspace: Workspace):
    ids: Seeded = seed(workspace)
    found = differences.compare(workspace, [ids.generalist, ids.second, ids.cascade])
    asked = Question(ids.dataset, LABELS)
    models = [questions.find(workspace, i) for i in (ids.generalist, ids.second, ids.cascade)]
    rows = differences.pairs_of([questions.answers(workspace, asked, m) for m in models])
    for pair, row in zip(found["pairs"], rows, strict=True):
        assert pair == {**row, "sentence": pair["sentence"]}
        assert pair["a"] in pair["sentence"] and pair["b"] in pair["sentence"]
        assert set(pair["figures"]) >= {"kappa", "bits", "log_loss"}


def test_a_table_to_take_along_has_a_row_for_each_pair_and_figure(workspace):
    ids = seed(workspace)
    found = differences.compare(workspace, [ids.generalist, ids.second, ids.cascade])
    table = differences.table(found["pairs"])
    assert len(table) == 3 * 6 and set(table["figure"]) >= {"accuracy", "kappa", "log_loss"}
    assert (table["difference"] - (table["value_a"] - table["value_b"])).abs().max() < 1e-9
    accuracy = table[table["figure"] == "accuracy"].iloc[0]
    assert [accuracy["low"], accuracy["high"]] == found["pairs"][0]["ci"]


@pytest.mark.slow
def test_equally_good_models_are_called_different_at_the_nominal_rate():
    """Three models that swap their answers at random: one pair at 5 %, any of three by Holm too."""
    rng = np.random.default_rng(0)
    n_sim, n, one, family = 3000, 1500, 0, 0
    for _ in range(n_sim):
        hard = rng.random(n)[:, None]
        right = rng.random((n, 3)) < 0.5 + 0.5 * hard  # exchangeable, and alike on easy images
        p = [paired.mcnemar_exact(right[:, i], right[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        one += p[0] < differences.ALPHA
        family += paired.holm(p).min() < differences.ALPHA
    assert 0.035 <= one / n_sim <= 0.055  # exact tests keep a little below
    assert 0.02 <= family / n_sim <= 0.055
