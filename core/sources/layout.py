"""Find the class folders in a tree of names; folders and archives share it.

The rule, from the top down, looking only at folders that hold pictures:

1. Folders that are all named like splits (train, val, valid, validation, test), two or more, with
   folders inside, are splits: `root/split/class/picture`.
2. A folder some of whose children hold pictures directly is the folder of the class folders:
   `root/class/picture`; deeper folders belong to the class above them.
3. Unless just one child is deeper, holds class folders itself and most of the pictures: then the
   others lie beside the data (`docs/logo.png`, `images/cat/1.png`), and the search goes on there.
4. A folder with one child is only a wrapper. Several children without pictures of their own could
   mean anything: that is refused, because a guess would be wrong labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import InvalidInput
from core.language import t, tn
from core.records import Split
from core.sources.items import SPLIT_NAMES

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".gif", ".tif", ".tiff")
)  # only to find the folders; what a file is, its content says
_IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


@dataclass(slots=True)
class _Folder:
    n_here: int = 0  # pictures directly in it
    n_all: int = 0
    children: dict[str, _Folder] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the class folders are.

    Attributes
    ----------
    root : tuple of str
        The folder whose children are the class folders, or the split folders.
    splits : bool
        Whether its children are split folders.
    """

    root: tuple[str, ...]
    splits: bool

    def place(self, path: str) -> tuple[str, Split | None] | None:
        """Return the label and split of a file, None for one outside the class folders.

        Examples
        --------
        >>> Layout(("data",), splits=True).place("data/valid/cat/1.png")
        ('cat', 'val')
        >>> Layout((), splits=False).place("readme.txt") is None
        True
        """
        parts = tuple(path.split("/"))
        n_root = len(self.root)
        if parts[:n_root] != self.root or len(parts) < n_root + 2 + self.splits:
            return None
        if not self.splits:
            return parts[n_root], None
        split = SPLIT_NAMES.get(parts[n_root].casefold())
        return (parts[n_root + 1], split) if split else None


def is_ignored(path: str) -> bool:
    """Tell whether a file is the operating system's own (hidden files, Thumbs.db, __MACOSX)."""
    return any(part.startswith(".") or part.casefold() in _IGNORED for part in path.split("/"))


def looks_like_picture(path: str) -> bool:
    """Tell by the name alone."""
    name = path.rsplit("/", 1)[-1].casefold()
    return "." in name and "." + name.rsplit(".", 1)[-1] in SUFFIXES


def find_layout(paths: Iterable[str], where: str) -> Layout:
    """Find the class folders among the files `paths` (`/` between folders).

    Raises
    ------
    InvalidInput
        If there are none, or several folders could hold them; `where` names the source in it.
    """
    top = _Folder()
    for path in filter(looks_like_picture, paths):
        folder = top
        folder.n_all += 1
        for part in path.split("/")[:-1]:
            folder = folder.children.setdefault(part, _Folder())
            folder.n_all += 1
        folder.n_here += 1
    return _descend(top, where)


def _descend(top: _Folder, where: str) -> Layout:
    here, root = top, ()  # type: tuple[_Folder, tuple[str, ...]]
    while here.children:
        if _are_splits(here):
            return Layout(root, splits=True)
        direct = [name for name, child in here.children.items() if child.n_here]
        deep = [name for name, child in here.children.items() if not child.n_here]
        if direct and not (len(deep) == 1 and _is_the_data(here.children[deep[0]], here)):
            return Layout(root, splits=False)
        if len(deep) > 1:
            raise InvalidInput(
                t("{where} has several folders that could hold the classes", where=where),
                expected=t("class folders with pictures in them, such as cat/1.jpg and dog/2.jpg"),
                received=", ".join(sorted(deep)[:5]),
                todo=t("import one of them, or write a CSV manifest with the columns path,label"),
            )
        root, here = (*root, deep[0]), here.children[deep[0]]
    raise InvalidInput(
        t("{where} has no class folders", where=where),
        expected=t("class folders with pictures in them, such as cat/1.jpg and dog/2.jpg"),
        received=tn("{n} picture in no folder", "{n} pictures in no folder", top.n_all)
        if top.n_all
        else t("no picture at all"),
        todo=t("sort them into folders, or write a CSV manifest with the columns path,label"),
    )


def _are_splits(folder: _Folder) -> bool:
    names = [name.casefold() for name in folder.children]
    return (
        len({SPLIT_NAMES.get(name, "other") for name in names}) > 1
        and all(name in SPLIT_NAMES for name in names)
        and all(child.children for child in folder.children.values())
    )


def _is_the_data(child: _Folder, parent: _Folder) -> bool:
    inner = [folder for folder in child.children.values() if folder.n_here]
    return (len(inner) > 1 or _are_splits(child)) and 2 * child.n_all > parent.n_all
