"""Full context embeddings: images embedded in view of a whole support set.

References
----------
O. Vinyals et al., "Matching Networks for One Shot Learning", NeurIPS 2016, section 2.1.2 and
appendix A.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

KEYS, _VALUES = "context_keys", "context_values"


class Context:
    """The two recurrent networks of full context embeddings, with weights of their own.

    g(x_i, S) is g'(x_i) plus what a bidirectional LSTM over the support set says at its place. f(x,
    S) is read out of an LSTM that, some times over, takes f'(x) and what its own state attends to
    in the support set.

    Parameters
    ----------
    dim : int
        Length of one embedding.
    n_steps : int
        Times that the support set is read.
    """

    def __init__(self, dim: int, n_steps: int) -> None:
        import keras

        self._dim, self._n_steps = dim, n_steps
        lstm = keras.layers.LSTM(dim, return_sequences=True)
        self._around = keras.layers.Bidirectional(lstm, merge_mode="sum", name="context_support")
        self._cell = keras.layers.LSTMCell(dim, name="context_query")

    def embed_support(self, support: Any) -> Any:
        """Return g: (n_support, dim) -> (n_support, dim), tensors."""
        import keras

        return support + keras.ops.squeeze(self._around(keras.ops.expand_dims(support, 0)), 0)

    def embed_queries(self, queries: Any, support: Any) -> Any:
        """Return f: (n_queries, dim), given g of the support set; tensors."""
        import keras

        def read(state: Any) -> Any:
            attention = keras.ops.softmax(keras.ops.matmul(state, keras.ops.transpose(support)))
            return keras.ops.matmul(attention, support)

        return self._steps(queries, read)

    def serve(self, queries: Any, n_support: int) -> Any:
        """Return f as in `embed_queries`, with the support set in the weights of two layers."""
        import keras

        keys = keras.layers.Dense(n_support, activation="softmax", use_bias=False, name=KEYS)
        values = keras.layers.Dense(self._dim, use_bias=False, name=_VALUES)
        return self._steps(queries, lambda state: values(keys(state)))

    def of_support(self, embedded: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return g of embeddings in the order given, (n_support, dim)."""
        import keras

        told = self._around(keras.ops.convert_to_tensor(embedded[None]), training=False)
        around: npt.NDArray[np.float32] = keras.ops.convert_to_numpy(told)[0]
        return embedded + around

    def fill(self, served: Any, support: npt.NDArray[np.float32]) -> None:
        """Put g of the support set into a model made by `serve`."""
        served.get_layer(KEYS).set_weights([support.T])
        served.get_layer(_VALUES).set_weights([support])

    def _steps(self, queries: Any, read: Any) -> Any:
        import keras

        hidden = queries
        cell = keras.ops.zeros_like(queries)
        for _ in range(self._n_steps):
            entry = keras.ops.concatenate([queries, read(hidden)], axis=-1)
            output, (_, cell) = self._cell(entry, [hidden, cell])
            hidden = output + queries
        return hidden
