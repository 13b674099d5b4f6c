"""What an answer hangs on, asked of whole models: the cascade's answer, not the generalist's."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidInput
from core.services.data import datasets
from core.services.runs import looking, predicting
from tests.exportable import fill
from tests.image_files import encoded


@pytest.fixture
def ids(workspace):
    return fill(workspace)


def test_the_cascade_is_asked_as_a_whole(workspace, ids):
    rows = datasets.split_index(workspace, ids.dataset, "test").tolist()
    answers = predicting.predict_known(workspace, ids.cascade, rows)
    position, said = next((p, a) for p, a in zip(rows, answers, strict=True) if a["deferred"])
    found = looking.look(workspace, ids.cascade, position)
    assert (found.answer, found.confidence) == (said["class"], said["confidence"])
    dataset = datasets.get_dataset(workspace, ids.dataset)
    assert np.array_equal(found.pixels, datasets.pixels(workspace, dataset)[position])
    assert found.heat.shape == (dataset.size_px,) * 2 and found.n_patches > 100
    alone = looking.look(workspace, ids.generalist, position)
    assert not np.allclose(found.heat, alone.heat)  # the expert has its part


def test_a_file_is_looked_at_as_it_is_answered(workspace, ids):
    (said,) = predicting.predict(workspace, ids.generalist, [("x.png", encoded(3))])
    found = looking.look(workspace, ids.generalist, ("x.png", encoded(3)))
    assert (found.answer, found.confidence) == (said["class"], said["confidence"])
    assert 0 < found.largest <= 1 and 0 <= found.n_turned <= found.n_patches
    with pytest.raises(InvalidInput, match=r"x\.png"):
        looking.look(workspace, ids.generalist, ("x.png", b"no image"))
