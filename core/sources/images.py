"""Decode pictures from strangers: bytes in, pixels out, or one sentence why not.

Pillow is told which formats to try, looks at nothing larger than the limits, and never fills in
what a truncated file lacks. A decoder is still native code: an import runs these functions in a
child process (`core.sources.decoder`), so that a crash costs one image and not the job.

References
----------
Pillow 13 release notes and handbook, "Image file formats" and "Security" (the settings below).
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.language import phrase, t
from core.settings import ImageLimits
from core.sources.recognise import BadImage, damage, recognise, too_large

Fit = Literal["crop", "pad", "stretch"]
FITS: tuple[Fit, ...] = ("crop", "pad", "stretch")
THUMBNAIL_PX = 96
_THUMBNAIL_QUALITY = 80
_PAD_GREY = (128, 128, 128)  # neither ink nor paper
_ORIENTATION_TAG = 0x0112  # EXIF 2.32, table 4
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A whole picture as people see it."""

    rgb: NDArray[np.uint8]  # (height, width, 3)
    format: str  # "JPEG", "PNG", ...
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an import keeps of a picture besides its file."""

    pixels: bytes  # uint8, (size_px, size_px, 3) in C order
    thumbnail: bytes  # JPEG
    format: str
    width: int  # of the whole picture, after EXIF orientation
    height: int


def decode(data: bytes, limits: ImageLimits) -> Decoded:
    """Decode a file at full size.

    Parameters
    ----------
    data : bytes
        The file.
    limits : ImageLimits
        Formats, bytes, pixels and frames that are accepted.

    Returns
    -------
    Decoded
        Pixels uint8 `(height, width, 3)`, EXIF orientation applied.

    Raises
    ------
    BadImage
        An `InvalidInput` with the reason.

    Notes
    -----
    Transparency is laid on white. 16-bit grey keeps its upper eight bits. 32-bit values have no
    agreed white and are refused. Metadata that cannot be read counts as no metadata: broken EXIF
    never loses a picture. A photograph in MPO (what many telephones write) is its first picture.
    """
    image, format_, width, height = _load(data, limits)
    return Decoded(np.asarray(image, dtype=np.uint8), format_, width, height)


def prepare(data: bytes, limits: ImageLimits, size_px: int, fit: Fit = "crop") -> Prepared:
    """Decode a file once and return its square pixels and its thumbnail.

    Parameters
    ----------
    data : bytes
        The file.
    limits : ImageLimits
        Formats, bytes, pixels and frames that are accepted.
    size_px : int
        Side of the square.
    fit : {"crop", "pad", "stretch"}
        See `square`.

    Raises
    ------
    BadImage
        An `InvalidInput` with the reason.

    Notes
    -----
    A JPEG much larger than `size_px` is decoded at a half, a quarter or an eighth of its size
    (never below twice what is kept): a fifth of the time for a 12-megapixel photograph.
    """
    image, format_, width, height = _load(data, limits, enough_px=2 * max(size_px, THUMBNAIL_PX))
    pixels = _square(image, size_px, fit).tobytes()
    return Prepared(pixels, _thumbnail(image), format_, width, height)


def measure(data: bytes, limits: ImageLimits) -> tuple[int, int]:
    """Return the (width, height) that the file's header declares, without decoding it.

    Raises
    ------
    BadImage
        An `InvalidInput` with the reason.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = _open(data, limits)
        return image.size


def square(rgb: NDArray[np.uint8], size_px: int, fit: Fit = "crop") -> NDArray[np.uint8]:
    """Resize to a square.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
    size_px : int
        The side of the result.
    fit : {"crop", "pad", "stretch"}
        Cut the middle square, fill up with grey, or change the aspect.

    Returns
    -------
    ndarray of uint8, shape (size_px, size_px, 3)
    """
    return np.asarray(_square(Image.fromarray(rgb), size_px, fit), dtype=np.uint8)


def thumbnail(rgb: NDArray[np.uint8]) -> bytes:
    """Return a JPEG of at most 96 x 96 pixels, same aspect, without metadata; never enlarges."""
    return _thumbnail(Image.fromarray(rgb))


