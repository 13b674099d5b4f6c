"""An exported folder as a pyfunc model of MLflow: `mlflow models serve` finds it through MLmodel.

Nothing of MLflow is imported. Its server hands over a table with one image a row, and sends the
answers of `predict` back.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput
from core.language import t
from core.services.exports.opening import Exported, open_export
from core.settings import ImageLimits, load_settings

if TYPE_CHECKING:
    from pandas import DataFrame

LOADER = __name__
IMAGE = "image"  # the column: base64 of an image file


class Served:
    """A model that MLflow asks."""

    def __init__(self, exported: Exported, limits: ImageLimits) -> None:
        self._exported, self._limits = exported, limits

    def predict(self, table: DataFrame, params: Any = None) -> list[dict[str, Any]]:
        """Answer for each row; returns and raises as `Exported.answer` does."""
        images = enumerate(table[IMAGE])
        files = [(f"image {row}", _decoded(row, text)) for row, text in images]
        return self._exported.answer(files, self._limits)


def _load_pyfunc(data_path: str) -> Served:
    """Open the folder; MLflow calls this name."""
    settings = load_settings()
    return Served(open_export(Path(data_path), settings.n_threads), settings.limits)


def _decoded(row: int, text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(
            t("image {row} cannot be read", row=row),
            expected=t("base64 of an image file"),
            received=str(error),
        ) from error
