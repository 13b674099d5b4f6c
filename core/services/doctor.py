"""Whether this workspace is sound, and what this machine can do."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core.services.data.datasets import list_datasets
from core.services.jobs import list_jobs
from core.services.runs import mlflow_mirror
from core.store import health
from core.store.database import Workspace

_PACKAGES = ("streamlit", "tensorflow", "keras", "scikit-learn", "umap-learn", "onnxruntime")
_LOW_DISK_BYTES = 1_000_000_000


def examine(ws: Workspace) -> dict[str, Any]:
    """Return data sets, jobs, versions and what is wrong (an empty list: nothing found)."""
    disk = shutil.disk_usage(ws.path)
    with ws.read() as conn:
        problems = health.damage(conn)
    if disk.free < _LOW_DISK_BYTES:
        problems.append(f"only {disk.free / 1e9:.1f} GB are free on the workspace's disk")
    tracking = mlflow_mirror.tracking(ws.settings.tracking_uri)
    if ws.settings.tracking_uri and not tracking["on"]:
        problems.append("MLFLOW_TRACKING_URI is set, but MLflow is not installed")
    problems += [f"{name} is not installed" for name, found in _versions().items() if not found]
    return {
        "workspace": str(ws.path),
        "datasets": [
            {"dataset": d.id, "name": d.name, "n_images": d.n_images, "labels": list(d.labels)}
            for d in list_datasets(ws)
        ],
        "n_active_jobs": len(list_jobs(ws, active_only=True)),
        "free_bytes": disk.free,
        "n_threads": ws.settings.n_threads,
        "tracking": tracking,
        "python": platform.python_version(),
        "versions": _versions(),
        "problems": problems,
    }


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found
