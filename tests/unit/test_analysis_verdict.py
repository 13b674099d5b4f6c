"""How often the verdict is wrong: on data without clusters, and on clusters that are there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.analysis.clusters import clustering

K_MOST = 9  # clusters; more would only take longer
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
Draw = Callable[[np.random.Generator, int], np.ndarray]


def _seen(latent, rng):
    """Return what a random ReLU layer makes of latent variables, as embeddings are."""
    return np.maximum(latent @ rng.normal(size=(latent.shape[1], 200)), 0.0)


def _graded(rng, n):
    along = rng.random((n, 1)) * 6.0
    return _seen(along @ rng.normal(size=(1, 32)) + rng.normal(size=(n, 32)), rng)


def _curved(rng, n):
    along = rng.random((n, 1))
    waves = np.hstack([3.0 * np.sin(along * (i + 1)) for i in range(16)])
    return waves + rng.normal(size=(n, 16))


def _flat(rng, n):
    plane = rng.random((n, 3)) @ rng.normal(size=(3, 40))
    return plane + 0.05 * rng.normal(size=(n, 40))


def _heavy(rng, n):
    return rng.standard_t(3, size=(n, 32)) @ rng.normal(size=(32, 80))


def _burst(rng, n):
    radius = np.sqrt(rng.chisquare(3, size=(n, 1)) / 3)
    return rng.normal(size=(n, 32)) / radius @ rng.normal(size=(32, 80))


SHAPELESS: dict[str, Draw] = {
    "uniform": lambda rng, n: rng.random((n, 32)),
    "Gaussian": lambda rng, n: rng.normal(size=(n, 64)),
    "Gaussian, embedded": lambda rng, n: _seen(rng.normal(size=(n, 32)), rng),
    "Gaussian, stretched": lambda rng, n: (
        (rng.normal(size=(n, 64)) * np.geomspace(10.0, 0.3, 64)) @ rng.normal(size=(64, 64))
    ),
    "heavy tails": _heavy,
    "heavy tails, together": _burst,
}
GRADED: dict[str, Draw] = {"graded": _graded, "curved": _curved, "flat": _flat}


def _verdict(x, seed):
    rows = clustering.sweep(clustering.reduce(x), range(1, K_MOST + 1), seed).rows
    return clustering.verdict(rows, clustering.suggest(rows))


def test_data_without_clusters_get_no_number():
    """48 data sets: what is round has no structure, and none at all has a number of classes."""
    sizes = (300, 300, 300, 500, 1000)
    denied = {
        name: [
            _verdict(draw(np.random.default_rng(seed), n), seed).kind
            for seed, n in enumerate(sizes)
        ]
        for name, draw in SHAPELESS.items()
    }
    graded = [
        _verdict(draw(np.random.default_rng(seed), n), seed).kind
        for draw in GRADED.values()
        for seed, n in enumerate((300, 300, 300, 300, 500, 500))
    ]
    said = [kind for kinds in denied.values() for kind in kinds]
    assert len(said) + len(graded) == 48
    assert (said + graded).count("structure") <= 1  # 2 %
    assert said.count("none") >= 22
    for name in ("uniform", "Gaussian", "Gaussian, embedded", "Gaussian, stretched"):
        assert set(denied[name]) == {"none"}


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_clusters_that_are_there_are_counted(k):
    """Equal, halving and stretched clusters: the right number, or none; never another."""
    found = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        for weights, scale in (
            (np.ones(k), np.ones(32)),
            (0.7 ** np.arange(k), np.ones(32)),
            (np.ones(k), np.r_[4.0, 2.0, np.ones(30)]),
        ):
            y = rng.choice(k, 600, p=weights / weights.sum())
            latent = 2.2 * rng.normal(size=(k, 32))[y] + rng.normal(size=(600, 32)) * scale
            found.append(_verdict(_seen(latent, rng), seed).k)
    assert set(found) <= {k, None}
    assert found.count(k) >= 5
