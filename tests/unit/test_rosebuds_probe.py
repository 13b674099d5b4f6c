"""The demo set is as hard as it promises to be, for the default backbone and a linear probe."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.analysis.class_map import ClassMap
from core.analysis.clusters.clustering import kmeans, reduce
from core.models.embedding import open_embedder
from core.sources.rosebuds import LABELS, MERGE_PAIRS, generate, sidecar

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
FIVE = ClassMap.from_merges(LABELS, MERGE_PAIRS)
N_SPLITS = 5


@pytest.fixture(scope="module", params=[0, 1])
def embedded(request, tmp_path_factory) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return embeddings, labels and true stages of a default set, for two generator seeds."""
    images = list(generate(seed=request.param))
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(image.data))) for image in images])
    folder: Path = tmp_path_factory.mktemp("backbone")
    embedder = open_embedder("efficientnet_lite0", folder / "weights", folder / "cache", 1)
    truth = json.loads(sidecar(seed=request.param))["images"]
    y = np.array([LABELS.index(image.label) for image in images])
    true = np.array([LABELS.index(truth[image.name]["true_label"]) for image in images])
    return embedder.embed(pixels), y, true


def test_seven_classes_are_hard_and_the_right_five_are_not(embedded):
    x, y, _ = embedded
    seven, five = [], []
    splits = StratifiedShuffleSplit(N_SPLITS, train_size=0.7, test_size=0.15, random_state=0)
    for train, test in splits.split(x, y):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=1000))
        probs = model.fit(x[train], y[train]).predict_proba(x[test])
        merged = FIVE.merge_probabilities(probs)
        seven.append((probs.argmax(axis=1) == y[test]).mean())
        five.append((merged.argmax(axis=1) == FIVE.apply(y)[test]).mean())
    assert 0.68 < np.mean(seven) < 0.82
    assert min(five) >= 0.88


def test_five_clusters_are_the_five_looks(embedded):
    x, _, true = embedded
    clusters = kmeans(reduce(x), 5)
    assert adjusted_rand_score(FIVE.apply(true), clusters) > 0.9
