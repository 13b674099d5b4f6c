"""Episodes: what is in them, in which order, decided by seed and epoch alone."""

from __future__ import annotations

import numpy as np
import pytest

from core.models import episodes, memory, pipelines, siamese, training
from core.models.memory import MemoryOptions
from core.models.siamese import SiameseOptions

N_CLASSES, N_EACH = 6, 5


@pytest.fixture
def x():
    """Images that say which row they are: the upper left pixel; the rest is 0."""
    x = np.zeros((N_CLASSES * N_EACH, 4, 4, 3), np.uint8)
    x[:, 0, 0, 0] = np.arange(len(x)) + 1
    return x


@pytest.fixture
def members():
    return [np.arange(N_EACH) + N_EACH * c for c in range(N_CLASSES)]


def rows_of(images):
    """The rows that turned images came from: their one pixel that is not 0."""
    return images[..., 0].max(axis=(-2, -1)).astype(int) - 1


def test_members_are_training_rows_by_class():
    y = np.array([1, 0, -1, 1, 0, 1])
    data = training.TrainingData(np.zeros((6, 3)), y, np.array([0, 1, 5]), np.array([3]), 2)
    assert [list(rows) for rows in episodes.members_of(data)] == [[1], [0, 5]]


def test_an_episode_has_different_classes_and_different_images(x, members):
    for seed in range(30):
        drawn = episodes.draw(np.random.default_rng(seed), x, members, 4, 3)
        rows = rows_of(drawn)
        assert drawn.shape == (4, 3, 4, 4, 3) and drawn.dtype == np.uint8
        classes = rows // N_EACH
        assert (classes == classes[:, :1]).all()
        assert len(set(classes[:, 0])) == 4
        assert all(len(set(row)) == 3 for row in rows)


def test_a_small_class_gives_all_its_images_before_one_twice(x, members):
    rows = rows_of(episodes.draw(np.random.default_rng(0), x, members, N_CLASSES, 7))
    for row in rows:
        assert len(set(row)) == N_EACH
        assert len(row) == 7


def test_turned_classes_are_four_times_as_many_and_all_images_of_one_are_turned_alike(x, members):
    drawn = episodes.draw(np.random.default_rng(1), x, members, 24, 2, rotations=True)
    corners = drawn[..., 0].reshape(24, 2, 16).argmax(axis=-1)
    assert (corners[:, 0] == corners[:, 1]).all()
    assert sorted(np.unique(corners)) == [0, 3, 12, 15]  # the four corners
    kinds = set(zip(rows_of(drawn)[:, 0] // N_EACH, corners[:, 0], strict=True))
    assert len(kinds) == 24
    assert episodes.at_most(100, members, rotations=True) == 24
    assert episodes.at_most(100, members, rotations=False) == N_CLASSES
    assert episodes.at_most(2, members, rotations=True) == 2


def test_an_episode_is_in_order_of_classes_and_every_turn_asks_about_the_same_classes(x, members):
    options = episodes.QueryOptions(n_way=3, n_shot=2, n_query=1)
    make = episodes.support_and_query(x, members, options, n_turns=2)
    images, targets = make(np.random.default_rng(0))
    rows = rows_of(images)
    classes = rows // N_EACH
    assert list(classes) == list(np.repeat(classes[::3], 3))
    assert len(set(rows)) == 9
    assert np.array_equal(targets, np.vstack([np.eye(3), np.eye(3)]))


def test_after_all_turns_every_image_was_in_every_place():
    options = episodes.QueryOptions(n_shot=2, n_query=3)
    embedded = np.arange(4 * 5, dtype=np.float32)[:, None]  # 4 classes of 5 images
    support, queries = (np.array(part) for part in episodes.turns(embedded, 4, options, 5))
    assert support.shape == (5, 4, 2, 1) and queries.shape == (5, 4 * 3, 1)
    assert list(support[0].ravel()) == [0, 1, 5, 6, 10, 11, 15, 16]  # the first are as drawn
    queries = queries.reshape(5, 4, 3)
    for c in range(4):
        everything = set(range(5 * c, 5 * c + 5))
        for turn in range(5):
            assert {*support[turn, c].ravel(), *queries[turn, c]} == everything
        for place in range(2):
            assert set(support[:, c, place].ravel()) == everything


def test_the_support_set_of_a_finished_model_is_drawn_by_seed_from_training_rows(members):
    rows, owner = episodes.support_of(members, 3, seed=1)
    assert list(owner) == list(np.repeat(np.arange(N_CLASSES), 3))
    assert list(rows // N_EACH) == list(owner)
    assert np.array_equal(rows, episodes.support_of(members, 3, seed=1)[0])
    assert not np.array_equal(rows, episodes.support_of(members, 3, seed=2)[0])
    everything, _ = episodes.support_of(members, 99, seed=0)
    assert list(everything) == list(range(N_CLASSES * N_EACH))


def test_what_is_drawn_is_a_function_of_seed_epoch_and_number():
    def make(rng):
        return (rng.integers(0, 10**9),)

    a, b = (pipelines.drawn(make, 3, seed=5) for _ in range(2))
    first = [a[i][0] for i in range(a.n_batches)]
    assert len(set(first)) == 3
    assert [b[i][0] for i in (2, 1, 0)] == first[::-1]
    second = [a[i][0] for i in range(3, 6)]
    a.first_epoch = 1
    assert [a[i][0] for i in range(3)] == second
    assert not set(first) & set(second)
    assert pipelines.drawn(make, 3, seed=6)[0][0] != first[0]


def test_all_pairs_of_an_episode_count_and_both_kinds_weigh_the_same(x, members):
    options = SiameseOptions(n_images=21)
    assert siamese.classes_and_images(options, members) == (5, 4)
    images, targets, weights = siamese.pairs(x, members, options)(np.random.default_rng(0))
    classes = rows_of(images) // N_EACH
    same = classes[:, None] == classes
    assert len(images) == 20 and len(set(rows_of(images))) == 20
    assert np.array_equal(targets.argmax(axis=1).reshape(20, 20), same)
    weights = weights.reshape(20, 20)
    assert (np.diag(weights) == 0).all() and (weights + np.eye(20) > 0).all()
    assert weights[same].sum() == pytest.approx(weights[~same].sum())
    assert weights.mean() == pytest.approx(1)


def test_few_classes_give_more_images_each(members):
    assert siamese.classes_and_images(SiameseOptions(n_images=64), members[:3]) == (3, 21)


def test_a_sequence_has_every_image_with_the_number_its_class_has_in_this_episode(x, members):
    make = memory.sequences(x, members, N_CLASSES, MemoryOptions(n_each=3, n_together=4))
    (images, labels), targets = make(np.random.default_rng(0))
    assert np.array_equal(labels, targets)
    numbers = set()
    for rows, told in zip(rows_of(images).reshape(4, -1), labels.reshape(4, -1, 6), strict=True):
        classes = rows // N_EACH
        numbering = dict(zip(classes, told.argmax(axis=1), strict=True))
        assert [numbering[c] for c in classes] == list(told.argmax(axis=1))
        assert sorted(numbering.values()) == list(range(N_CLASSES))
        numbers.add(tuple(numbering[c] for c in range(N_CLASSES)))
    assert len(numbers) > 1
