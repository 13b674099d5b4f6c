"""A further class from a handful of images, without training: what one-shot networks are for.

The weights that were learned stay; only what the model remembers grows. So it is exact: the model
answers as if the class had been in its support set from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import InvalidInput
from core.language import phrase, t
from core.models import artifact, context, matching, prototypical, siamese
from core.models.pipelines import ask
from core.models.training import Fitted, device_name

ALGORITHMS = ("prototypical", "matching", "siamese")
WHICH = phrase("a prototypical, matching or siamese network without full context embeddings")
_WRITTEN_ANEW = ("format", "files", "input", "output", "versions", "equality")


def takes_class(algorithm: str, options: Mapping[str, Any]) -> bool:
    """Return whether models of this algorithm, trained with these options, take another class."""
    return algorithm in ALGORITHMS and not options.get("full_context", False)


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
    way = _way(model)
    _check(model, images, 1)
    encoder, embedded = _embed(model, way.layer, images)
    extended = way.build(model, encoder, len(images))
    way.remember(model, extended, embedded)
    return extended


def leave_one_out(
    model: Any,
    images: npt.NDArray[np.uint8],
    report: Callable[[float], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Ask about each image of a new class when the others alone have been added.

    Parameters
    ----------
    model : keras.Model
        As in `extend`.
    images : ndarray of uint8, (n_images, size_px, size_px, 3)
        2 or more.
    report : callable, optional
        Called after each image with the share done, in (0, 1].

    Returns
    -------
    ndarray of float32, (n_images, n_classes + 1)
        Raw probabilities; an image is recognised where the last is the highest.

    Raises
    ------
    InvalidInput
        As `extend`, or if there is one image only.
    """
    way = _way(model)
    _check(model, images, 2)
    encoder, embedded = _embed(model, way.layer, images)
    extended = way.build(model, encoder, len(images) - 1)
    answers = np.empty((len(images), extended.output.shape[-1]), np.float32)
    for left_out in range(len(images)):
        way.remember(model, extended, np.delete(embedded, left_out, axis=0))
        answers[left_out] = ask(extended, images, np.array([left_out]))[0]
        if report is not None:
            report((left_out + 1) / len(images))
    return answers


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
            t("the class exists already"),
            expected=t("none of {classes}", classes=", ".join(manifest["classes"])),
            received=class_name,
        )
    model = extend(artifact.load_keras(folder), images)
    kept = {key: value for key, value in manifest.items() if key not in _WRITTEN_ANEW}
    kept["classes"] = [*manifest["classes"], class_name]
    kept["extended"] = [*manifest.get("extended", []), [class_name, len(images)]]
    fitted = Fitted(model, {}, 0, int(model.count_params()), 0.0, device_name(), images[:16])
    return artifact.save(fitted, target, kept)


class _Way(NamedTuple):
    """How models of one algorithm grow."""

    layer: str  # that embeds
    build: Callable[[Any, Any, int], Any]  # model, encoder, n_images: the larger model, empty
    remember: Callable[[Any, Any, npt.NDArray[np.float32]], None]  # model, larger model, embedded


def _way(model: Any) -> _Way:
    """Return how this model grows, or raise InvalidInput."""
    names = {layer.name for layer in model.layers}
    if prototypical.HEAD in names:
        return _Way("embedding", _build_prototypical, _remember_prototype)
    if siamese.DIFFERENCES in names:
        return _Way("twin", _build_siamese, _remember_twins)
    if matching.SUPPORT in names and context.KEYS not in names:
        return _Way("embedding", _build_matching, _remember_support)
    raise InvalidInput(
        t("this model takes no further class"),
        expected=t(WHICH),
        received=model.name,
        todo=t("train it again with the new class"),
    )


