"""The external memory of `memory`: content-addressed reading, writing where it was used least.

References
----------
A. Santoro et al., "Meta-Learning with Memory-Augmented Neural Networks", ICML 2016, section 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_DECAY = 0.95  # gamma, of usage
_GATE_START = -2.0  # alpha: at first mostly to the least used slot
_STRENGTH_START = 5.0  # beta - 1: sharp enough that an image finds its like from the start
_ANSWER_START = 4.0  # log-odds of the label that was read, if it was read alone
_EPSILON = 1e-6  # length of a key that is still one
_KEYS, _ROWS = "memory_keys", "memory_rows"


class Memory:
    """Controller, memory and answer, with weights of their own.

    Parameters
    ----------
    n_way : int
        Classes in an episode.
    n_slots : int
        Rows of the memory.
    n_units : int
        Width of the controller.
    dim : int
        Length of a key, and of what is kept of a label.

    Notes
    -----
    As in the paper: the key k_t addresses the memory by cosine; the image is written under the same
    key, to a mixture (gate alpha) of where was just read and of the slot used least, which is
    cleared first; usage decays. Unlike it, the label is bound to its image in the step in which it
    arrives, where the paper hands it to the next step and leaves the binding to an LSTM; rows hold
    key and label side by side, and are addressed by their keys; cosines have a strength, as in
    Graves et al. With plain cosines and shifted labels, training is reported to stall at chance. At
    first the answer is the label that was read, so that only what makes images alike is left to
    learn: starting at random, the network guesses for hundreds of episodes.
    """

    def __init__(self, n_way: int, n_slots: int, n_units: int, dim: int) -> None:
        from keras import layers
        from keras.initializers import Constant, Orthogonal

        self.n_way, self.n_slots, self.dim = n_way, n_slots, dim
        self.controller = layers.Dense(n_units, activation="tanh", name="controller")
        self.key = layers.Dense(dim, activation="tanh", name="key")
        self.strength = layers.Dense(
            1, activation="softplus", bias_initializer=Constant(_STRENGTH_START), name="strength"
        )
        self.label = layers.Dense(
            dim,
            activation="tanh",
            use_bias=False,
            kernel_initializer=Orthogonal(),
            name="label",
        )
        self.unit = layers.UnitNormalization(name="unit_length")
        self.answer = layers.Dense(n_way, activation="softmax", name="answer")
        self._run: Any = None

    def in_sequence(self, encoder: Any, n_steps: int) -> Any:
        """Return the network from the images and classes of episodes to an answer for each image.

        Episodes of `n_steps` images follow each other. The class of an image is known from the step
        after it on.
        """
        import keras
        from keras import ops

        labels = keras.Input((self.n_way,), name="labels")
        self._run = keras.layers.RNN(
            _cell(self, encoder.output_shape[-1]), return_sequences=True, return_state=True
        )
        steps = ops.concatenate([encoder.output, labels], axis=-1)
        answers = self._run(ops.reshape(steps, (-1, n_steps, steps.shape[-1])))[0]
        told = ops.reshape(answers, (-1, self.n_way))
        return keras.Model([encoder.input, labels], told, name="memory_in_sequence")

    def serve(self, encoder: Any) -> Any:
        """Return the network that reads from a memory held in its weights, from pixels."""
        import keras

        hidden = self.controller(encoder.output)
        keys = keras.layers.Dense(self.n_slots, use_bias=False, name=_KEYS)
        rows = keras.layers.Dense(2 * self.dim, use_bias=False, name=_ROWS)
        cosines = keys(self.unit(self.key(hidden)))
        weights = keras.layers.Softmax(name="reading")(cosines * (1.0 + self.strength(hidden)))
        entry = keras.layers.Concatenate(name="read")([hidden, rows(weights)])
        return keras.Model(encoder.input, self.answer(entry), name="memory")

    def fill(
        self, served: Any, embedded: npt.NDArray[np.float32], owner: npt.NDArray[np.int64]
    ) -> None:
        """Show images with their classes, one after the other, and keep the memory in `served`.

        Parameters
        ----------
        served : keras.Model
            From `serve`.
        embedded : ndarray of float32, (n_images, dim of the encoder)
            In the order in which they are shown.
        owner : ndarray of int64, (n_images,)
            Class of each.
        """
        content = self.memorise(embedded[None], owner[None])[0]
        lengths = np.linalg.norm(content[:, : self.dim], axis=1, keepdims=True)
        keys = content[:, : self.dim] / np.maximum(lengths, _EPSILON)
        served.get_layer(_KEYS).set_weights([keys.T])
        served.get_layer(_ROWS).set_weights([content])

    def memorise(
        self, embedded: npt.NDArray[np.float32], owner: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Return the memory (n_episodes, n_slots, 2 * dim) after sequences of images.

        Parameters
        ----------
        embedded : ndarray of float32, (n_episodes, n_images, dim of the encoder)
            In the order in which they are shown.
        owner : ndarray of int64, (n_episodes, n_images)
            Class of each.
        """
        import keras

        labels = np.eye(self.n_way, dtype=np.float32)[owner]
        steps = np.concatenate([embedded, labels], axis=-1)
        state = self._run(keras.ops.convert_to_tensor(steps), training=False)[1]
        content: npt.NDArray[np.float32] = keras.ops.convert_to_numpy(state)
        return content.reshape(len(steps), self.n_slots, 2 * self.dim)

    def recall(self, embedded: Any, content: Any) -> tuple[Any, Any, Any]:
        """Answer for images by reading from memories, one each; tensors.

        Parameters
        ----------
        embedded : tensor, (n_images, dim of the encoder)
            The images.
        content : tensor, (n_images, n_slots, 2 * dim)
            The memories.

        Returns
        -------
        answer, key, reading : tensor
            Probabilities (n_images, n_way), k_t (n_images, dim) and w^r (n_images, n_slots).
        """
        from keras import ops

        hidden = self.controller(embedded)
        key = self.key(hidden)
        kept = self.unit(content[:, :, : self.dim])
        cosines = ops.einsum("bd,bsd->bs", self.unit(key), kept)
        reading = ops.softmax(cosines * (1.0 + self.strength(hidden)))
        read = ops.einsum("bs,bsd->bd", reading, content)
        return self.answer(ops.concatenate([hidden, read], axis=-1)), key, reading