def _load(
    data: bytes, limits: ImageLimits, enough_px: int | None = None
) -> tuple[Image.Image, str, int, int]:
    """Return the picture as RGB, its format, and its size before any draft."""
    with warnings.catch_warnings():  # the decoders warn about oddities that they can read
        warnings.simplefilter("ignore")
        image = _open(data, limits)
        format_ = "JPEG" if image.format == "MPO" else str(image.format)
        width, height = image.size
        try:
            if enough_px and image.format == "JPEG":
                image.draft("RGB", (enough_px, enough_px))
            image.load()
            turn = _orientation(image)
            rgb = _to_rgb(image)
            if turn in _TURN:
                rgb = rgb.transpose(_TURN[turn])
        except BadImage:
            raise
        except MemoryError as error:
            raise BadImage("refused", t("decoding it takes too much memory")) from error
        except Exception as error:  # decoders raise anything at all
            raise BadImage("unreadable", damage(error)) from error
    if turn >= 5:  # a quarter turn
        width, height = height, width
    return rgb, format_, width, height


def _open(data: bytes, limits: ImageLimits) -> Image.Image:
    """Read the header and hold it against the limits."""
    if not data:
        raise BadImage("unreadable", t("the file is empty"))
    if len(data) > limits.file_bytes:
        raise too_large(limits)
    try:
        image = Image.open(io.BytesIO(data), formats=limits.formats)
        several = image.format != "MPO" and _has_more_frames(image, limits.n_frames)
    except UnidentifiedImageError as error:
        accepted = t("one of {names}", names=", ".join(limits.formats))
        raise BadImage("unreadable", recognise(data), expected=accepted) from error
    except Image.DecompressionBombError as error:
        raise BadImage("refused", t("more than {n:,} pixels", n=limits.n_pixels)) from error
    except MemoryError as error:
        raise BadImage("refused", t("reading its header takes too much memory")) from error
    except Exception as error:  # decoders raise anything at all
        raise BadImage("unreadable", damage(error)) from error
    width, height = image.size
    if width < 1 or height < 1:
        raise BadImage("unreadable", t("the header declares an empty picture"))
    if width * height > limits.n_pixels:
        said = phrase("{width} x {height} is more than {n:,} pixels")
        raise BadImage("refused", t(said, width=width, height=height, n=limits.n_pixels))
    if several:
        several_pages = t("a moving picture, or one with several pages, is not one image")
        raise BadImage("refused", several_pages)
    return image


def _has_more_frames(image: Image.Image, n_frames: int) -> bool:
    """Tell whether there are more frames, counting only where counting is needed (it is slow)."""
    if not getattr(image, "is_animated", False):
        return False
    return n_frames == 1 or int(getattr(image, "n_frames", 1)) > n_frames


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where it is missing or cannot be read.

    After `load`, because Pillow turns a TIFF by itself and then forgets the tag.
    """
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 -- broken metadata is not a broken picture
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise BadImage(
            "refused", t("its values have 32 bits"), expected=t("8 or 16 bits a channel")
        )
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")


def _square(image: Image.Image, size_px: int, fit: Fit) -> Image.Image:
    width, height = image.size
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return _resize(image, (size_px, size_px), (left, top, left + side, top + side))
    if fit == "stretch":
        return _resize(image, (size_px, size_px), (0, 0, width, height))
    scale = size_px / max(width, height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = Image.new("RGB", (size_px, size_px), _PAD_GREY)
    at = (size_px - inner[0]) // 2, (size_px - inner[1]) // 2
    canvas.paste(_resize(image, inner, (0, 0, width, height)), at)
    return canvas


def _resize(
    image: Image.Image, size: tuple[int, int], box: tuple[int, int, int, int]
) -> Image.Image:
    return image.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)


def _thumbnail(image: Image.Image) -> bytes:
    width, height = image.size
    scale = min(1.0, THUMBNAIL_PX / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    file = io.BytesIO()
    _resize(image, size, (0, 0, width, height)).save(file, "JPEG", quality=_THUMBNAIL_QUALITY)
    return file.getvalue()
