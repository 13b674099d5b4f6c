"""Write what others may read: tables that carry no formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import InvalidInput
from core.language import t
from core.services.data.datasets import get_dataset, images
from core.services.runs.training import get_run
from core.sources.formulas import defused
from core.store.database import Workspace


def write_predictions(ws: Workspace, run_id: str, path: Path) -> int:
    """Write a run's probabilities for validation and test images; return how many.

    The columns are image (its sha256), path, split, label and p_CLASS for every class: raw
    probabilities, before temperature scaling.

    Raises
    ------
    InvalidInput
        If `path` ends neither in .csv nor in .parquet.
    """
    run = get_run(ws, run_id)
    frame = images(ws, get_dataset(ws, run.dataset_id).id)
    probs = ws.blobs.open_array(run.predictions)
    table = frame[["image_id", "path", "split", "label"]].rename(columns={"image_id": "image"})
    for column, name in enumerate(run.classes):
        table[f"p_{name}"] = probs[:, column]
    table = table.loc[~np.isnan(probs[:, 0])]
    write_table(table, path)
    return len(table)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as .csv or .parquet; in a CSV, text that looks like a formula is quoted.

    Raises
    ------
    InvalidInput
        If `path` ends in neither, or cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise InvalidInput(
            t("this kind of file cannot be written"),
            expected=t(" or ").join((".csv", ".parquet")),
            received=path.name,
        )
    try:
        if suffix == ".csv":
            defuse(table).to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> InvalidInput:
    """Return the error that says why a file was not written."""
    return InvalidInput(
        t("{path} cannot be written", path=path),
        received=error.strerror or str(error),
        todo=t("name a file in a folder that exists and that this account may write to"),
    )


def defuse(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy in which no text begins like a formula; numbers stay numbers."""

    def safe(value: object) -> object:
        return defused(value) if isinstance(value, str) else value

    return table.rename(columns=safe).map(safe)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as the bytes of a CSV, text that looks like a formula quoted."""
    return defuse(table).to_csv(index=False).encode()
