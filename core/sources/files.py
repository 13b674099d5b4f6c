"""The four files of a data set, written row by row."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from core.errors import StoreError
from core.language import t


class DatasetFiles:
    """Appends images to a pack, a pixel array and an atlas; the array's length is known last.

    Parameters
    ----------
    folder : Path
        An existing folder.
    size_px : int
        Side of the square pixels.

    Notes
    -----
    The .npy header is written twice, at the start with no rows and at the end with all: NumPy pads
    it so that growing along the first axis keeps its length.
    """

    def __init__(self, folder: Path, size_px: int) -> None:
        self._paths = {
            "pack": folder / "pack",
            "pixels": folder / "pixels.npy",
            "atlas": folder / "atlas",
            "atlas_offsets": folder / "atlas_offsets.npy",
        }
        self._size_px = size_px
        self._n_bytes = 0
        self._ends = [0]  # of the thumbnails
        with _writing(), ExitStack() as stack:
            self._pack, self._pixels, self._atlas = (
                stack.enter_context(self._paths[name].open("wb"))
                for name in ("pack", "pixels", "atlas")
            )
            self._pixels.write(self._header(0))
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._open.close()
            return
        try:
            self._open.close()
        except OSError as second:  # a full disk fails again on closing; the first error says more
            error.add_note(f"closing the files failed too: {second}")

    def add(self, data: bytes, pixels: bytes, thumbnail: bytes) -> int:
        """Append one image and return the offset of its file in the pack.

        Raises
        ------
        StoreError
            If the disk is full or cannot be written.
        """
        offset = self._n_bytes
        with _writing():
            self._pack.write(data)
            self._pixels.write(pixels)
            self._atlas.write(thumbnail)
        self._n_bytes += len(data)
        self._ends.append(self._ends[-1] + len(thumbnail))
        return offset

    def finish(self) -> Mapping[str, Path]:
        """Complete the files, close them and return their paths; raises as `add` does."""
        with _writing():
            self._pixels.seek(0)
            self._pixels.write(self._header(len(self._ends) - 1))
            self._open.close()
            offsets = np.array(self._ends, dtype=np.int64)  # (n_images + 1,)
            np.save(self._paths["atlas_offsets"], offsets, allow_pickle=False)
        return self._paths

    def _header(self, n_images: int) -> bytes:
        shape = (n_images, self._size_px, self._size_px, 3)
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": shape}
        )
        return header.getvalue()


@contextmanager
def _writing() -> Iterator[None]:
    """Turn what the disk says into a sentence."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise StoreError(
            t("the images could not be written: the disk is full")
            if full
            else t("the images could not be written"),
            received=error.strerror,
            todo=t("free some space and import again")
            if full
            else t("see whether it can be written"),
        ) from error
