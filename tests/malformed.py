"""Files that no import may trip over: pictures that are none, and archives that mean harm."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from tests.image_files import class_files, encoded, rgb

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")


def malformed_pictures() -> dict[str, bytes]:
    """More than a hundred files by name, none of which can be taken as an image."""
    files = {**_truncated(), **_wrong_type(), **_huge(), **_moving(), **_broken()}
    for i in range(110 - len(files)):  # noise behind each magic number
        fmt = FORMATS[i % len(FORMATS)]
        noise = np.random.default_rng(i).bytes(200)
        files[f"noise-{i}.{fmt.lower()}"] = encoded(i, fmt)[:12] + noise
    return files


def _truncated() -> dict[str, bytes]:
    files = {}
    for fmt in FORMATS:
        whole = encoded(7, fmt, 96, 96)
        for share in (0.02, 0.1, 0.3, 0.5, 0.7):
            files[f"cut-{share}.{fmt.lower()}"] = whole[: int(share * len(whole))]
    return files


def _wrong_type() -> dict[str, bytes]:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("cat/1.png", encoded())
    bodies = {
        "empty.jpg": b"",
        "zeros.jpg": bytes(1_000),
        "text.jpg": "una rosa es una rosa".encode("utf-16"),
        "page.png": b"<!DOCTYPE html><script>alert(1)</script>",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "xml.svg": b'<?xml version="1.0"?><svg/>',
        "nested.jpg": zipped.getvalue(),
        "nested.zip": zipped.getvalue(),
        "paper.jpg": b"%PDF-1.7\n" + bytes(200),
        "script.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        "layers.png": b"8BPS\x00\x01" + bytes(100),
        "telephone.jpg": b"\x00\x00\x00\x18ftypheic" + bytes(100),
        "pickle.png": b"\x80\x04cposix\nsystem\n(S'true'\ntR.",
        "array.npy": b"\x93NUMPY\x01\x00" + bytes(100),
        "notes.txt": b"these are the good ones",
        "=1+1.jpg": b"=1+1",
        "portable.ppm": b"P6 1 1 255 abc",
        "icon.ico": b"\x00\x00\x01\x00" + bytes(40),
    }
    return {f"type-{name}": data for name, data in bodies.items()}


def _huge() -> dict[str, bytes]:
    """Headers that declare far more pixels than the file could hold."""
    jpeg = bytearray(encoded(1, "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    bmp = bytearray(encoded(1, "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    gif = bytearray(encoded(1, "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    webp = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xfe\x3f\x00" * 2
    return {
        "huge-10000.png": png_header(10_000, 10_000),
        "huge-2e9.png": png_header(2_000_000_000, 2_000_000_000),
        "huge-strip.png": png_header(1, 60_000_000),
        "huge.jpg": bytes(jpeg),
        "huge.bmp": bytes(bmp),
        "huge.gif": bytes(gif),
        "huge.webp": b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp,
        "bomb.png": png_bomb(9_000),
        "heavy.png": encoded() + bytes(20_000_001),
        "deep.tiff": _saved(Image.new("F", (9, 9)), "TIFF"),
    }


def _moving() -> dict[str, bytes]:
    frames = [Image.fromarray(rgb(i)) for i in range(3)]
    more = {"save_all": True, "append_images": frames[1:]}
    formats = {"moving.gif": "GIF", "moving.png": "PNG", "moving.webp": "WEBP", "pages.tif": "TIFF"}
    return {name: _saved(frames[0], fmt, **more) for name, fmt in formats.items()}


def _broken() -> dict[str, bytes]:
    """Right header, wrong inside."""
    png = encoded(3)
    cut = png.index(b"IDAT") + 4
    return {
        "no-data.png": png_header(16, 16),
        "bad-checksum.png": png[: cut + 8] + b"\x00\xff\x00\xff" + png[cut + 12 :],
        "empty-side.png": png_header(0, 16),
        "only-exif.jpg": b"\xff\xd8\xff\xe1" + struct.pack(">H", 60_000) + bytes(100),
        "no-scan.jpg": encoded(3, "JPEG").split(b"\xff\xda")[0] + b"\xff\xd9",
        "endless.tif": b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", 0) + bytes(4),
    }


def png_header(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that declares a size and holds `body` as its compressed pixels."""
    fields = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", fields)] + ([(b"IDAT", body)] if body else []) + [(b"IEND", b"")]
    made = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        made += struct.pack(">I", len(data)) + kind + data
        made += struct.pack(">I", zlib.crc32(kind + data))
    return made


