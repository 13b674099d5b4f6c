"""Who hands out jobs: one row a machine, held by a living process."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.store.database import utc_now
from core.store.tables import worker


@dataclass(frozen=True, slots=True)
class Lease:
    """The process that hands out jobs; `pid_started` tells it from a later one of that number."""

    slot: str
    pid: int
    pid_started: float
    heartbeat_at: str


def holder(conn: Connection, slot: str) -> Lease | None:
    """Return who holds the lease of `slot`, dead or alive."""
    row = conn.execute(select(worker).where(worker.c.slot == slot)).first()
    return Lease(*row) if row else None


def take(conn: Connection, slot: str, pid: int, pid_started: float) -> None:
    """Write the lease of `slot`, whoever held it before; also the holder's sign of life."""
    values = {"pid": pid, "pid_started": pid_started, "heartbeat_at": utc_now()}
    statement = insert(worker).values(slot=slot, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["slot"], set_=values))


def release(conn: Connection, slot: str, pid: int, pid_started: float) -> None:
    """Give the lease back, if it is still this process's."""
    mine = (worker.c.slot == slot, worker.c.pid == pid, worker.c.pid_started == pid_started)
    conn.execute(delete(worker).where(*mine))
