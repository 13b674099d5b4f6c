"""The demo: the rosebuds, imported and embedded, so that a new user has something to explore."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.services.data.datasets import get_dataset, restore_dataset
from core.services.data.embedding import embed_now
from core.services.data.exploring import submit_explore, submit_projection
from core.services.data.importing import ImportOptions, import_now
from core.settings import DEFAULT_BACKBONE, DEMO_NAME
from core.store import datasets
from core.store.database import Workspace

DEMO_SOURCE = "builtin:rosebuds"


def submit_demo(ws: Workspace) -> str:
    """Start building the demo in the background and return the job's id."""
    exists = has_demo(ws)
    if exists:
        restore_dataset(ws, DEMO_NAME)  # whoever asks for it again wants to see it
    key = f"demo-{exists}"  # a double click is one job
    return engine.submit(ws, "demo", {}, title=t("Build the demo"), idem_key=key)


def run_demo(context: JobContext, _params: Mapping[str, Any]) -> dict[str, Any]:
    """Import and embed the rosebuds (in the job process); queue their map and the evidence.

    Notes
    -----
    What is there already is taken as it is: a demo that was interrupted goes on where it stopped.
    """
    ws = context.workspace
    if not has_demo(ws):
        import_now(
            ws,
            DEMO_SOURCE,
            DEMO_NAME,
            ImportOptions(),
            _between(context, 0.0, 0.4),
            context.should_stop,
        )
    dataset = get_dataset(ws, DEMO_NAME)
    embed_now(ws, dataset, DEFAULT_BACKBONE, _between(context, 0.4, 1.0), context.should_stop)
    submit_projection(ws, dataset.id)
    submit_explore(ws, dataset.id)
    return {"dataset": dataset.id, "name": dataset.name, "n_images": dataset.n_images}


def has_demo(ws: Workspace) -> bool:
    """Say whether the demo data set is in the workspace, archived or not."""
    with ws.read() as conn:
        return datasets.find(conn, DEMO_NAME) is not None


def _between(context: JobContext, low: float, high: float) -> Callable[[float | None, str], None]:
    def report(share: float | None, step: str) -> None:
        context.report(None if share is None else low + (high - low) * share, step)

    return report
