"""Tables of jobs, what they report, and who hands them out."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from core.store.sentences import Said, SaidString
from core.store.tables.metadata import metadata

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