def png_bomb(side_px: int) -> bytes:
    """A small file with side_px x side_px black pixels in it."""
    row = bytes(1 + 3 * side_px)
    return png_header(side_px, side_px, zlib.compress(row * side_px, 9))


def _saved(image: Image.Image, fmt: str, **save) -> bytes:
    file = io.BytesIO()
    image.save(file, fmt, **save)
    return file.getvalue()


def hostile_archives() -> dict[str, bytes]:
    """Archives that are refused whole, by what is wrong with them."""
    good = class_files()
    plain = zipped(good)
    names = {
        "up": "../evil.png",
        "up inside": "cat/../../evil.png",
        "absolute": "/etc/evil.png",
        "drive": "C:/evil.png",
        "backslash": "cat\\evil.png",
        "control": "cat/evil\x07.png",
        "same name": "cat/0.png",
        "same when folded": "CAT/0.PNG",
    }
    found = {name: zipped(good, extra=[(path, encoded(9))]) for name, path in names.items()}
    found["nul"] = found["control"].replace(b"evil\x07", b"evil\x00")
    accents = [("caf\u00e9/1.png", encoded(8)), ("cafe\u0301/1.png", encoded(9))]
    found["same when composed"] = zipped(good, extra=accents)
    link = zipfile.ZipInfo("cat/link.png")
    link.external_attr = 0o120777 << 16
    found["link"] = zipped(good, extra=[(link, b"/etc/passwd")])
    found["encrypted"] = _flagged(plain, 0x1)
    found["overlap"] = overlapping(50)
    found["overlap by one"] = _moved(plain)
    found["too many"] = zipped({f"a/{i}": b"" for i in range(200)})
    found["lying count"] = plain[:-12] + struct.pack("<H", 2) + plain[-10:]
    found["truncated"] = plain[: len(plain) // 2]
    found["no end"] = plain[:-30]
    found["not a zip"] = encoded(1, "BMP")
    found["empty"] = b""
    found["no entries"] = zipped({})
    found["something before"] = b"#!/bin/sh\nexit\n" + plain
    found["directory of noise"] = _noisy_directory(plain)
    return found


def zipped(files, extra=(), method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip in memory; `extra` may repeat names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for name, data in extra:
            _quietly(archive, name, data)
    return file.getvalue()


def _quietly(archive: zipfile.ZipFile, name, data: bytes) -> None:
    """Write an entry even where zipfile would warn that its name is taken."""
    shown = name if isinstance(name, str) else name.filename
    archive.NameToInfo.pop(shown, None)
    archive.writestr(name, data)


def _flagged(data: bytes, bit: int) -> bytes:
    """Set a general purpose bit in every directory entry."""
    made, at = bytearray(data), data.find(b"PK\x01\x02")
    while at >= 0:
        made[at + 8] |= bit
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(made)


def _moved(data: bytes) -> bytes:
    """Let the second directory entry point into the first one's data."""
    made = bytearray(data)
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    made[second + 42 : second + 46] = struct.pack("<I", 20)
    return bytes(made)


def overlapping(n_entries: int) -> bytes:
    """Many entries that all point to one compressed block (Fifield 2019, simplified)."""
    block = zlib.compress(bytes(1_000_000), 9)[2:-4]
    crc = zlib.crc32(bytes(1_000_000))
    name = b"cat/00000.png"
    sizes = struct.pack("<III", crc, len(block), 1_000_000)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes
    made = local + struct.pack("<HH", len(name), 0) + name + block
    entries = []
    for i in range(n_entries):
        entry = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes
        entry += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0)
        entries.append(entry + b"cat/%05d.png" % i)
    directory = b"".join(entries)
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, n_entries, n_entries, len(directory), len(made), 0
    )
    return made + directory + end


def _noisy_directory(data: bytes) -> bytes:
    at = data.index(b"PK\x01\x02")
    return data[:at] + b"PK\x01\x02" + bytes(len(data) - at - 26) + data[-22:]
