"""Embeddings: images in, vectors out, on ONNX Runtime; this process never imports TensorFlow.

The Keras model is the definition. It is written as ONNX once, by a child process, into a cache
folder whose content may be deleted at any time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core import errors
from core.ids import content_id
from core.language import t
from core.models import backbones, weights
from core.models.onnx_session import open_session
from core.settings import ROOT

BATCH = 4  # of 1 to 32 the best or near it per CPU-second: larger batches leave the cache
RESIZING = "pillow-bilinear-antialias/1"  # change it and every cached embedding is stale
_POLL_S = 0.2
_EXPORT_LIMIT_S = 600.0


def embedder_key(backbone: str, input_px: int | None = None) -> str:
    """Return the id of everything, besides the pixels, that an embedding depends on.

    Parameters
    ----------
    backbone : str
        Key of `core.models.backbones.BACKBONES`.
    input_px : int, optional
        Side the images are resized to; by default the backbone's own.

    Returns
    -------
    str
        Equal for equal backbone, weights, preprocessing and size; fit for a file name.

    Raises
    ------
    InvalidInput
        If there is no such backbone, or it cannot take that size.

    Examples
    --------
    >>> embedder_key("efficientnet_lite0") == embedder_key("efficientnet_lite0", 224)
    True
    """
    entry = backbones.get(backbone)
    side = backbones.check_input_px(entry.input_px if input_px is None else input_px)
    recipe = [entry.name, entry.weights.digest, entry.preprocess, RESIZING, side]
    return content_id(f"{entry.name}-{side}", recipe)


class Embedder:
    """A backbone, ready to embed; made by `open_embedder`.

    Attributes
    ----------
    key : str
        As `embedder_key`.
    dim : int
        Length of one embedding.
    input_px : int
        Side the images are resized to, pixels.
    file : Path or bytes
        The ONNX file, or what is in it.
    """

    def __init__(
        self, file: Path | bytes, key: str, dim: int, input_px: int, n_threads: int
    ) -> None:
        self.file, self.key, self.dim, self.input_px = file, key, dim, input_px
        self._session = open_session(file, n_threads)
        self._input: str = self._session.get_inputs()[0].name

    def embed(
        self,
        pixels: npt.NDArray[np.uint8],
        report: Callable[[float], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Embed images.

        Parameters
        ----------
        pixels : ndarray of uint8, (n_images, height, width, 3)
            RGB, 0 to 255, of any size; a memory map is read batch by batch.
        report : callable, optional
            Called after each batch with the share done, in (0, 1].
        stop : callable, optional
            Asked before each batch; true ends the work.

        Returns
        -------
        ndarray of float32, (n_images, dim)
            Row i belongs to image i. An image's embedding does not depend on its neighbours beyond
            float rounding.

        Raises
        ------
        InvalidInput
            If `pixels` has another shape or type.
        JobCancelled
            If `stop` said so.

        Notes
        -----
        Images of another size are resized to a square with Pillow's bilinear filter, which averages
        when it shrinks. No image gives an array of shape (0, dim), and no call of `report`.
        """
        if pixels.ndim != 4 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8:
            raise errors.InvalidInput(
                t("images cannot be embedded"),
                expected=t("uint8 (n_images, height, width, 3)"),
                received=f"{pixels.dtype} {pixels.shape}",
            )
        n_images = len(pixels)
        embedding = np.empty((n_images, self.dim), np.float32)
        for start in range(0, n_images, BATCH):
            if stop is not None and stop():
                raise errors.JobCancelled(
                    t(
                        "embedding stopped at image {start} of {n_images}",
                        start=start,
                        n_images=n_images,
                    )
                )
            end = min(start + BATCH, n_images)
            batch = resize(pixels[start:end], self.input_px)
            embedding[start:end] = self._session.run(None, {self._input: batch})[0]
            if report is not None:
                report(end / n_images)
        return embedding


def open_embedder(
    backbone: str,
    weights_dir: Path,
    cache_dir: Path,
    n_threads: int,
    input_px: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Embedder:
    """Open a backbone for embedding; the first time, export it (some 15 s of one core).

    Parameters
    ----------
    backbone : str
        Key of `core.models.backbones.BACKBONES`.
    weights_dir : Path
        Where weights may have been placed by hand, and where downloads go.
    cache_dir : Path
        Where the exported file is kept; made if it is missing.
    n_threads : int
        Threads to compute with, at least 1.
    input_px : int, optional
        Side the images are resized to; by default the backbone's own.
    stop : callable, optional
        Asked while the export runs; true ends it.

    Raises
    ------
    InvalidInput
        If backbone, size or number of threads is not usable, or the weights file is damaged.
    NotReady
        If the weights are neither on this machine nor to be downloaded.
    JobFailed
        If the export failed.
    JobCancelled
        If `stop` said so.

    Notes
    -----
    Safe when two processes open the same backbone at once: both may export, into files of their own
    that take the final name in one step.
    """
    if n_threads < 1:
        raise errors.InvalidInput(
            t("n_threads is too small"), expected=t("1 or more"), received=str(n_threads)
        )
    entry = backbones.get(backbone)
    side = entry.input_px if input_px is None else input_px
    key = embedder_key(backbone, side)
    path = cache_dir.absolute() / f"{key}.onnx"
    if path.is_file():
        try:
            return Embedder(path, key, entry.dim, side, n_threads)
        except errors.StoreError:
            path.unlink(missing_ok=True)  # a cache may be rebuilt: make the damaged file anew
    weights_path = weights.obtain(entry.weights, weights_dir.absolute())
    _export_in_child(backbone, weights_path, side, path, stop)
    return Embedder(path, key, entry.dim, side, n_threads)


def resize(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Resize images to squares: (n, height, width, 3) -> (n, side, side, 3), uint8.

    Images that already have that size are returned as they are.
    """
    from PIL import Image

    if pixels.shape[1:3] == (side, side):
        return np.ascontiguousarray(pixels)
    resized = np.empty((len(pixels), side, side, 3), np.uint8)
    for i, image in enumerate(pixels):
        square = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
        resized[i] = np.asarray(square)
    return resized


def _export_in_child(
    backbone: str,
    weights_path: Path,
    side: int,
    target: Path,
    stop: Callable[[], bool] | None,
) -> None:
    """Run `core.models.export_backbone` and wait for it, asking `stop` now and then."""
    command = [sys.executable, "-m", "core.models.export_backbone", backbone]
    command += ["--weights", str(weights_path), "--input-px", str(side), "--to", str(target)]
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",  # tracing needs no GPU, and another job may hold it
    }
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as child,
    ):
        status = _wait(child, stop)
        output.seek(0)
        printed = output.read().decode(errors="replace").strip()
    if status != 0:
        last = printed.splitlines()[-1] if printed else f"exit status {status}"
        raise errors.JobFailed(
            t(
                "the backbone {backbone} could not be exported ({last})",
                backbone=backbone,
                last=last,
            )
        )


def _wait(child: subprocess.Popen[bytes], stop: Callable[[], bool] | None) -> int:
    """Wait for the child; end it when asked to stop, or when it takes far too long."""
    waited_s = 0.0
    try:
        while True:
            try:
                return child.wait(timeout=_POLL_S)
            except subprocess.TimeoutExpired:
                waited_s += _POLL_S
            if stop is not None and stop():
                raise errors.JobCancelled(t("stopped while the backbone was being exported"))
            if waited_s > _EXPORT_LIMIT_S:
                raise errors.JobFailed(t("exporting the backbone took over 10 minutes"))
    except BaseException:
        child.kill()
        raise
