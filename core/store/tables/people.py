"""Tables of what people say and decide: classes, reviews, labels, decisions, costs."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.store.tables.metadata import metadata

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

# What mistakes cost, entered by a person; each save is a new version.
mistake_cost = Table(
    "mistake_cost",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("unit", String, nullable=False),  # "EUR", "points"
    Column("costs", JSON),  # labels by labels, row = true; null: no longer used
    Column("person", Float),  # of asking one about an image; null: nobody said
    Column("why", Text, nullable=False),
    Column("who", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("dataset_id", "version"),
)
