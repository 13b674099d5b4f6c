"""Where images come from: folders, archives, tables, built-in sets.

Nothing here knows the database; `build` writes plain files that `core.store` takes over.
"""

from __future__ import annotations

from pathlib import Path

from core.settings import ImageLimits
from core.sources.items import Source


def open_source(source: str, limits: ImageLimits, *, cache_dir: Path | None = None) -> Source:
    """Open a source by what a user typed: a path, or `builtin:NAME` or `keras:NAME`."""
    raise NotImplementedError
