"""What a consensus would change before it is saved; how many labels are right where it shows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update

from core.errors import NotReady
from core.services.data.datasets import picture
from core.services.labels import (
    adjudicating,
    label_preview,
    label_sets,
    label_truth,
    label_work,
    review_pictures,
    reviewing,
)
from core.store import tables
from tests.seeding import LABELS, add_small_dataset


@pytest.fixture
def small(workspace):
    """Eight images; two people say B of the first two, one says A of the third."""
    dataset_id, ids = add_small_dataset(workspace, 8)
    n = 0
    for image, label, people in ((0, "B", "xy"), (1, "B", "xy"), (2, "A", "x"), (3, "C", "x")):
        for person in people:
            n += 1
            reviewing.submit(
                workspace, dataset_id, ids[image], reviewer=person, event_id=f"e{n}", label=label
            )
    reviewing.submit(workspace, dataset_id, ids[3], reviewer="y", event_id="e9", label="D")
    return dataset_id, ids


def test_a_preview_is_what_would_be_saved(workspace, small):
    dataset_id, ids = small
    found = label_preview.preview(workspace, dataset_id, "majority")
    assert (found.n_reviewed, found.n_changed, found.n_open) == (4, 3, 1)
    assert found.mean_quality == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    before = label_preview.version(workspace, dataset_id)
    adjudicating.adjudicate(
        workspace, dataset_id, ids[3], who="z", event_id="d", label="A", expected_version=0
    )
    assert label_preview.version(workspace, dataset_id) != before
    found = label_preview.preview(workspace, dataset_id, "majority")
    assert (found.n_open, found.labels[3], found.quality[3]) == (0, 0, 1.0)
    saved = label_work.consensus(workspace, dataset_id, method="majority")
    kept = label_sets.indices(workspace, label_sets.get_dataset(workspace, dataset_id), saved)
    np.testing.assert_array_equal(found.labels, kept)
    changed = label_sets.changes(workspace, dataset_id, "original", saved.id)
    assert label_preview.changed(workspace, dataset_id, found.labels) == list(changed["position"])
    assert saved.origin["n_changed"] == found.n_changed


def test_without_reviews_there_is_nothing_to_preview(workspace):
    dataset_id, _ = add_small_dataset(workspace, 4)
    with pytest.raises(NotReady, match="nobody has reviewed"):
        label_preview.preview(workspace, dataset_id, "majority")


def test_label_accuracy_is_known_where_the_truth_is(workspace, small):
    dataset_id, _ = small
    saved = label_work.consensus(workspace, dataset_id, method="majority")
    truth = {f"{i:04d}.png": {"true_label": LABELS[i % 4]} for i in range(8)}
    truth["0000.png"] = {"true_label": "B"}  # here the reviewers are right, and the import wrong
    del truth["0007.png"]
    blob = workspace.blobs.put_bytes(json.dumps({"images": truth}).encode())
    with workspace.write() as conn:
        conn.execute(update(tables.dataset).values(sidecar=blob))
    found = label_truth.label_accuracy(workspace, dataset_id, saved.id)
    assert found.n_images == 7
    assert found.before == pytest.approx(6 / 7)
    assert found.after == pytest.approx(5 / 7)  # the third and, a tie, the fourth are wrong now
    assert found.difference == pytest.approx(found.after - found.before)
    assert found.ci[0] <= found.difference <= found.ci[1]


def test_of_photographs_nobody_knows_the_truth(workspace, small):
    saved = label_work.consensus(workspace, small[0], method="majority")
    assert label_truth.label_accuracy(workspace, small[0], saved.id) is None


def test_a_picture_for_review_has_every_pixel_and_no_metadata(workspace, small, tmp_path):
    _, ids = small
    data = review_pictures.jpeg(workspace, ids[0])
    path = tmp_path / "seen.jpg"
    path.write_bytes(data)
    with Image.open(path) as seen:
        assert (seen.format, seen.size, dict(seen.getexif())) == ("JPEG", (32, 32), {})
        difference = np.abs(np.asarray(seen).astype(int) - picture(workspace, ids[0]))
    assert difference.mean() < 10  # of noise, the hardest to keep
