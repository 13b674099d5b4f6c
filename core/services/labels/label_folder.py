"""Write a data set as class folders with splits: what any other trainer reads."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from core.errors import InvalidInput
from core.language import t
from core.services.data.datasets import get_dataset, images, picture
from core.services.labels import label_sets
from core.services.labels.label_files import export_labels
from core.services.labels.label_sets import ORIGINAL
from core.services.runs.exporting import unwritable
from core.store.database import Workspace

_UNSAFE = '<>:"/\\|?*%'  # on some file system or other
_MOST_BYTES = 200  # of a folder's name; most file systems stop at 255


def export_folders(ws: Workspace, dataset_id: str, folder: Path, *, labels: str = ORIGINAL) -> int:
    """Write every image to `folder/SPLIT/LABEL/NUMBER.png`, and `labels.csv`; return how many.

    Parameters
    ----------
    folder : Path
        Must not exist yet, or be empty.
    labels : str
        Whose labels: "original" or a label set.

    Raises
    ------
    InvalidInput
        If the folder is not empty, or cannot be written.
    NotFound
        If there is no such label set.

    Notes
    -----
    Images are written from their decoded pixels, so a picture's place or its owner's name stays
    here. NUMBER is the position in the data set; `labels.csv` has path, label and the rest.
    Importing the folder again gives the same labels and splits; but in the name of a folder, what
    file systems do not take is written as %XX.
    """
    dataset = get_dataset(ws, dataset_id)
    y = label_sets.indices(ws, dataset, labels)
    frame = images(ws, dataset.id)
    names = folder_names(dataset.labels)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InvalidInput(
                t("{folder} is not empty", folder=folder),
                expected=t("a new folder"),
                todo=t("name one that does not exist yet"),
            )
        for split in sorted(set(frame["split"])):
            for name in names:
                (folder / split / name).mkdir(parents=True)
        for position, (image, split) in enumerate(
            zip(frame["image_id"], frame["split"], strict=True)
        ):
            target = folder / split / names[y[position]] / f"{position:06d}.png"
            Image.fromarray(picture(ws, image)).save(target)
    except OSError as error:
        raise unwritable(folder, error) from error
    return export_labels(ws, dataset.id, folder / "labels.csv", labels=labels)


def folder_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return a folder name for each label, different where the labels are.

    Raises
    ------
    InvalidInput
        If two labels differ only by case, which some file systems take for one.

    Examples
    --------
    >>> folder_names(("cat", "n/a", "..", "100 %"))
    ('cat', 'n%2Fa', '%2E%2E', '100 %25')
    """
    names = tuple(_safe(label) for label in labels)
    if len({name.casefold() for name in names}) < len(names):
        raise InvalidInput(
            t("two labels differ only by upper and lower case, so their folders would be one"),
            received=", ".join(labels),
            todo=t("export a table instead (.csv or .parquet)"),
        )
    too_long = [name for name in names if len(name.encode()) > _MOST_BYTES]
    if too_long:
        raise InvalidInput(
            t("a label is too long for the name of a folder"),
            expected=t("at most {most_bytes} bytes", most_bytes=_MOST_BYTES),
            received=too_long[0][:50],
            todo=t("export a table instead (.csv or .parquet)"),
        )
    return names


def _safe(label: str) -> str:
    escaped = "".join(f"%{ord(c):02X}" if c in _UNSAFE or not c.isprintable() else c for c in label)
    if escaped[0] in ". ":
        escaped = f"%{ord(escaped[0]):02X}{escaped[1:]}"
    if escaped[-1] in ". ":
        escaped = f"{escaped[:-1]}%{ord(escaped[-1]):02X}"
    return escaped
