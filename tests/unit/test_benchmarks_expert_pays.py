"""One generator seed of `bench_expert_pays`: an expert pays where it can, and only there."""

from __future__ import annotations

import pytest

from core.services.runs.training import list_runs

N_IMAGES = 2100


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_expert_on_fine_detail_pays_and_the_one_on_inseparable_classes_does_not(
    workspace, monkeypatch
):
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the benchmark sets them; afterwards they are as before
    from benchmarks import bench_expert_pays as bench

    found = bench.measure(workspace, 0, N_IMAGES)
    check(found)
    again = bench.measure(workspace, 0, N_IMAGES)  # nothing is drawn or trained twice
    assert {**again, "wall_s": 0, "cpu_s": 0} == {**found, "wall_s": 0, "cpu_s": 0}
    assert len(list_runs(workspace, bench.drawn(workspace, 0, N_IMAGES))) == 4


def check(found):
    detail, inseparable = found["detail"], found["inseparable"]
    assert detail["pays"] and detail["verdict"].startswith("The experts pay")
    assert detail["gain_ci"][0] > 0 and detail["ensemble"]["lead_ci"][0] > 0
    assert detail["gain"] > detail["random"]["gain"] + 2 * detail["random"]["accuracy_sd"]
    assert not inseparable["pays"] and inseparable["gain_ci"][0] <= 0
    assert "The experts pay" not in inseparable["verdict"]
