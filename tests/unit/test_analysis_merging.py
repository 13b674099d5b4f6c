"""The merge sandbox against worked numbers: what it gains, what it costs, when it says no."""

from __future__ import annotations

from math import comb, log

import numpy as np
import pytest

from core.analysis import metrics
from core.analysis.merges import merge_evidence as evidence
from core.analysis.merges import merging, partitions
from core.analysis.merges.itca import cell_worth, greedy_path, itca, score
from core.errors import InvalidInput

STAGES = ("Arroz", "Arveja", "Garbanzo", "Bola", "Rayando", "Separando", "Corte")
RIGHT = (0, 1, 1, 2, 3, 4, 4)  # Arveja+Garbanzo, Separando+Corte


def seven(swapped: float, n: float = 1000) -> np.ndarray:
    """7 classes of n images, 4 % of errors anywhere, two pairs swapped: the worked example."""
    matrix = np.full((7, 7), 0.04 / 6)
    np.fill_diagonal(matrix, 0.96)
    for a, b in ((1, 2), (2, 1), (5, 6), (6, 5)):
        matrix[a, a] = 1 - swapped - 0.02
        matrix[a, b] = swapped - 0.02 + 0.04 / 6
    return matrix * n


def row_of(rows: np.ndarray, partition: tuple[int, ...]) -> int:
    return int(np.flatnonzero((rows == partition).all(axis=1))[0])


def random_matrix(seed: int, k: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 20, (k, k)) + np.eye(k, dtype=int)


# -- partitions ---------------------------------------------------------------------------------


def test_partitions_are_all_different_and_as_many_as_bell_says():
    assert [partitions.bell_number(k) for k in (5, 7, 10)] == [52, 877, 115_975]
    for k in range(1, 11):
        rows = partitions.all_partitions(k)
        assert rows.shape == (partitions.bell_number(k), k)
        if k < 9:
            assert len(np.unique(rows, axis=0)) == len(rows)
            assert (partitions.canonical(rows) == rows).all()
        assert rows[0].tolist() == list(range(k)) and not rows[-1].any()


def test_of_877_merges_of_seven_classes_140_leave_five():
    scores = score(seven(0.45), partitions.all_partitions(7))
    assert np.bincount(scores.n_classes).tolist() == [0, 1, 63, 301, 350, 140, 21, 1]


def test_neighbours_merge_in_two_to_the_power_of_borders_ways():
    rows = partitions.neighbour_partitions(7)
    assert len(np.unique(rows, axis=0)) == len(rows) == 64
    assert set(np.diff(rows, axis=1).ravel().tolist()) == {0, 1}
    assert rows[0].tolist() == list(range(7))
    assert partitions.neighbour_partitions(1).tolist() == [[0]]


@pytest.mark.parametrize("ordinal", [False, True])
def test_random_merges_keep_the_sizes(ordinal):
    rng = np.random.default_rng(0)
    drawn = partitions.random_of_same_sizes(np.array(RIGHT), 200, rng, ordinal=ordinal)
    assert (partitions.group_sizes(drawn) == [2, 2, 1, 1, 1, 0, 0]).all()
    assert len(np.unique(partitions.canonical(drawn), axis=0)) > 9
    if ordinal:
        assert set(np.diff(drawn, axis=1).ravel().tolist()) == {0, 1}


@pytest.mark.parametrize("make", [partitions.all_partitions, partitions.neighbour_partitions])
@pytest.mark.parametrize("k", [0, 17])
def test_too_many_classes_to_list_are_refused(make, k):
    with pytest.raises(InvalidInput, match="every merge be listed"):
        make(k)


# -- figures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("swapped", "before", "after"),
    [
        (0.45, (0.714, 0.667, 1.946, 1.390), (0.964, 0.953, 1.942, 1.493)),
        (0.30, (0.800, 0.767, 2.010, 1.557), (0.964, 0.953, 1.942, 1.493)),
    ],
)
def test_the_worked_numbers(swapped, before, after):
    scores = score(seven(swapped), [range(7), RIGHT])
    for row, wanted in enumerate((before, after)):
        found = [x[row] for x in (scores.accuracy, scores.kappa, scores.bits, scores.itca)]
        assert np.round(found, 3).tolist() == list(wanted)
    assert scores.chance.round(4).tolist() == [0.1429, 0.2245]


