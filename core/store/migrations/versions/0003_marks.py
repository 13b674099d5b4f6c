"""Marks that people put on runs and cascades: a name, a star, a pin; cascades can be hidden."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("run", "cascade"):
        op.add_column(table, sa.Column("name", sa.String(), nullable=True))
        for mark in ("starred", "pinned"):
            column = sa.Column(mark, sa.Integer(), nullable=False, server_default="0")
            op.add_column(table, column)
    op.add_column("cascade", sa.Column("archived_at", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("cascade", "archived_at")
    for table in ("run", "cascade"):
        for column in ("pinned", "starred", "name"):
            op.drop_column(table, column)
