"""A further class from a handful of images, without training: what one-shot networks are for.

The weights that were learned stay; only what the model remembers grows. So it is exact: the model
answers as if the class had been in its support set from the start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InvalidInput
from core.models import artifact, context, matching, prototypical, siamese
from core.models.pipelines import ask
from core.models.training import Fitted, device_name

_WRITTEN_ANEW = ("format", "files", "input", "output", "versions", "equality")


def extend(model: Any, images: npt.NDArray[np.uint8]) -> Any:
    """Return a model with one more class, the last.

    Parameters
    ----------
    model : keras.Model
        `Fitted.model`, or from `core.models.artifact.load_keras`, of a prototypical, matching or
        siamese network. It is not changed.
    images : ndarray of uint8, (n_images, size_px, size_px, 3)
        Raw pixels of the new class, 1 or more.

    Returns
    -------
    keras.Model
        From raw pixels to probabilities (n_images, n_classes + 1). How the old classes compare with
        each other is as before.

    Raises
    ------
    InvalidInput
        If there is no image or of another shape, or the model is of another algorithm or embeds its
        support set in context.
    """
    names = {layer.name for layer in model.layers}
    fits = images.dtype == np.uint8 and images.shape[1:] == tuple(model.input.shape[1:])
    if not len(images) or not fits:
        raise InvalidInput(
            "a class cannot be added from these images",
            expected=f"1 or more, uint8 {tuple(model.input.shape[1:])}",
            received=f"{images.dtype} {images.shape}",
        )
    if prototypical.HEAD in names:
        return _prototypical(model, images)
    if siamese.DIFFERENCES in names:
        return _siamese(model, images)
    if matching.SUPPORT in names and context.KEYS not in names:
        return _matching(model, images, cosine=matching.UNIT in names)
    raise InvalidInput(
        "this model takes no further class",
        expected="a prototypical, matching or siamese network without full context embeddings",
        received=model.name,
        todo="train it again with the new class",
    )


def extend_saved(
    folder: Path, images: npt.NDArray[np.uint8], class_name: str, target: Path
) -> dict[str, Path]:
    """Add a class to a saved model and save the result, proven equal in both forms.

    Parameters
    ----------
    folder : Path
        Written by `core.models.artifact.save`, with `classes` in its manifest; stays as it is.
    images : ndarray of uint8, (n_images, size_px, size_px, 3)
        As in `extend`.
    class_name : str
        The new class.
    target : Path
        Another folder.

    Returns
    -------
    dict of str to Path
        As `core.models.artifact.save`. The manifest's `extended` lists every class that was added,
        with the number of its images.

    Raises
    ------
    InvalidInput
        As `extend`, or if the class exists already.
    StoreError
        If the saved model is damaged.
    """
    manifest = artifact.read_manifest(folder)
    if class_name in manifest["classes"]:
        raise InvalidInput(
            "the class exists already",
            expected=f"none of {', '.join(manifest['classes'])}",
            received=class_name,
        )
    model = extend(artifact.load_keras(folder), images)
    kept = {key: value for key, value in manifest.items() if key not in _WRITTEN_ANEW}
    kept["classes"] = [*manifest["classes"], class_name]
    kept["extended"] = [*manifest.get("extended", []), [class_name, len(images)]]
    fitted = Fitted(model, {}, 0, int(model.count_params()), 0.0, device_name(), images[:16])
    return artifact.save(fitted, target, kept)


def _embed(
    model: Any, layer: str, images: npt.NDArray[np.uint8]
) -> tuple[Any, npt.NDArray[np.float32]]:
    """Return the model up to the layer that embeds, and what it gives for images."""
    import keras

    encoder = keras.Model(model.input, model.get_layer(layer).output, name="encoder")
    return encoder, ask(encoder, images, np.arange(len(images)))


def _prototypical(model: Any, images: npt.NDArray[np.uint8]) -> Any:
    import keras

    encoder, embedded = _embed(model, "embedding", images)
    kernel, bias = model.get_layer(prototypical.HEAD).get_weights()
    mean = embedded.mean(axis=0, dtype=np.float64, keepdims=True)
    more_kernel, more_bias = prototypical.head_weights(mean)
    head = keras.layers.Dense(len(bias) + 1, activation="softmax", name=prototypical.HEAD)
    extended = keras.Model(encoder.input, head(encoder.output), name=model.name)
    head.set_weights([np.hstack([kernel, more_kernel]), np.append(bias, more_bias)])
    return extended


def _matching(model: Any, images: npt.NDArray[np.uint8], *, cosine: bool) -> Any:
    encoder, embedded = _embed(model, "embedding", images)
    kernel, bias = model.get_layer(matching.SUPPORT).get_weights()
    scale = float(np.linalg.norm(kernel[:, 0])) if cosine else None
    more_kernel, more_bias = matching.support_weights(
        embedded, np.zeros(len(images), np.int64), scale
    )
    votes = _with_class(model.get_layer(matching.VOTES).get_weights()[0], len(images), 1.0)
    extended = matching.serve(encoder, *votes.shape, cosine=cosine)
    extended.get_layer(matching.SUPPORT).set_weights(
        [np.hstack([kernel, more_kernel]), np.append(bias, more_bias)]
    )
    extended.get_layer(matching.VOTES).set_weights([votes])
    return extended


def _siamese(model: Any, images: npt.NDArray[np.uint8]) -> Any:
    encoder, embedded = _embed(model, "twin", images)
    kernel, bias = model.get_layer(siamese.DIFFERENCES).get_weights()
    share = 1 / len(images)
    votes = _with_class(model.get_layer(siamese.VOTES).get_weights()[0], len(images), share)
    extended = siamese.serve(encoder, model.get_layer(siamese.COMPARE), *votes.shape)
    extended.get_layer(siamese.DIFFERENCES).set_weights(
        [np.vstack([kernel, np.ones_like(embedded)]), np.vstack([bias, -embedded])]
    )
    extended.get_layer(siamese.VOTES).set_weights([votes])
    return extended


def _with_class(
    votes: npt.NDArray[np.float32], n_images: int, weight: float
) -> npt.NDArray[np.float32]:
    """Return (n_support + n_images, n_classes + 1): the new images vote for the new class."""
    n_support, n_classes = votes.shape
    extended = np.zeros((n_support + n_images, n_classes + 1), np.float32)
    extended[:n_support, :n_classes] = votes
    extended[n_support:, n_classes] = weight
    return extended
