"""How the step size changes over a training: the one home of schedules.

References
----------
I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017 (the
cosine, here without restarts).
L. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017 (the triangle; here one
cycle, as in L. Smith and N. Topin, "Super-Convergence", 2019).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from core.language import phrase

SCHEDULES = (phrase("cosine"), phrase("triangular"), phrase("constant"))
HELP = phrase(
    "How the step size moves: down along a cosine, up and down in straight lines (one triangle), "
    "or not at all"
)
_START_SHARE = 0.1  # of the highest step: where a rise begins


def step_size(schedule: str, highest: float, n_steps: int, *, warmup_share: float = 0.0) -> Any:
    """Return the step sizes of a training, as optimizers of Keras take them.

    Parameters
    ----------
    schedule : {"cosine", "triangular", "constant"}
        "cosine" falls to zero, after a rise over `warmup_share` of the steps; "triangular" rises in
        a straight line until half of the steps and falls to zero in another; "constant" stays.
    highest : float
        The highest step size, above 0.
    n_steps : int
        Steps of the whole training, 1 or more; afterwards the last value holds.
    warmup_share : float
        Share in [0, 1) of the steps of a "cosine"; rises begin at a tenth of `highest`.

    Returns
    -------
    float or keras.optimizers.schedules.LearningRateSchedule
    """
    import keras

    if schedule == "constant":
        return highest
    if schedule == "triangular":
        return _triangle()(highest, n_steps)
    if not warmup_share:
        return keras.optimizers.schedules.CosineDecay(highest, n_steps)
    n_warmup = max(1, int(n_steps * warmup_share))
    return keras.optimizers.schedules.CosineDecay(
        highest * _START_SHARE,
        max(1, n_steps - n_warmup),
        warmup_target=highest,
        warmup_steps=n_warmup,
    )


@cache
def _triangle() -> type[Any]:
    """Return the schedule that Keras does not have; a class, made once."""
    import keras

    @keras.saving.register_keras_serializable(package="desempate")
    class Triangle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # untyped
        """One rise and one fall, both straight."""

        def __init__(self, highest: float, n_steps: int) -> None:
            self._highest, self._n_steps = highest, n_steps

        def __call__(self, step: Any) -> Any:
            ops = keras.ops
            half = max(1.0, self._n_steps / 2)
            place = ops.cast(step, "float32") / half  # 0 to 2
            rise = _START_SHARE + (1 - _START_SHARE) * place
            return self._highest * ops.clip(ops.minimum(rise, 2 - place), 0.0, 1.0)

        def get_config(self) -> dict[str, Any]:
            return {"highest": self._highest, "n_steps": self._n_steps}

    return Triangle