def test_a_perfect_model_has_the_entropy_of_its_labels():
    scores = score(np.eye(7), partitions.all_partitions(7))
    assert scores.itca[0] == pytest.approx(log(7))
    assert scores.bits[0] == pytest.approx(np.log2(7))
    assert scores.itca == pytest.approx(scores.bits * log(2))
    last = [scores.itca[-1], scores.bits[-1], scores.kappa[-1], scores.chance[-1]]
    assert last == pytest.approx([0, 0, 0, 1])


def test_classes_without_images_count_nothing():
    matrix = np.zeros((3, 3))
    matrix[:2, :2] = [[4, 1], [2, 3]]
    assert itca(matrix) == pytest.approx(itca(matrix[:2, :2]))
    assert score(matrix, [[0, 1, 1]]).bits[0] == pytest.approx(
        metrics.mutual_information_bits(matrix[:2, :2])
    )


def test_nothing_known_keeps_all_of_its_zero_bits():
    assert score(np.ones((2, 2)), [[0, 1], [0, 0]]).bits_kept_share.tolist() == [1, 1]


def test_cell_worth_sums_to_itca():
    matrix = random_matrix(3, 6)
    for row in partitions.all_partitions(6)[::17]:
        mean = (cell_worth(matrix, row) * matrix).sum() / matrix.sum()
        assert mean == pytest.approx(score(matrix, row[None]).itca[0])


@pytest.mark.parametrize("bad", [[[0, 1]], [[0, 1, 3]], [[0, -1, 1]], [0, 1, 2]])
def test_partitions_of_other_classes_are_refused(bad):
    with pytest.raises(InvalidInput, match="do not belong"):
        score(np.eye(3), bad)


@pytest.mark.parametrize("ordinal", [False, True])
def test_the_greedy_path_takes_the_best_step_each_time(ordinal):
    matrix = random_matrix(5, 6)
    path = greedy_path(matrix, ordinal=ordinal)
    rows = partitions.neighbour_partitions(6) if ordinal else partitions.all_partitions(6)
    scores = score(matrix, rows)
    for here, there in zip(path, path[1:], strict=False):
        coarser = (rows[:, :, None] == rows[:, None, :]) | (here[:, None] != here)
        steps = coarser.all(axis=(1, 2)) & (scores.n_classes == here.max())
        assert scores.itca[row_of(rows, tuple(there))] == pytest.approx(scores.itca[steps].max())
    assert path[0].tolist() == list(range(6)) and not path[-1].any()


def test_two_swapped_pairs_stand_out_and_no_other():
    p = evidence.pair_p_values(seven(0.45), np.random.default_rng(0))
    pairs = {(a, b) for a in range(7) for b in range(a + 1, 7) if p[a, b] <= 0.05}
    assert pairs == {(1, 2), (5, 6)}
    assert p[1, 2] == pytest.approx(1 / 1000) and (p == p.T).all() and (np.diag(p) == 1).all()


def test_a_group_is_as_sure_as_its_weakest_necessary_link():
    p = np.ones((4, 4))
    for a, b, value in ((0, 1, 0.01), (1, 2, 0.2), (0, 2, 0.9), (2, 3, 0.03)):
        p[a, b] = p[b, a] = value
    assert evidence.group_p_value(p, [0, 1]) == 0.01
    assert evidence.group_p_value(p, [0, 1, 2]) == 0.2
    assert evidence.group_p_value(p, [0, 1, 2, 3]) == 0.2
    assert evidence.group_p_value(p, [3]) == 1.0


def test_a_perfect_model_and_one_class_confuse_nobody():
    rng = np.random.default_rng(0)
    assert (evidence.pair_p_values(np.eye(3) * 9, rng, n_simulations=19) == 1).all()
    assert evidence.pair_p_values([[5]], rng, n_simulations=19).tolist() == [[1.0]]


def test_gains_are_differences_of_accuracy():
    matrix = random_matrix(1, 6)
    rows = partitions.all_partitions(6)
    scores = score(matrix, rows)
    assert evidence.merge_gains(matrix, rows) == pytest.approx(scores.accuracy - scores.accuracy[0])


def test_merges_of_one_size_join_each_pair_equally_often():
    rows = partitions.all_partitions(7)
    same = rows[(partitions.group_sizes(rows) == [2, 2, 1, 1, 1, 0, 0]).all(axis=1)]
    share = evidence.joined_share(same)
    assert share[~np.eye(7, dtype=bool)] == pytest.approx(2 / comb(7, 2))


