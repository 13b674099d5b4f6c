"""Conv-4: the encoder that the one-shot papers share, four times (convolution, norm, ReLU, pool).

References
----------
O. Vinyals, C. Blundell, T. Lillicrap, K. Kavukcuoglu and D. Wierstra, "Matching Networks for One
Shot Learning", NeurIPS 2016, section 4.1.1.
J. Snell, K. Swersky and R. Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017.
"""

from __future__ import annotations

from typing import Any

_N_BLOCKS = 4
NORM_MOMENTUM = 0.9  # Keras' 0.99 needs hundreds of steps; short trainings have few


def build(shape: tuple[int, ...], filters: int, input_px: int) -> Any:
    """Build the encoder, untrained.

    Parameters
    ----------
    shape : tuple of int
        (size_px, size_px, n_channels) of the images.
    filters : int
        Of every convolution; 64 in the papers.
    input_px : int
        Larger images are averaged down by a whole factor, to no fewer pixels than this.

    Returns
    -------
    keras.Model
        From raw uint8 pixels (n_images, *shape) to float32 (n_images, dim). For images of 28 px dim
        is `filters`, as in the papers; a map of one pixel is not pooled further.
    """
    import keras

    pixels = keras.Input(shape, dtype="uint8", name="pixels")
    y = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocess")(pixels)
    factor, side = max(1, shape[0] // input_px), shape[0]
    if factor > 1:
        y, side = keras.layers.AveragePooling2D(factor, name="shrink")(y), side // factor
    for number in range(1, _N_BLOCKS + 1):
        y = keras.layers.Conv2D(
            filters, 3, padding="same", kernel_initializer="he_normal", name=f"conv{number}"
        )(y)
        y = keras.layers.BatchNormalization(momentum=NORM_MOMENTUM, name=f"norm{number}")(y)
        if side >= 2:
            y, side = keras.layers.MaxPooling2D(2, name=f"pool{number}")(y), side // 2
        y = keras.layers.ReLU(name=f"relu{number}")(y)  # of a maximum: the same, on a quarter
    flat = keras.layers.Flatten(name="embedding", dtype="float32")  # half floats cannot be compared
    return keras.Model(pixels, flat(y), name="encoder")
