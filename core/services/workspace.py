"""Open the workspace: the first call of every page and every command."""

from __future__ import annotations

from pathlib import Path

from core.settings import load_settings
from core.store.database import Workspace
from core.store.database import open_workspace as _open

__all__ = ["Workspace", "open_workspace"]


def open_workspace(path: str | Path | None = None) -> Workspace:
    """Open a workspace, making or migrating it where needed.

    Parameters
    ----------
    path : str or Path, optional
        The folder; default DESEMPATE_HOME, else `data/workspace`.

    Raises
    ------
    StoreError
        If the folder cannot be used, or was written by a newer version.
    """
    return _open(load_settings(path))
