from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, exc, inspect, text

from core.errors import StoreError
from core.settings import ROOT
from core.store import database, datasets, runs, schema, workers
from core.store.database import open_workspace, to_json, utc_now
from core.store.tables import metadata
from tests.seeding import add_small_dataset, seed


def test_every_pooled_connection_is_durable_and_strict(workspace):
    connections = [workspace.engine.connect() for _ in range(20)]  # more than the pool keeps
    wanted = {
        "synchronous": 2,  # FULL: commit means fsync
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 30_000,
        "trusted_schema": 0,
    }
    for conn in connections:
        found = {name: conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
        conn.close()
        assert found == wanted


def test_a_write_is_seen_by_the_next_read_and_a_failed_one_leaves_nothing(workspace):
    with workspace.write() as conn:
        workers.take(conn, "a", 1, 2.0)
    with pytest.raises(ZeroDivisionError), workspace.write() as conn:
        workers.take(conn, "b", 1, 2.0)
        1 / 0  # noqa: B018
    with workspace.read() as conn:
        assert workers.holder(conn, "a")
        assert workers.holder(conn, "b") is None


def test_a_reader_keeps_its_state_while_others_write(workspace):
    with workspace.read() as reader:
        assert workers.holder(reader, "a") is None
        with workspace.write() as conn:
            workers.take(conn, "a", 1, 2.0)
        assert workers.holder(reader, "a") is None


def test_a_write_inside_a_write_is_refused_and_the_first_goes_on(workspace):
    with workspace.write() as conn:
        with pytest.raises(RuntimeError, match="inside"), workspace.write():
            pass
        workers.take(conn, "a", 1, 2.0)
    with workspace.read() as conn:
        assert workers.holder(conn, "a")


def test_a_busy_database_says_so_in_time_and_then_works_again(settings, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.2)
    ws = open_workspace(settings)
    path = settings.workspace / "desempate.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="busy.*nothing was saved; try again"), ws.write():
            pass
    with ws.write() as conn:
        workers.take(conn, "a", 1, 2.0)
    ws.close()


def test_a_thread_that_waits_for_another_gives_up_in_time(settings, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.2)
    ws = open_workspace(settings)
    errors = []

    def write():
        try:
            with ws.write():
                pass
        except StoreError as error:
            errors.append(str(error))

    with ws.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert "busy" in errors[0]
    ws.close()


@pytest.mark.parametrize(
    ("pragma", "sentence"),
    [("max_page_count=1", "disk is full"), ("query_only=ON", "read-only")],
)
def test_what_the_disk_complains_about_is_a_sentence(workspace, pragma, sentence):
    def write():
        with workspace.write() as conn:
            conn.exec_driver_sql(f"PRAGMA {pragma}")
            row = {"h": "x" * 100_000}
            conn.execute(text("INSERT INTO worker VALUES ('a', 1, 1.0, :h)"), row)

    with pytest.raises(StoreError, match=sentence):
        write()


def test_a_broken_constraint_is_not_blamed_on_the_disk(workspace):
    with pytest.raises(exc.IntegrityError), workspace.write() as conn:
        conn.execute(text("INSERT INTO job_event VALUES (1, 'nobody', 'x', '{}', 'now')"))


def test_json_is_standard_keeps_order_and_knows_numpy():
    assert to_json({"b": np.float32(0.5), "a": np.int64(3)}) == '{"b": 0.5, "a": 3}'
    with pytest.raises(ValueError, match="JSON"):
        to_json(float("nan"))
    with pytest.raises(TypeError, match="set is not JSON"):
        to_json({1, 2})


def test_now_is_utc_text_that_sorts_by_time():
    first, second = utc_now(), utc_now()
    assert first <= second
    assert len(first) == len("2026-11-23T12:00:00.000000+00:00")
    assert datetime.fromisoformat(first).tzinfo == UTC


def test_migrations_build_exactly_the_tables(workspace):
    with workspace.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    for name in metadata.tables:  # what compare_metadata does not look at
        for question in ("get_pk_constraint", "get_unique_constraints", "get_foreign_keys"):
            made, wanted = (getattr(inspect(e), question)(name) for e in (workspace.engine, fresh))
            key = lambda found: json.dumps(found, sort_keys=True, default=str)  # noqa: E731
            if isinstance(made, list):
                assert sorted(map(key, made)) == sorted(map(key, wanted))
            else:
                assert key(made) == key(wanted)
    fresh.dispose()


def test_a_migration_goes_down_and_up_again(workspace):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema.SCRIPTS))
    with workspace.engine.connect().execution_options(write=True) as conn, conn.begin():
        config.attributes["connection"] = conn
        command.downgrade(config, "base")
        assert inspect(conn).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
        assert set(metadata.tables) < set(inspect(conn).get_table_names())


