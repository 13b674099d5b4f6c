"""The schema, as SQLAlchemy Core tables. Every change here needs a migration in `migrations/`.

Times are UTC ISO-8601 text with microseconds. JSON columns hold what is only ever read whole.
"""

from __future__ import annotations

from core.store.tables.images import (
    dataset,
    dataset_image,
    dataset_problem,
    embedding,
    embedding_row,
    image,
)
from core.store.tables.metadata import metadata
from core.store.tables.models import cascade, result, run
from core.store.tables.people import (
    adjudication,
    class_map,
    decision,
    label_set,
    mistake_cost,
    review,
    review_current,
)
from core.store.tables.queue import job, job_event, worker

__all__ = [
    "adjudication",
    "cascade",
    "class_map",
    "dataset",
    "dataset_image",
    "dataset_problem",
    "decision",
    "embedding",
    "embedding_row",
    "image",
    "job",
    "job_event",
    "label_set",
    "metadata",
    "mistake_cost",
    "result",
    "review",
    "review_current",
    "run",
    "worker",
]
