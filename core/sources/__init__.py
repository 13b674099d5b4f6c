"""Where images come from: folders, archives, tables, built-in sets.

Nothing here knows the database; `build` writes plain files that `core.store` takes over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from core.errors import InvalidInput
from core.language import phrase, t
from core.settings import ImageLimits
from core.sources.items import Source, printable

NAMES = ("builtin:rosebuds", "builtin:digits", "keras:fashion_mnist", "keras:cifar10")
_EXPECTED = phrase("a folder, a .zip, a .csv, .tsv or .parquet manifest, or one of {names}")


def open_source(source: str, limits: ImageLimits) -> Source:
    """Open what a user typed; use it in a `with`, an archive stays open until then.

    Parameters
    ----------
    source : str
        A path on this machine, or a name of `NAMES`, perhaps with options as in
        `builtin:rosebuds?n_per_class=20&size_px=64&seed=1` or `keras:cifar10?n_per_class=500`.
    limits : ImageLimits
        What is accepted of a stranger's files.

    Raises
    ------
    InvalidInput
        If there is no such source, or it is damaged, hostile, or without class folders or labels.

    Notes
    -----
    Opening lists a folder, an archive or a table and reads no image; it never uses the network.
    """
    scheme, colon, rest = source.partition(":")
    if colon and scheme in ("builtin", "keras"):
        return _open_named(source)
    if printable(source) != source or not source.strip() or rest.startswith("//"):
        raise InvalidInput(
            t("this is no source of images"),
            expected=_expected(),
            received=repr(printable(source)[:100]),
            todo=t("download what lies at an address first") if rest.startswith("//") else None,
        )
    try:
        path = Path(source).expanduser()
    except RuntimeError as error:  # ~nobody
        raise InvalidInput(
            t("{path} does not exist", path=source[:100]), expected=_expected()
        ) from error
    return _open_path(path, limits)


def _expected() -> str:
    return t(_EXPECTED, names=", ".join(NAMES))


def _open_path(path: Path, limits: ImageLimits) -> Source:
    suffix = path.suffix.lower()
    try:
        if path.is_dir():
            from core.sources.folder import FolderSource

            return FolderSource(path, limits)
        if path.is_file() and suffix == ".zip":
            from core.sources.archive import ArchiveSource

            return ArchiveSource(path, limits)
        if path.is_file() and suffix in (".csv", ".tsv", ".parquet"):
            from core.sources.folder import TableSource

            return TableSource(path, limits)
        exists = path.exists()
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be read", path=printable(str(path))), received=str(error)
        ) from error
    shown = printable(str(path))
    raise InvalidInput(
        t("{path} is no source of images", path=shown)
        if exists
        else t("{path} does not exist", path=shown),
        expected=_expected(),
    )


def _open_named(source: str) -> Source:
    name, _, query = source.partition("?")
    if name == "builtin:rosebuds":
        from core.sources.builtin import ROSEBUD_OPTIONS, RosebudSource

        return RosebudSource(_options(source, query, ROSEBUD_OPTIONS))
    if name == "builtin:digits":
        from core.sources.builtin import open_digits

        _options(source, query, {})
        return open_digits()
    if name in NAMES:
        from core.sources import keras_sets

        given = _options(source, query, keras_sets.OPTIONS)
        opener = {
            "keras:fashion_mnist": keras_sets.open_fashion_mnist,
            "keras:cifar10": keras_sets.open_cifar10,
        }[name]
        return opener(given.get("n_per_class"))
    raise InvalidInput(
        t("this is no built-in source"), expected=_expected(), received=printable(source)
    )


def _options(source: str, query: str, ranges: Mapping[str, tuple[int, int]]) -> Mapping[str, int]:
    """Read `a=1&b=2`, each a whole number in its range."""
    given = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        low, high = ranges.get(name, (1, 0))
        if not (text.isascii() and text.isdigit() and low <= int(text[:12]) <= high):
            known = ", ".join(
                t("{key} in {low}..{high}", key=key, low=a, high=b)
                for key, (a, b) in ranges.items()
            )
            raise InvalidInput(
                t("{source} has an option that is not understood", source=printable(source)),
                expected=known or t("no options"),
                received=printable(f"{name}={text}")[:100],
            )
        given[name] = int(text)
    return given
