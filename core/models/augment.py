"""Random changes of images in training: the one home of augmentation.

What changes an image in one way may change what it shows in another: a mirrored left shoe is a
right one. So every change is an option of its own, and `preview` shows what the options do.

References
----------
A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet Classification with Deep Convolutional Neural
Networks", NeurIPS 2012, section 4.1 (shifts and mirrors).
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

OPTIONS = ("flip", "rotation_deg", "shift_share", "contrast_share")  # whichever an algorithm has


def augments(options_type: type) -> bool:
    """Return whether an algorithm with these options changes images at random."""
    return any(field.name in OPTIONS for field in fields(options_type))


def augment(y: Any, options: Any) -> Any:
    """Change images at random, in training only; borders repeat the nearest pixel.

    Parameters
    ----------
    y : tensor
        Scaled pixels in [-1, 1], (n_images, side, side, 3).
    options : dataclass
        Any of `OPTIONS`; what is absent, false or zero changes nothing.

    Returns
    -------
    tensor
        Of the same shape, after layers whose names begin with "augment_".
    """
    for layer in _layers(options):
        y = layer(y)
    return y


def scaled_input(shape: tuple[int, ...], input_px: int) -> tuple[Any, Any]:
    """Return raw pixels and what the networks see of them: scaled to [-1, 1] and averaged down.

    Parameters
    ----------
    shape : tuple of int
        (size_px, size_px, 3) of the images.
    input_px : int
        Larger images are averaged down by a whole factor, to no fewer pixels than this.
    """
    import keras

    pixels = keras.Input(shape, dtype="uint8", name="pixels")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocess")(pixels)
    factor = max(1, shape[0] // input_px)
    if factor > 1:
        scaled = keras.layers.AveragePooling2D(factor, name="shrink")(scaled)
    return pixels, scaled


def preview(
    images: npt.NDArray[np.uint8], options: Any, n_variants: int, seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return what a network would see of some images: as they are, and changed at random.

    Parameters
    ----------
    images : ndarray of uint8, (n_images, size_px, size_px, 3)
        Raw pixels.
    options : dataclass
        Of an algorithm that augments: any of `OPTIONS`, and `input_px`.
    n_variants : int
        Changed copies of each image, 1 or more.
    seed : int
        Equal seeds change equally.

    Returns
    -------
    seen : ndarray of uint8, (n_images, side, side, 3)
        Averaged down as in training.
    changed : ndarray of uint8, (n_images, n_variants, side, side, 3)
    """
    import keras

    keras.utils.set_random_seed(seed)
    pixels, scaled = scaled_input(images.shape[1:], options.input_px)
    model = keras.Model(pixels, [scaled, augment(scaled, options)], name="preview")
    copies = [model(images, training=True) for _ in range(n_variants)]
    changed = np.stack([_as_pixels(pair[1]) for pair in copies], axis=1)
    return _as_pixels(copies[0][0]), changed


def _layers(options: Any) -> list[Any]:
    """Return the layers that the options ask for, in order."""
    from keras import layers

    made = []
    if getattr(options, "flip", False):
        made.append(layers.RandomFlip("horizontal", name="augment_flip"))
    if degrees := getattr(options, "rotation_deg", 0.0):
        made.append(layers.RandomRotation(degrees / 360, "nearest", name="augment_rotate"))
    if share := getattr(options, "shift_share", 0.0):
        made.append(layers.RandomTranslation(share, share, "nearest", name="augment_shift"))
    if share := getattr(options, "contrast_share", 0.0):
        made.append(layers.RandomContrast(share, value_range=(-1, 1), name="augment_contrast"))
    return made


def _as_pixels(scaled: Any) -> npt.NDArray[np.uint8]:
    """Return what was in [-1, 1] as whole numbers 0 to 255."""
    import keras

    values: npt.NDArray[np.float32] = (keras.ops.convert_to_numpy(scaled) + 1) * 127.5
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
