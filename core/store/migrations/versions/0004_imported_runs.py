"""Runs of models that were trained elsewhere, and how long a run takes for an image."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("run") as run:
        run.add_column(sa.Column("ms_per_image", sa.Float(), nullable=True))
        run.alter_column("n_parameters", existing_type=sa.Integer(), nullable=True)
        run.alter_column("duration_s", existing_type=sa.Float(), nullable=True)


def downgrade() -> None:
    with op.batch_alter_table("run") as run:
        run.alter_column("duration_s", existing_type=sa.Float(), nullable=False)
        run.alter_column("n_parameters", existing_type=sa.Integer(), nullable=False)
        run.drop_column("ms_per_image")