def _cell(memory: Memory, n_embedding: int) -> Any:
    """Return one step of `memory` as a cell for keras.layers.RNN."""
    import keras
    from keras import ops

    class Cell(keras.layers.Layer):  # type: ignore[misc]  # keras carries no types
        def __init__(self) -> None:
            super().__init__(name="memory_cell")
            self.parts = [
                memory.controller,
                memory.key,
                memory.strength,
                memory.label,
                memory.answer,
            ]
            self.state_size = [memory.n_slots * 2 * memory.dim, memory.n_slots]
            self.output_size = memory.n_way

        def build(self, shape: Any) -> None:
            self.gate = self.add_weight(
                shape=(), initializer=keras.initializers.Constant(_GATE_START), name="gate"
            )
            widths = [n_embedding, memory.controller.units, memory.controller.units]
            widths += [memory.n_way, memory.controller.units + 2 * memory.dim]
            for part, width in zip(self.parts, widths, strict=True):
                if not part.built:
                    part.build((None, width))
            kernel = np.zeros(memory.answer.kernel.shape, np.float32)
            kernel[-memory.dim :] = _ANSWER_START * ops.convert_to_numpy(memory.label.kernel).T
            memory.answer.kernel.assign(kernel)

        def call(self, step: Any, states: Any, training: bool = False) -> Any:
            content, usage = ops.reshape(states[0], (-1, memory.n_slots, 2 * memory.dim)), states[1]
            answer, key, reading = memory.recall(step[:, :n_embedding], content)
            row = ops.concatenate([key, memory.label(step[:, n_embedding:])], axis=-1)
            least = ops.one_hot(ops.argmin(usage, axis=-1), memory.n_slots, dtype=usage.dtype)
            gate = ops.sigmoid(self.gate)
            writing = gate * reading + (1.0 - gate) * least
            content = content * (1.0 - least[:, :, None]) + writing[:, :, None] * row[:, None]
            usage = _DECAY * usage + reading + writing
            return answer, [ops.reshape(content, ops.shape(states[0])), usage]

    return Cell()
