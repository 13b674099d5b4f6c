"""Runs of models that were trained elsewhere, and how long a run takes for an image."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A table that others point at cannot be made anew (SQLite would refuse to drop it), but its columns
# can, one by one.
_COLUMNS = (("n_parameters", sa.Integer()), ("duration_s", sa.Float()))


def upgrade() -> None:
    op.add_column("run", sa.Column("ms_per_image", sa.Float(), nullable=True))
    for name, kind in _COLUMNS:
        _replace(name, sa.Column(f"new_{name}", kind, nullable=True))


def downgrade() -> None:
    for name, kind in _COLUMNS:
        _replace(name, sa.Column(f"new_{name}", kind, nullable=False, server_default="0"))
    op.drop_column("run", "ms_per_image")


def _replace(name: str, column: sa.Column[float]) -> None:
    """Let `column` take the values and the name of another one."""
    op.add_column("run", column)
    op.execute(f"UPDATE run SET new_{name} = coalesce({name}, 0)")
    op.drop_column("run", name)
    op.execute(f"ALTER TABLE run RENAME COLUMN new_{name} TO {name}")
