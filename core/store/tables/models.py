"""Tables of what was trained and computed: runs, cascades, results."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, String, Table

from core.store.tables.metadata import metadata

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
