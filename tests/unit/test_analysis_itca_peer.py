"""ITCA against the package of the paper's authors."""

from __future__ import annotations

import itca as peer
import numpy as np
import pytest

from core.analysis.merges.itca import score
from core.analysis.merges.partitions import canonical


def test_itca_is_that_of_its_authors_on_a_thousand_matrices():
    rng = np.random.default_rng(0)
    for _ in range(1000):
        k = int(rng.integers(2, 9))
        matrix = rng.integers(0, 7, (k, k)) + np.eye(k, dtype=int)
        row = canonical(rng.integers(0, k, (1, k)))[0]
        true, said = (np.repeat(index.ravel(), matrix.ravel()) for index in np.indices((k, k)))
        mapping = peer.bidict({label: int(group) for label, group in enumerate(row)})
        theirs = peer.itca(true, row[said], mapping)
        assert score(matrix, row[None]).itca[0] == pytest.approx(theirs, abs=1e-12)
