"""Settings: from the environment only, read when asked for, never from a text box."""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from core.language import t

ROOT = Path(__file__).resolve().parent.parent
DEMO_NAME = "rosebuds"
DEFAULT_BACKBONE = "efficientnet_lite0"  # the one whose weights come with the installation


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What an import accepts; each limit guards against a known attack (docs/architecture.md)."""

    formats: tuple[str, ...] = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
    file_bytes: int = 20_000_000
    n_pixels: int = 50_000_000  # Pillow's own limit only warns from 89 million on
    n_frames: int = 1  # a moving picture is not one image: its first frame is not what people saw
    archive_bytes: int = 4_000_000_000
    archive_unpacked_bytes: int = 16_000_000_000
    archive_entries: int = 200_000
    archive_ratio: int = 100  # unpacked / packed, per entry; deflate's most is about 1,030


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the workspace is and how much of the machine a job may use.

    Environment
    -----------
    DESEMPATE_HOME
        The workspace folder; default `data/workspace` beside the code.
    DESEMPATE_WEIGHTS
        Folder with backbone weights placed by hand; default `data/weights`.
    DESEMPATE_THREADS
        Threads a job may use; default all but one core, at least one.
    DESEMPATE_WORKER
        `external` when something else keeps `python -m core worker` running (systemd, a container);
        by default whoever submits a job starts a worker if none lives.
    MLFLOW_TRACKING_URI
        MLflow's own name: where finished runs are mirrored to; by default nowhere.
    """

    workspace: Path
    weights: Path
    n_threads: int
    limits: ImageLimits = ImageLimits()
    command: tuple[str, ...] = (sys.executable, "-m", "core")  # how a process of ours is started
    spawns_worker: bool = True
    tracking_uri: str | None = None


def load_settings(workspace: str | Path | None = None) -> Settings:
    """Read the settings from the environment; `workspace` wins over DESEMPATE_HOME.

    Raises
    ------
    InvalidInput
        If DESEMPATE_THREADS is not a number from 1 on.
    """
    home = workspace or os.environ.get("DESEMPATE_HOME") or ROOT / "data" / "workspace"
    weights = os.environ.get("DESEMPATE_WEIGHTS") or ROOT / "data" / "weights"
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    n_threads = os.environ.get("DESEMPATE_THREADS") or str(max(1, cores - 1))
    if not n_threads.isdecimal() or int(n_threads) < 1:
        raise InvalidInput(
            t("DESEMPATE_THREADS cannot be used"), expected=t("1 or more"), received=repr(n_threads)
        )
    return Settings(
        Path(home).expanduser().resolve(),
        Path(weights).expanduser(),
        int(n_threads),
        spawns_worker=os.environ.get("DESEMPATE_WORKER") != "external",
        tracking_uri=os.environ.get("MLFLOW_TRACKING_URI") or None,
    )


def product_version() -> str:
    """Return the version of this product, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])
