"""Say what a file is that is no picture, and what is wrong with one that should be."""

from __future__ import annotations

from typing import Literal

from core.errors import InvalidInput
from core.language import phrase, t
from core.settings import ImageLimits

# What people drop into image folders by mistake; only used to say so.
_KNOWN = (
    (b"%PDF", phrase("it is a PDF")),
    (b"PK\x03\x04", phrase("it is an archive or an office document")),
    (b"\x1f\x8b", phrase("it is a compressed file")),
    (b"Rar!", phrase("it is an archive")),
    (b"7z\xbc\xaf", phrase("it is an archive")),
    (b"%!PS", phrase("it is PostScript")),
    (b"8BPS", phrase("it is a Photoshop file")),
    (b"<svg", phrase("it is an SVG drawing")),
    (b"<?xml", phrase("it is XML")),
    (b"<!DOCTYPE", phrase("it is a web page")),
    (b"<html", phrase("it is a web page")),
    (b"\x80\x02", phrase("it is a Python pickle")),
    (b"\x80\x04", phrase("it is a Python pickle")),
    (b"\x93NUMPY", phrase("it is a NumPy array")),
    (b"\x89HDF", phrase("it is an HDF5 file")),
)


class BadImage(InvalidInput):
    """A file that is not taken as an image.

    Parameters
    ----------
    kind : {"unreadable", "refused"}
        Whether it cannot be decoded, or could but is outside the limits.
    what : str
        The reason, without the file's name.
    """

    def __init__(
        self, kind: Literal["unreadable", "refused"], what: str, *, expected: str | None = None
    ) -> None:
        super().__init__(what, expected=expected)
        self.kind: Literal["unreadable", "refused"] = kind


def too_large(limits: ImageLimits) -> BadImage:
    """Return the error for a file with more bytes than an image may have."""
    return BadImage("refused", t("the file is larger than {n:,} bytes", n=limits.file_bytes))


def recognise(data: bytes) -> str:
    """Say what the file is where its first bytes tell."""
    head = data[:64].lstrip()
    known = next((name for magic, name in _KNOWN if head.startswith(magic)), None)
    if known is None and data[4:8] == b"ftyp":  # ISO 14496-12
        known = phrase("it is a film, or a HEIC or AVIF picture")
    return t(known) if known else t("it is not a picture that can be recognised")


def damage(error: Exception) -> str:
    """Say what a decoder complained about, without its class names and addresses."""
    text = str(error)
    if "truncated" in text or "not enough image data" in text or isinstance(error, EOFError):
        return t("the file is truncated")
    return t("the file is damaged and cannot be decoded")