def _check(model: Any, images: npt.NDArray[np.uint8], at_least: int) -> None:
    fits = images.dtype == np.uint8 and images.shape[1:] == tuple(model.input.shape[1:])
    if len(images) < at_least or not fits:
        raise InvalidInput(
            t("a class cannot be added from these images"),
            expected=t(
                "{at_least} or more, uint8 {shape}",
                at_least=at_least,
                shape=tuple(model.input.shape[1:]),
            ),
            received=f"{images.dtype} {images.shape}",
        )


def _embed(
    model: Any, layer: str, images: npt.NDArray[np.uint8]
) -> tuple[Any, npt.NDArray[np.float32]]:
    """Return the model up to the layer that embeds, and what it gives for images."""
    import keras

    encoder = keras.Model(model.input, model.get_layer(layer).output, name="encoder")
    return encoder, ask(encoder, images, np.arange(len(images)))


def _build_prototypical(model: Any, encoder: Any, n_images: int) -> Any:
    """Return the model with one column more: a prototype is one, of however many images."""
    import keras

    n_classes = model.output.shape[-1] + 1
    head = keras.layers.Dense(n_classes, activation="softmax", name=prototypical.HEAD)
    return keras.Model(encoder.input, head(encoder.output), name=model.name)


def _remember_prototype(model: Any, extended: Any, embedded: npt.NDArray[np.float32]) -> None:
    kernel, bias = model.get_layer(prototypical.HEAD).get_weights()
    mean = embedded.mean(axis=0, dtype=np.float64, keepdims=True)
    more_kernel, more_bias = prototypical.head_weights(mean)
    extended.get_layer(prototypical.HEAD).set_weights(
        [np.hstack([kernel, more_kernel]), np.append(bias, more_bias)]
    )


def _build_matching(model: Any, encoder: Any, n_images: int) -> Any:
    n_support, n_classes = model.get_layer(matching.VOTES).get_weights()[0].shape
    return matching.serve(encoder, n_support + n_images, n_classes + 1, cosine=_by_angle(model))


def _remember_support(model: Any, extended: Any, embedded: npt.NDArray[np.float32]) -> None:
    kernel, bias = model.get_layer(matching.SUPPORT).get_weights()
    scale = float(np.linalg.norm(kernel[:, 0])) if _by_angle(model) else None
    more_kernel, more_bias = matching.support_weights(
        embedded, np.zeros(len(embedded), np.int64), scale
    )
    votes = _with_class(model.get_layer(matching.VOTES).get_weights()[0], len(embedded), 1.0)
    extended.get_layer(matching.SUPPORT).set_weights(
        [np.hstack([kernel, more_kernel]), np.append(bias, more_bias)]
    )
    extended.get_layer(matching.VOTES).set_weights([votes])


def _by_angle(model: Any) -> bool:
    return any(layer.name == matching.UNIT for layer in model.layers)


def _build_siamese(model: Any, encoder: Any, n_images: int) -> Any:
    n_support, n_classes = model.get_layer(siamese.VOTES).get_weights()[0].shape
    compare = model.get_layer(siamese.COMPARE)
    return siamese.serve(encoder, compare, n_support + n_images, n_classes + 1)


def _remember_twins(model: Any, extended: Any, embedded: npt.NDArray[np.float32]) -> None:
    kernel, bias = model.get_layer(siamese.DIFFERENCES).get_weights()
    share = 1 / len(embedded)
    votes = _with_class(model.get_layer(siamese.VOTES).get_weights()[0], len(embedded), share)
    extended.get_layer(siamese.DIFFERENCES).set_weights(
        [np.vstack([kernel, np.ones_like(embedded)]), np.vstack([bias, -embedded])]
    )
    extended.get_layer(siamese.VOTES).set_weights([votes])


def _with_class(
    votes: npt.NDArray[np.float32], n_images: int, weight: float
) -> npt.NDArray[np.float32]:
    """Return (n_support + n_images, n_classes + 1): the new images vote for the new class."""
    n_support, n_classes = votes.shape
    extended = np.zeros((n_support + n_images, n_classes + 1), np.float32)
    extended[:n_support, :n_classes] = votes
    extended[n_support:, n_classes] = weight
    return extended