def test_random_merges_gain_as_all_merges_of_these_sizes_do():
    matrix = random_matrix(4, 7)
    rows = partitions.all_partitions(7)
    same = rows[(partitions.group_sizes(rows) == [2, 2, 1, 1, 1, 0, 0]).all(axis=1)]
    joined, gains = evidence.random_gains(matrix, np.array(RIGHT), 4000, np.random.default_rng(0))
    every = evidence.merge_gains(matrix, same)
    assert set(gains.round(9)) <= set(every.round(9))
    assert gains.mean() == pytest.approx(every.mean(), rel=0.02)
    assert joined == pytest.approx(evidence.joined_share(same))


def test_the_bootstrap_agrees_with_the_standard_error():
    matrix = seven(0.45, n=40).round()
    worth = cell_worth(matrix, RIGHT) - cell_worth(matrix, np.arange(7))
    mean = (worth * matrix).sum() / matrix.sum()
    half = 1.96 * evidence.standard_error(matrix, worth)
    low, high = evidence.bootstrap_means(matrix, worth[None], np.random.default_rng(0))[0]
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.1 * half)


def test_without_errors_the_interval_of_the_gain_is_no_point():
    joined = np.ones((2, 2), dtype=bool)
    gain, (low, high) = evidence.gain_interval(
        np.eye(2) * 5, joined, np.ones((2, 2)), np.random.default_rng(0)
    )
    assert gain == 0 and low < 0 < high


# -- verdicts -----------------------------------------------------------------------------------


def test_it_says_merge_where_telling_apart_is_nearly_a_coin_toss():
    box = merging.open_sandbox(seven(0.45), STAGES)
    first, best, *_ = merging.best(box, 3)
    assert first.verdict == "baseline" and first.gain == 0 and first.itca_gain == 0
    assert best.partition == RIGHT and best.verdict == "merge"
    assert merging.suggest(box) == best
    assert (best.gain_rank, best.n_same_sizes) == (1, 105)
    assert best.gain == pytest.approx(0.2495, abs=1e-4)
    assert best.ci[0] < best.excess_gain < best.ci[1] and best.excess_gain < best.gain


def test_it_says_do_not_merge_where_the_model_knew_more():
    box = merging.open_sandbox(seven(0.30), STAGES)
    assert merging.suggest(box).verdict == "baseline"
    found = merging.examine(box, RIGHT)
    assert found.verdict == "do not merge" and "ITCA falls" in found.reason
    assert found.gain == pytest.approx(0.164, abs=1e-3) and found.gain_rank == 1  # and yet


def test_it_cannot_tell_from_few_images():
    box = merging.open_sandbox(seven(0.40, n=15).round(), STAGES)
    assert merging.examine(box, RIGHT).verdict == "not enough images to tell"


def test_few_images_are_no_reason_to_deny_what_cannot_be_told_apart():
    rng = np.random.default_rng(2)
    share = seven(0.42, 1.0)
    found = []
    for seed in range(40):
        matrix = np.stack([rng.multinomial(23, row / row.sum()) for row in share])
        found.append(merging.suggest(merging.open_sandbox(matrix, STAGES, seed=seed)))
    assert sum(merge.partition == RIGHT for merge in found) >= 32
    assert all(merge.verdict != "do not merge" for merge in found)


def test_of_two_equals_it_prefers_the_simpler():
    box = merging.open_sandbox(seven(0.40, n=80).round(), STAGES)
    found = merging.examine(box, RIGHT)
    assert found.itca_gain_ci[0] < 0 < found.itca_gain  # ITCA alone cannot tell
    assert found.told_apart == pytest.approx(0.18, abs=0.02) and found.told_apart_high < 0.5
    assert found.verdict == "merge" and "nearer to guessing" in found.reason
    assert merging.suggest(box) == found


def test_with_three_classes_guesses_are_merged_though_itca_falls():
    matrix = np.array([[97, 2, 1], [2, 50, 48], [1, 49, 50]])
    box = merging.open_sandbox(matrix, "abc")
    found = merging.suggest(box)
    assert found.partition == (0, 1, 1) and found.verdict == "merge" and found.itca_gain < 0


def test_the_best_of_many_noisy_gains_is_too_high():
    noisy = np.stack([np.random.default_rng(i).multinomial(12, seven(0.4, 1)[i]) for i in range(7)])
    few = merging.optimism(merging.open_sandbox(noisy, STAGES))
    assert few > 0.01 > merging.optimism(merging.open_sandbox(seven(0.45), STAGES)) >= 0


