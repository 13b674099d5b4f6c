"""Tables of what was imported, and what follows from it: images, data sets, embeddings."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, String, Table, UniqueConstraint

from core.store.sentences import Said
from core.store.tables.metadata import metadata

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
