"""Decoding: orientation, odd colour modes, limits; squares and thumbnails."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.settings import ImageLimits
from core.sources import images
from core.sources.recognise import BadImage
from tests.image_files import encoded, rgb

LIMITS = ImageLimits()
QUADRANTS = np.zeros((40, 60, 3), np.uint8)
QUADRANTS[:20, :30] = (250, 0, 0)  # only the upper left corner is red


def saved(image: Image.Image, fmt: str = "PNG", **save) -> bytes:
    file = io.BytesIO()
    image.save(file, fmt, **save)
    return file.getvalue()


@pytest.mark.parametrize("fmt", LIMITS.formats)
def test_every_accepted_format_gives_its_pixels(fmt):
    made = images.decode(encoded(3, fmt, 30, 20), LIMITS)
    assert (made.format, made.width, made.height) == (fmt, 30, 20)
    assert made.rgb.shape == (20, 30, 3) and made.rgb.dtype == np.uint8
    assert np.abs(made.rgb.astype(int) - rgb(3, 30, 20)).mean() < 8  # GIF has 256 colours


@pytest.mark.parametrize("fmt", ["PPM", "ICO", "PCX", "TGA", "JPEG2000", "EPS"])
def test_other_formats_that_pillow_knows_are_refused(fmt):
    with pytest.raises(BadImage, match="expected one of JPEG, PNG"):
        images.decode(saved(Image.fromarray(rgb()), fmt), LIMITS)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, "ul"), (2, "ur"), (3, "lr"), (4, "ll"), (5, "ul"), (6, "ur"), (7, "lr"), (8, "ll")],
)
@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(fmt, orientation, corner):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(QUADRANTS), fmt, exif=exif)
    made = images.decode(data, LIMITS)
    turned = orientation >= 5
    assert (made.width, made.height) == ((40, 60) if turned else (60, 40))
    assert made.rgb.shape[:2] == (made.height, made.width)
    y, x = 2 if corner[0] == "u" else -3, 2 if corner[1] == "l" else -3
    assert made.rgb[y, x, 0] > 200
    assert (made.rgb[:, :, 0] > 125).mean() == pytest.approx(0.25, abs=0.05)
    prepared = images.prepare(data, LIMITS, 32, "stretch")
    square = np.frombuffer(prepared.pixels, np.uint8).reshape(32, 32, 3)
    assert square[y, x, 0] > 200
    assert (prepared.width, prepared.height) == (made.width, made.height)


def test_broken_metadata_does_not_lose_the_picture():
    data = encoded(1, "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff" + bytes(30))
    assert images.decode(data, LIMITS).width == 24
    png = encoded(1, "PNG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + b"\x12" * 40)
    assert images.decode(png, LIMITS).width == 24


def test_a_telephone_photograph_with_a_second_picture_inside_is_its_first():
    first, second = Image.fromarray(QUADRANTS), Image.fromarray(rgb(5, 60, 40))
    data = saved(first, "MPO", save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    made = images.decode(data, LIMITS)
    assert made.format == "JPEG"
    assert made.rgb[2, 2, 0] > 200 and made.rgb[-3, -3, 0] < 50


def test_transparency_lies_on_white():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (images.decode(saved(clear), LIMITS).rgb == 255).all()
    palette = Image.new("P", (8, 8), 0)
    made = images.decode(saved(palette, "GIF", transparency=0), LIMITS)
    assert (made.rgb == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "YCbCr"])
def test_every_usual_mode_becomes_rgb(mode):
    fmt = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    data = saved(Image.fromarray(rgb(2)).convert(mode), fmt)
    assert images.decode(data, LIMITS).rgb.shape == (24, 24, 3)


@pytest.mark.parametrize("fmt", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_upper_eight(fmt):
    values = np.linspace(0, 65_535, 64, dtype=np.uint16).reshape(8, 8)
    made = images.decode(saved(Image.fromarray(values), fmt), LIMITS)
    assert (made.rgb[:, :, 0] == values >> 8).all()


@pytest.mark.parametrize("mode", ["I", "F"])
def test_values_without_an_agreed_white_are_refused(mode):
    with pytest.raises(BadImage, match="32 bits; expected 8 or 16 bits"):
        images.decode(saved(Image.new(mode, (4, 4)), "TIFF"), LIMITS)


def test_limits_hold_exactly():
    data = encoded(1, "PNG", 20, 10)
    at = replace(LIMITS, n_pixels=200, file_bytes=len(data))
    assert images.decode(data, at).width == 20
    with pytest.raises(BadImage, match="20 x 10 is more than 199 pixels") as error:
        images.decode(data, replace(at, n_pixels=199))
    assert error.value.kind == "refused"
    with pytest.raises(BadImage, match="larger than"):
        images.decode(data, replace(at, file_bytes=len(data) - 1))


def test_frames_are_counted_against_the_limit():
    frames = [Image.fromarray(rgb(i)) for i in range(3)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.decode(data, replace(LIMITS, n_frames=3)).width == 24
    for n_frames in (1, 2):
        with pytest.raises(BadImage, match="moving picture"):
            images.decode(data, replace(LIMITS, n_frames=n_frames))


def test_a_large_jpeg_is_decoded_smaller_but_looks_the_same():
    data = encoded(4, "JPEG", 3_000, 2_000, quality=90)
    small = images.prepare(data, LIMITS, 64)
    assert (small.width, small.height) == (3_000, 2_000)
    whole = images.square(images.decode(data, LIMITS).rgb, 64)
    got = np.frombuffer(small.pixels, np.uint8).reshape(64, 64, 3)
    assert np.abs(got.astype(int) - whole).max() <= 6


@pytest.mark.parametrize("fit", images.FITS)
@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (7, 7), (1, 300), (300, 1), (1, 1)])
def test_a_square_is_square(fit, shape):
    made = images.square(np.full((*shape, 3), 200, np.uint8), 32, fit)
    assert made.shape == (32, 32, 3)
    assert (made[15:17, 15:17] == 200).any()


def test_each_fit_does_what_it_says():
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, :20], wide[:, 20:40], wide[:, 40:] = 250, 100, 250
    assert (images.square(wide, 30, "crop")[:, 3:-3] == 100).all()
    pad = images.square(wide, 30, "pad")
    assert (pad[:9] == 128).all() and (pad[-9:] == 128).all() and pad[15, 2, 0] > 240
    stretch = images.square(wide, 30, "stretch")
    assert stretch[0, 2, 0] > 240 and stretch[0, 15, 0] == 100


def test_a_thumbnail_keeps_the_aspect_and_never_enlarges():
    def size(data):
        return Image.open(io.BytesIO(data)).size

    assert size(images.thumbnail(rgb(1, 400, 200))) == (96, 48)
    assert size(images.thumbnail(rgb(1, 30, 20))) == (30, 20)
    assert size(images.thumbnail(rgb(1, 1_000, 2))) == (96, 1)


def test_a_thumbnail_carries_no_metadata():
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (40.0, 25.0, 0.0)  # where it was taken
    exif[0x010F] = "maker"
    made = images.prepare(encoded(1, "JPEG", exif=exif), LIMITS, 32)
    assert not Image.open(io.BytesIO(made.thumbnail)).getexif()
    assert b"maker" not in made.thumbnail


def test_nothing_is_warned_and_no_filter_is_left_behind():
    before = list(warnings.filters)
    images.decode(encoded(1, "PNG"), LIMITS)
    assert warnings.filters == before
