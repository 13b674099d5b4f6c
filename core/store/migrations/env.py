"""What alembic runs around a migration: one transaction, on the connection it is given."""

from __future__ import annotations

from alembic import context

from core.store.tables import metadata

# A connection comes from core.store.database; `alembic` on the command line is for authors only:
# see CONTRIBUTING.md. The guard keeps a plain import of this file (a test collector's) harmless.
if hasattr(context, "config"):
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,  # SQLite cannot alter a column: alembic copies the table
    )
    context.run_migrations()
