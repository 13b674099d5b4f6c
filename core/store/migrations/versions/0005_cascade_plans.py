"""Cascades with a threshold for each expert, a person as the third route, and a promise."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cascade") as table:
        table.add_column(sa.Column("plan", sa.JSON(), nullable=False, server_default="{}"))
    bind = op.get_bind()
    rows = bind.execute(sa.text("SELECT id, experts, tau, report FROM cascade")).all()
    for row in rows:
        taus = [row.tau] * len(json.loads(row.experts))
        plan = {"rule": "confidence", "taus": taus, "person": 0.0, "rules": [], "promise": None}
        report = json.loads(row.report)
        for split in ("val", "test"):
            figures = report[split]
            figures["n_answered"] = figures["n_images"]
            figures["n_expert"] = figures["n_deferred"]
            figures |= {"coverage": 1.0, "person_rate": 0.0}
        bind.execute(
            sa.text("UPDATE cascade SET plan = :plan, report = :report WHERE id = :id"),
            {"plan": json.dumps(plan), "report": json.dumps(report), "id": row.id},
        )


def downgrade() -> None:
    with op.batch_alter_table("cascade") as table:
        table.drop_column("plan")
