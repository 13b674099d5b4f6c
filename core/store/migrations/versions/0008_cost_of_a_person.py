"""What asking a person about an image costs, beside what mistakes cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mistake_cost", sa.Column("person", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("mistake_cost", "person")
