"""The schema, as SQLAlchemy Core tables. Every change here needs a migration in `migrations/`.

Times are UTC ISO-8601 text with microseconds. JSON columns hold what is only ever read whole.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.store.sentences import Said, SaidString

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# An image is its bytes. `pack` is a blob with many files back to back.
image = Table(
    "image",
    metadata,
    Column("id", String, primary_key=True),  # sha256 of the file's bytes
    Column("pack", String, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("n_bytes", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("format", String, nullable=False),
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("source", String, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("n_images", Integer, nullable=False),
    Column("size_px", Integer, nullable=False),
    Column("fit", String, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("pixels", String, nullable=False),
    Column("atlas", String, nullable=False),
    Column("atlas_offsets", String, nullable=False),
    Column("n_duplicates", Integer, nullable=False),
    Column("note", Said, nullable=False),
    Column("sidecar", String),  # blob: what only tests and the report's honesty note read
    Column("created_at", String, nullable=False),
    Column("archived_at", String),
)

dataset_image = Table(
    "dataset_image",
    metadata,
    Column("dataset_id", ForeignKey("dataset.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("image_id", ForeignKey("image.id"), nullable=False),
    Column("path", String, nullable=False),
    Column("label", String, nullable=False),
    Column("split", String, nullable=False),
    Column("group", String),
    UniqueConstraint("dataset_id", "image_id"),
)

dataset_problem = Table(
    "dataset_problem",
    metadata,
    Column("dataset_id", ForeignKey("dataset.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("file", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("reason", Said, nullable=False),
)

class_map = Table(
    "class_map",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("class_of", JSON, nullable=False),  # [[label, class], ...] in label order
    Column("why", Text, nullable=False),
    Column("who", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("dataset_id", "name", "version"),
)

# One vector of one image from one embedder; `shard` is a float32 .npy blob, `row` a row of it.
embedding_row = Table(
    "embedding_row",
    metadata,
    Column("image_id", ForeignKey("image.id"), primary_key=True),
    Column("embedder", String, primary_key=True),  # backbone + weights + preprocessing
    Column("shard", String, nullable=False),
    Column("row", Integer, nullable=False),
)

# All images of one data set through one embedder: what `embed` returned.
embedding = Table(
    "embedding",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("backbone", String, nullable=False),
    Column("embedder", String, nullable=False),
    Column("dim", Integer, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("created_at", String, nullable=False),
)

# A computation whose inputs are immutable: its id is the hash of them, so it never goes stale.
result = Table(
    "result",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),  # "explore", "projection", ...
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("params", JSON, nullable=False),
    Column("value", JSON, nullable=False),
    Column("blob", String),
    Column("created_at", String, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("algorithm", String, nullable=False),
    Column("class_map_id", ForeignKey("class_map.id")),
    Column("classes", JSON, nullable=False),
    Column("pair", JSON),
    Column("seed", Integer, nullable=False),
    Column("config", JSON, nullable=False),
    Column("history", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("temperature", Float, nullable=False),
    Column("artifact", JSON, nullable=False),
    Column("predictions", String, nullable=False),
    Column("n_parameters", Integer),
    Column("duration_s", Float),
    Column("ms_per_image", Float),
    Column("device", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("archived_at", String),
    Column("name", String),  # what people call it
    Column("starred", Integer, nullable=False, server_default="0"),
    Column("pinned", Integer, nullable=False, server_default="0"),
)

cascade = Table(
    "cascade",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("generalist", ForeignKey("run.id"), nullable=False),
    Column("experts", JSON, nullable=False),
    Column("tau", Float, nullable=False),
    Column("tau_from", String, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("report", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    Column("archived_at", String),
    Column("name", String),  # what people call it
    Column("starred", Integer, nullable=False, server_default="0"),
    Column("pinned", Integer, nullable=False, server_default="0"),
)

# What people said about images; only ever added to. A person's words on an image are numbered.
review = Table(
    "review",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # the order, whatever clocks say
    Column("event_id", String, nullable=False, unique=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("image_id", ForeignKey("image.id"), nullable=False),
    Column("reviewer", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("verdict", String, nullable=False),
    Column("label", String),
    Column("undoes", String, unique=True),  # nothing is taken back twice
    Column("note", Text, nullable=False),
    Column("source", String, nullable=False),
    Column("blind", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("dataset_id", "image_id", "reviewer", "version"),
)

# The word of each person on each image that counts now; `rebuild` makes it again from `review`.
review_current = Table(
    "review_current",
    metadata,
    Column("dataset_id", ForeignKey("dataset.id"), primary_key=True),
    Column("reviewer", String, primary_key=True),
    Column("image_id", ForeignKey("image.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("seq", ForeignKey("review.seq")),  # None: all was taken back
)

adjudication = Table(
    "adjudication",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("image_id", ForeignKey("image.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("label", String),  # None: open again
    Column("who", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("dataset_id", "image_id", "version"),
)

label_set = Table(
    "label_set",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("labels", String, nullable=False),
    Column("quality", String),
    Column("origin", JSON, nullable=False),
    Column("who", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("dataset_id", "name", "version"),
)

# What people decided about proposals; only ever added to: the database refuses anything else.
decision = Table(
    "decision",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # the order, whatever clocks say
    Column("event_id", String, nullable=False, unique=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("proposal_id", String, nullable=False),  # of a class map or a cascade
    Column("version", Integer, nullable=False),  # the events of a proposal are numbered
    Column("action", String, nullable=False),
    Column("who", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),  # {"ids": ..., "figures": ...}, as it was shown
    Column("evidence_hash", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("proposal_id", "version"),
)

job = Table(
    "job",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # the order of the queue
    Column("id", String, nullable=False, unique=True),
    Column("idem_key", String, unique=True),  # a repeated submission finds the first one
    Column("retry_of", String, unique=True),  # the ended job this one repeats; at most one does
    Column("kind", String, nullable=False),
    Column("title", SaidString, nullable=False),
    Column("params", JSON, nullable=False),
    Column("dataset_id", String),
    Column("state", String, nullable=False, index=True),
    Column("progress", Float, nullable=False),
    Column("step", SaidString, nullable=False),
    Column("result", JSON),
    Column("error", Said),
    Column("traceback", Text),
    Column("cancel_requested", Integer, nullable=False),
    Column("fence", Integer, nullable=False),  # +1 at each claim; every later write names it
    Column("pid", Integer),
    Column("pid_started", Float),  # a process id is only an identity together with its start
    Column("host", String),  # ... and only on its own machine
    Column("created_at", String, nullable=False),
    Column("started_at", String),
    Column("finished_at", String),
    Column("heartbeat_at", String),
)

# What mistakes cost, entered by a person; each save is a new version.
mistake_cost = Table(
    "mistake_cost",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("unit", String, nullable=False),  # "EUR", "points"
    Column("costs", JSON),  # labels by labels, row = true; null: no longer used
    Column("why", Text, nullable=False),
    Column("who", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("dataset_id", "version"),
)

job_event = Table(
    "job_event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("job_id", ForeignKey("job.id"), nullable=False),
    Column("kind", String, nullable=False),  # "epoch", "log", ...
    Column("payload", JSON, nullable=False),
    Column("at", String, nullable=False),
    Index("ix_job_event_job_id_seq", "job_id", "seq"),
)

# One row a machine: who is handing out jobs. The lease is taken over when the holder is gone.
worker = Table(
    "worker",
    metadata,
    Column("slot", String, primary_key=True),  # "host:cpu", "host:gpu0"
    Column("pid", Integer, nullable=False),
    Column("pid_started", Float, nullable=False),
    Column("heartbeat_at", String, nullable=False),
)
