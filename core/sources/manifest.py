"""Whether a folder or an archive is read by its class folders or by a manifest inside it.

Class folders win: a table beside them is some other list of the same pictures. Pictures that all
lie in one folder are no set of classes, so there a manifest is looked for, too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from core.errors import InvalidInput
from core.language import t
from core.sources.items import printable
from core.sources.layout import Layout, find_layout, looks_like_picture
from core.sources.recognise import BadImage
from core.sources.table import SUFFIXES, has_columns, unusable

_MAX_TABLES = 20  # that are looked into: each may be as large as a file may be


def find_listing(names: Sequence[str], where: str, read: Callable[[str], bytes]) -> Layout | str:
    """Return where the class folders are or, if there are none, the name of the manifest.

    Parameters
    ----------
    names : sequence of str
        All files, with `/` between folders.
    where : str
        Names the source in an error.
    read : callable
        Returns the bytes of one of `names`; raises as `SourceItem.read` does.

    Raises
    ------
    InvalidInput
        If there are neither class folders nor a manifest at the top or one folder down, or several
        manifests, or the only one cannot be read.

    Examples
    --------
    >>> find_listing(["list.csv", "images/1.png"], "it", lambda name: b"path,label")
    'list.csv'
    >>> find_listing(["list.csv", "cat/1.png", "dog/1.png"], "it", lambda name: b"path,label")
    Layout(root=(), splits=False)
    """
    found: Layout | InvalidInput
    try:
        found = find_layout(names, where)
        if _n_labels(names, found) > 1:
            return found
    except InvalidInput as error:
        found = error
    manifests, damage = _manifests(names, where, read)
    if len(manifests) > 1:
        raise _several(
            t("{where} has no class folders and several manifests", where=where), manifests
        )
    if manifests:
        return manifests[0]
    if isinstance(found, Layout):
        return found
    raise damage or found


def _n_labels(names: Sequence[str], layout: Layout) -> int:
    places = map(layout.place, filter(looks_like_picture, names))
    return len({place[0] for place in places if place})


def _manifests(
    names: Sequence[str], where: str, read: Callable[[str], bytes]
) -> tuple[list[str], InvalidInput | None]:
    """Return the tables that are manifests, and why a table that could be one is none."""
    tables = [name for name in names if name.count("/") <= 1 and _suffix(name) in SUFFIXES]
    if len(tables) > _MAX_TABLES:
        return [], _several(
            t("{where} has no class folders and several tables", where=where), tables
        )
    manifests: list[str] = []
    damage: InvalidInput | None = None
    for name in tables:
        try:
            if has_columns(name, io.BytesIO(read(name))):
                manifests.append(name)
        except BadImage as error:
            damage = damage or unusable(name, error.what)
        except InvalidInput as error:
            damage = damage or error
        except OSError as error:
            damage = damage or unusable(name, t("the system says {why}", why=error.strerror))
    return manifests, damage


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _several(what: str, names: Sequence[str]) -> InvalidInput:
    return InvalidInput(
        what,
        expected=t("class folders, or one manifest with the columns path,label"),
        received=", ".join(printable(name)[:100] for name in names[:5]),
        todo=t("leave only the one that is meant"),
    )
