"""Previews of augmentation: which images, what is kept, what counts as the same."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidInput
from core.jobs.execution import execute
from core.services import jobs
from core.services.data import datasets
from core.services.runs import previewing
from core.services.runs.previewing import find_preview, submit_preview
from core.services.tasks import TASKS
from tests.seeding import LABELS, SIZE_PX, seed


@pytest.fixture
def ids(workspace):
    return seed(workspace)


def test_a_job_makes_it_and_asking_again_finds_it(workspace, ids):
    assert find_preview(workspace, ids.dataset, "cnn", {}) is None
    job_id = submit_preview(workspace, ids.dataset, "cnn", {})
    assert submit_preview(workspace, ids.dataset, "cnn", {"epochs": 3}) == job_id
    execute(workspace, job_id, 1, TASKS)
    assert jobs.get_job(workspace, job_id).state == "done"
    found = find_preview(workspace, ids.dataset, "cnn", {"epochs": 7})
    assert found.images.shape == (6, 6, SIZE_PX, SIZE_PX, 3) and found.images.dtype == np.uint8
    assert set(found.labels) == set(LABELS)  # one of each class before a second of any
    dataset = datasets.get_dataset(workspace, ids.dataset)
    split = datasets.splits(workspace, dataset.id)
    assert {split[p] for p in found.positions} == {"train"}
    originals = datasets.pixels(workspace, dataset)[list(found.positions)]
    assert np.array_equal(found.images[:, 0], originals)
    assert not np.array_equal(found.images[:, 1], found.images[:, 2])
    assert find_preview(workspace, ids.dataset, "cnn", {"rotation_deg": 90.0}) is None


def test_what_does_not_augment_is_refused(workspace, ids):
    assert previewing.augmenting() == ["cnn", "alexnet"]
    with pytest.raises(InvalidInput, match="cnn or alexnet"):
        submit_preview(workspace, ids.dataset, "probe", {})
    with pytest.raises(InvalidInput):
        submit_preview(workspace, ids.dataset, "cnn", {"rotation_deg": 500})


def test_whether_anything_is_changed_is_known_beforehand():
    still = {"rotation_deg": 0.0, "shift_share": 0.0, "contrast_share": 0.0}
    assert previewing.changes_anything("cnn", {})
    assert not previewing.changes_anything("cnn", still)
    assert previewing.changes_anything("cnn", still | {"flip": True})
    assert not previewing.changes_anything("alexnet", {"shift_share": 0.0})
