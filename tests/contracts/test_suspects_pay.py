"""Who reviews the suspects repairs labels: shown on the drawn set, whose truth is known."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from core.services.labels.label_truth import label_accuracy
from core.settings import load_settings
from core.sources import rosebuds
from core.store.database import open_workspace
from tests.contracts.test_command_line import Shell


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [0, 3])
def test_reviewing_a_hundred_suspects_raises_the_label_accuracy(tmp_path: Path, seed: int) -> None:
    shell = Shell(tmp_path / "workspace")
    shell("import", f"builtin:rosebuds?seed={seed}", "--name", "buds")
    shell("embed", "buds")
    shell("train", "buds", "--algorithm", "probe")
    found = shell("labels", "suspects", "buds", "--limit", "100")["suspects"]
    assert len(found) == 100

    truth = json.loads(rosebuds.sidecar(seed=seed))["images"]
    reviews = tmp_path / "reviews.csv"
    with reviews.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "reviewer", "label"])
        for row in found:
            writer.writerow([row["path"], "Ana", truth[row["path"]]["true_label"]])
    assert shell("labels", "import", "buds", reviews)["n_reviews"] == 100
    shell("labels", "consensus", "buds", "--method", "majority", "--name", "reviewed")

    ws = open_workspace(load_settings(shell.workspace))
    gained = label_accuracy(ws, "buds", "reviewed")
    ws.close()
    assert gained is not None and gained.n_images == 1050
    assert gained.difference > 0.01 and gained.ci[0] > 0