def test_it_suggests_nothing_where_nothing_is_confused():
    for matrix in (np.eye(7) * 20, np.full((7, 7), 1) + np.eye(7) * 100):
        box = merging.open_sandbox(matrix, STAGES)
        assert merging.suggest(box).verdict == "baseline"
        assert {m.verdict for m in merging.best(box, 5)[1:]} == {"do not merge"}


def test_a_random_guesser_has_no_pair_to_merge():
    box = merging.open_sandbox(np.full((5, 5), 100), "abcde")
    assert merging.suggest(box).verdict == "baseline"
    pair = merging.examine(box, [0, 0, 1, 2, 3])
    assert pair.itca_gain_ci[0] > 0  # any merge pays: a reason for none
    assert pair.verdict == "do not merge" and "no more than" in pair.reason


def test_a_strong_pair_does_not_carry_a_weak_one():
    box = merging.open_sandbox(seven(0.45), STAGES)
    found = merging.examine(box, (0, 1, 1, 2, 3, 4, 0))
    assert found.itca_gain < merging.examine(box, (0, 1, 1, 2, 3, 4, 5)).itca_gain
    assert found.verdict == "do not merge" and found.reason.startswith("Arroz+Corte")


def test_ordered_classes_merge_with_neighbours_only():
    box = merging.open_sandbox(seven(0.45), STAGES, ordinal=True)
    assert len(box.partitions) == 64
    best = merging.suggest(box)
    assert best.partition == RIGHT and best.n_same_sizes == 10 and best.verdict == "merge"
    skipping = merging.examine(box, (0, 1, 0, 2, 3, 4, 5))
    assert skipping.verdict == "do not merge" and skipping.n_same_sizes > 1


def test_twelve_classes_are_searched_greedily():
    matrix = np.full((12, 12), 1.0) + np.eye(12) * 100
    matrix[[3, 8], [8, 3]] = 90
    box = merging.open_sandbox(matrix, [str(i) for i in range(12)])
    assert not box.exhaustive and len(box.partitions) < 100
    best = merging.suggest(box)
    assert best.partition == (0, 1, 2, 3, 4, 5, 6, 7, 3, 8, 9, 10) and best.verdict == "merge"
    assert best.gain_rank_share < 0.05 and best.n_same_sizes == 10_001
    assert merging.best(box, 1)[0].n_same_sizes == 1


def test_one_seed_gives_one_answer():
    matrix = seven(0.4, n=30).round()
    boxes = [merging.open_sandbox(matrix, STAGES, seed=3) for _ in range(2)]
    assert merging.best(boxes[0], 4) == merging.best(boxes[1], 4)


def test_one_class_and_missing_names():
    box = merging.open_sandbox([[7]], ["only"])
    assert merging.suggest(box).verdict == "baseline" and len(merging.best(box, 5)) == 1
    with pytest.raises(InvalidInput, match="needs a name"):
        merging.open_sandbox(np.eye(3), ["a", "b"])
    with pytest.raises(InvalidInput, match="no images"):
        merging.open_sandbox(np.zeros((2, 2)), ["a", "b"])


@pytest.mark.parametrize("accuracy", [0.4, 0.7, 0.9])
def test_false_merges_stay_at_their_nominal_rate(accuracy):
    """Errors fall on any other class: 400 data sets, of which at most 5 % may suggest a merge."""
    rng = np.random.default_rng(0)
    share = np.full((7, 7), (1 - accuracy) / 6)
    np.fill_diagonal(share, accuracy)
    suggested, merged = 0, 0
    for seed in range(400):
        matrix = np.stack([rng.multinomial(50, row) for row in share])
        found = merging.suggest(merging.open_sandbox(matrix, STAGES, seed=seed))
        suggested += found.verdict != "baseline"
        merged += found.verdict == "merge"
    assert merged <= 400 * 0.05 and suggested <= 400 * 0.05 + 2 * np.sqrt(400 * 0.05 * 0.95)


@pytest.mark.parametrize("n", [60, 127])
def test_classes_that_are_told_apart_are_seldom_merged(n):
    """Where the merge loses information (the second worked matrix), and where it does not."""
    rng = np.random.default_rng(1)
    merged = {}
    for swapped in (0.30, 0.42):
        share = seven(swapped, 1.0)
        found = []
        for seed in range(100):
            matrix = np.stack([rng.multinomial(n, row / row.sum()) for row in share])
            box = merging.open_sandbox(matrix, STAGES, seed=seed)
            found.append(merging.examine(box, RIGHT).verdict)
        merged[swapped] = found.count("merge")
    assert merged[0.30] <= 10 and merged[0.42] >= 80