def test_file_names_tell_the_versions_that_alembic_knows():
    scripts = ScriptDirectory(str(schema.SCRIPTS))
    assert schema.versions() == sorted(s.revision for s in scripts.walk_revisions())
    assert schema.versions()[-1] == scripts.get_current_head()


def test_an_up_to_date_workspace_opens_without_alembic(workspace):
    code = (
        "import sys; from core.settings import load_settings;"
        "from core.store.database import open_workspace;"
        f"open_workspace(load_settings({str(workspace.path)!r}));"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def _one_more_migration(scripts, what):
    """Copy the migrations and add one that does `what`."""
    shutil.copytree(schema.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9000_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '9000', '{schema.versions()[-1]}'\n"
        f"def upgrade():\n    {what}\n"
    )
    return scripts


def test_the_first_workspaces_get_the_tables_of_reviews(settings):
    """From the first released schema, with rows in it, to the one of today, and back up again."""
    from alembic import command
    from alembic.config import Config

    ws = open_workspace(settings)
    dataset_id, images = add_small_dataset(ws, 3)
    config = Config()
    config.set_main_option("script_location", str(schema.SCRIPTS))
    with ws.engine.connect().execution_options(write=True) as conn, conn.begin():
        config.attributes["connection"] = conn
        command.downgrade(config, "0001")
        assert not inspect(conn).has_table("review")
    ws.close()
    ws = open_workspace(settings)
    assert inspect(ws.engine).has_table("review_current")
    with ws.read() as conn:
        assert tuple(datasets.images(conn, dataset_id)["image_id"]) == images
    ws.close()


def test_an_older_workspace_is_backed_up_and_migrated(workspace, tmp_path):
    scripts = _one_more_migration(
        tmp_path / "100% migrations", "op.add_column('worker', sa.Column('note', sa.String()))"
    )
    with workspace.write() as conn:
        workers.take(conn, "a", 1, 2.0)
    schema.prepare(workspace.engine, workspace.path, scripts)
    assert "note" in {c["name"] for c in inspect(workspace.engine).get_columns("worker")}
    (backup,) = (workspace.path / "backups").iterdir()
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT slot FROM worker").fetchall() == [("a",)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (schema.versions()[-1],)
        ]


def test_a_failed_migration_leaves_the_database_as_it_was(workspace, tmp_path):
    scripts = _one_more_migration(
        tmp_path / "migrations", "op.drop_table('worker'); raise ZeroDivisionError"
    )
    with pytest.raises(ZeroDivisionError):
        schema.prepare(workspace.engine, workspace.path, scripts)
    assert inspect(workspace.engine).has_table("worker")


def test_a_newer_workspace_is_refused(workspace):
    with workspace.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version of Desempate.*schema 9999.*update"):
        open_workspace(workspace.settings)


def test_somebody_elses_database_is_refused(settings):
    settings.workspace.mkdir()
    with closing(sqlite3.connect(settings.workspace / "desempate.db")) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="not one of Desempate"):
        open_workspace(settings)


def test_a_damaged_database_is_a_sentence(settings):
    settings.workspace.mkdir()
    (settings.workspace / "desempate.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="not a database.*backup"):
        open_workspace(settings)


def test_a_folder_that_is_a_file_is_a_sentence(settings, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file"):
        open_workspace(replace(settings, workspace=tmp_path / "file" / "workspace"))


def test_runs_and_cascades_from_before_marks_are_kept_without_any(settings):
    from alembic import command
    from alembic.config import Config

    ws = open_workspace(settings)
    ids = seed(ws)
    config = Config()
    config.set_main_option("script_location", str(schema.SCRIPTS))
    with ws.engine.connect().execution_options(write=True) as conn, conn.begin():
        config.attributes["connection"] = conn
        command.downgrade(config, "0002")
        columns = {c["name"] for c in inspect(conn).get_columns("cascade")}
        assert not columns & {"name", "starred", "pinned", "archived_at"}
    ws.close()
    ws = open_workspace(settings)
    with ws.read() as conn:
        run, cascade = runs.get(conn, ids.generalist), runs.find_cascade(conn, ids.cascade)
    assert [(m.name, m.starred, m.pinned, m.archived_at) for m in (run, cascade)] == [
        (None, False, False, None)
    ] * 2
    ws.close()
