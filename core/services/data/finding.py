"""Find the image of a data set that a file from elsewhere means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import pandas as pd

from core.language import t
from core.sources.items import printable


def finder(frame: pd.DataFrame) -> Callable[[str], tuple[str | None, str]]:
    """Return a function from a name in a file to (image id or None, why it is none).

    An image is named by its id, its path in the data set, or its file name where only one has it.

    Parameters
    ----------
    frame : DataFrame
        With the columns image_id and path.
    """
    ids = set(frame["image_id"])
    by_path = dict(zip(frame["path"], frame["image_id"], strict=True))
    by_name: dict[str, list[str]] = {}
    for path, image in by_path.items():
        by_name.setdefault(PurePosixPath(path).name, []).append(image)

    def find(text: str) -> tuple[str | None, str]:
        if text in ids:
            return text, ""
        if text in by_path:
            return by_path[text], ""
        named = by_name.get(PurePosixPath(text.replace("\\", "/")).name, [])
        if len(named) == 1:
            return named[0], ""
        shown = repr(printable(text)[:100])
        if not named:
            return None, t("no image {name}", name=shown)
        return None, t("{n:,} images are called {name}", n=len(named), name=shown)

    return find
