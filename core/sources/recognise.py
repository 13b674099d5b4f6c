"""Say what a file is that is no picture, and what is wrong with one that should be."""

from __future__ import annotations

# What people drop into image folders by mistake; only used to say so.
_KNOWN = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "an archive or an office document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "a Photoshop file"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "XML"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
)


def recognise(data: bytes) -> str:
    """Say what the file is where its first bytes tell."""
    head = data[:64].lstrip()
    known = next((name for magic, name in _KNOWN if head.startswith(magic)), None)
    if known is None and data[4:8] == b"ftyp":  # ISO 14496-12
        known = "a film, or a HEIC or AVIF picture"
    return f"it is {known}" if known else "it is not a picture that can be recognised"


def damage(error: Exception) -> str:
    """Say what a decoder complained about, without its class names and addresses."""
    text = str(error)
    if "truncated" in text or "not enough image data" in text or isinstance(error, EOFError):
        return "the file is truncated"
    return "the file is damaged and cannot be decoded"
