"""Which device a training will use, as far as one can say before it starts.

The web process never loads a backend, so it cannot ask one: the last run knows what it was given,
and before any run the driver knows whether there is a card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.language import tn
from core.models import machine
from core.services.data.datasets import list_datasets
from core.store import runs
from core.store.database import Workspace

_CPU = "CPU"


@dataclass(frozen=True, slots=True)
class Device:
    """What will compute.

    Attributes
    ----------
    kind : {"cpu", "gpu"}
    name : str
        As runs record it; for a card that no run has used, the driver's name.
    text : str
        For people: "this machine (CPU, 2 cores)", "NVIDIA H100".
    free_bytes : int or None
        Memory of the card that is free, where the driver says so.
    """

    kind: Literal["cpu", "gpu"]
    name: str
    text: str
    free_bytes: int | None = None


def expected(ws: Workspace) -> Device:
    """Return what the next training will most likely use: what the last one used.

    Notes
    -----
    Without any run yet it is the card that `nvidia-smi` names, if the backend can use it; the first
    run then shows. Without a card it is the CPU, with as many cores as a job may use.
    """
    last, card = _last(ws), machine.gpu()
    if last is not None and last.startswith("GPU"):
        return Device("gpu", last, last.removeprefix("GPU: "), card.free_bytes if card else None)
    if last is None and card is not None:
        return Device("gpu", f"GPU: {card.name}", card.name, card.free_bytes)
    n = ws.settings.n_threads
    return Device(
        "cpu", _CPU, tn("this machine (CPU, {n} core)", "this machine (CPU, {n} cores)", n)
    )


def _last(ws: Workspace) -> str | None:
    """Return the device of the newest run of any data set, or None without one."""
    found = []
    with ws.read() as conn:
        for dataset in list_datasets(ws, archived=True):
            found += runs.all_of(conn, dataset.id, archived=True)[:1]
    return max(found, key=lambda run: run.created_at).device if found else None
