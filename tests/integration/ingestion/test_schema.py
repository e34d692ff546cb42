"""Migrations on the real engine: from empty, from each earlier version, failing halfway, and back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from heimdall_project.clients.clickhouse import ClickHouse
from ingestion.schema import applying, files
from ingestion.schema.files import Migration, SchemaError, parse
from ingestion.schema.server import SchemaServer

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
LAST = len(files.read())
ROW = (
    b'{"event_id":"e%d","content_id":"c","user_id":"u","event_type":"view","occurred_at":"2026-01-01",'
    b'"props":"{}","topic":"t","partition":0,"offset":%d,"accepted_ms":1700000000123}\n'
)


@pytest.fixture
def server(settings: Settings) -> Iterator[SchemaServer]:
    """A database that does not exist yet; no other test has it."""
    address = os.environ["CLICKHOUSE_URL"]
    name = f"schema_{uuid4().hex[:8]}"
    settings.CLICKHOUSE_URL = urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
    made = SchemaServer()
    yield made
    made.close()
    ClickHouse(url=address).command(f"DROP DATABASE IF EXISTS {name} SYNC")


def migrate(*arguments: str, **options: object) -> str:
    output = StringIO()
    call_command("migrate_clickhouse", *arguments, stdout=output, skip_checks=True, **options)
    return output.getvalue()


def tables(server: SchemaServer) -> dict[str, str]:
    """What stands there, as the server says."""
    rows = server.rows(
        "SELECT name, create_table_query AS made FROM system.tables WHERE database = {name:String}",
        {"name": server.database},
    )
    return {row["name"]: row["made"].replace(server.database, "DB") for row in rows}


def put(*offsets: int) -> None:
    columns = ["event_id", "content_id", "user_id", "event_type", "occurred_at", "props", "topic"]
    body = b"".join(ROW % (offset, offset) for offset in offsets)
    ClickHouse().insert("page_views", body, columns=[*columns, "partition", "offset", "accepted_ms"])


def test_from_empty_everything_is_made_and_a_second_run_finds_nothing_to_do(server: SchemaServer) -> None:
    with pytest.raises(CommandError, match=f"{LAST} steps are to be done") as behind:
        migrate("--check")
    assert behind.value.returncode == 1
    assert "002_page_view_arrivals.sql" in migrate()
    assert migrate("--check") == migrate() == "The tables are up to date.\n"
    assert {"page_views", "page_view_arrivals", "page_view_arrivals_feed"} <= set(tables(server))


@pytest.mark.parametrize("version", range(1, LAST + 1))
def test_from_each_earlier_version_the_same_tables_come_out_with_what_was_stored(
    server: SchemaServer, version: int
) -> None:
    migrate("--to", str(version))
    put(1, 2)
    migrate()
    put(3)
    upgraded = tables(server)
    arrivals = server.rows("SELECT offset FROM page_view_arrivals ORDER BY offset")
    assert [row["offset"] for row in arrivals] == [1, 2, 3]
    migrate("--to", "0", "--drop-data")
    assert set(tables(server)) == {"schema_log"}
    migrate()
    assert tables(server) == upgraded


def test_nothing_is_dropped_unless_that_is_said(server: SchemaServer) -> None:
    migrate()
    before = tables(server)
    with pytest.raises(CommandError, match=r"would drop tables .*, undo 002_page_view_arrivals.sql"):
        migrate("--to", "1")
    assert "DROP TABLE IF EXISTS page_view_arrivals" in migrate("--to", "1", "--dry-run")
    assert tables(server) == before


HALF = """CREATE TABLE IF NOT EXISTS a (x String) ENGINE = MergeTree ORDER BY x;
CREATE TABLE IF NOT EXISTS b (x {type}) ENGINE = MergeTree ORDER BY x;
-- back
DROP TABLE IF EXISTS b;
DROP TABLE IF EXISTS a;
"""


def half(kind: str) -> list[Migration]:
    return [parse("001_half.sql", HALF.format(type=kind))]


def test_a_migration_that_fails_halfway_can_be_corrected_and_run_again(
    server: SchemaServer,
) -> None:
    with pytest.raises(applying.StatementFailed, match=r"001_half.sql: statement 2 of 2 failed"):
        applying.apply(server, files=half("Nonsense"))
    assert "a" in tables(server)
    assert [str(step) for step in applying.pending(server, files=half("Nonsense"))] == ["001_half.sql"]
    assert applying.apply(server, files=half("String")) == 1
    assert {"a", "b"} <= set(tables(server))


def test_a_migration_that_fails_halfway_has_a_way_back(server: SchemaServer) -> None:
    with pytest.raises(applying.StatementFailed, match="--to 000 --drop-data"):
        applying.apply(server, files=half("Nonsense"))
    assert applying.apply(server, to=0, files=half("Nonsense")) == 1
    assert set(tables(server)) == {"schema_log"}
    assert applying.pending(server, to=0, files=half("String")) == []


@pytest.mark.parametrize("point", ["schema.statement:3", "schema.before_done:2"])
def test_a_process_that_is_killed_in_the_middle_is_followed_by_one_that_completes(
    server: SchemaServer, settings: Settings, point: str
) -> None:
    assert run(settings.CLICKHOUSE_URL, HEIMDALL_CRASH_AT=point) == 137
    assert applying.pending(server)
    migrate()
    assert {"page_views", "page_view_arrivals", "page_view_arrivals_feed"} <= set(tables(server))
    assert applying.pending(server) == []


def test_two_runs_at_once_leave_one_schema(server: SchemaServer, settings: Settings) -> None:
    running = [started(settings.CLICKHOUSE_URL) for _ in range(2)]
    codes = sorted(process.wait(60) for process in running)
    assert codes in ([0, 0], [0, 3])
    assert applying.pending(server) == []
    done = server.rows("SELECT number, state FROM schema_log ORDER BY step")
    assert [(row["number"], row["state"]) for row in done] == [
        (number, state) for number in range(1, LAST + 1) for state in ("started", "done")
    ]


def test_who_finds_another_run_at_work_says_so(server: SchemaServer) -> None:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [applying.lock_of(server.database)])
        with pytest.raises(CommandError, match="Another process is changing the schema") as busy:
            migrate()
    assert busy.value.returncode == 3
    assert f"{LAST} steps done" in migrate()


def test_a_file_that_was_changed_after_it_was_applied_is_named(
    server: SchemaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate()
    first, *rest = files.read()
    changed = parse(first.name, (files.DIRECTORY / first.name).read_text() + "-- a word\n")
    monkeypatch.setattr(applying, "read", lambda: [changed, *rest])
    for arguments in ((), ("--check",)):
        with pytest.raises(CommandError, match=r"001_page_views.sql differs from what was applied") as drift:
            migrate(*arguments)
        assert drift.value.returncode == 1


def test_an_older_program_does_not_touch_what_a_newer_one_made(server: SchemaServer) -> None:
    migrate()
    with pytest.raises(SchemaError, match=r"002_page_view_arrivals.sql is applied, and not among the files"):
        applying.apply(server, files=files.read()[:1])


def test_a_server_that_is_away_is_told_apart_from_one_that_is_behind(settings: Settings) -> None:
    settings.CLICKHOUSE_URL = "http://heimdall:heimdall@127.0.0.1:1/heimdall"
    with pytest.raises(CommandError, match="ClickHouse cannot be asked") as away:
        migrate("--check")
    assert away.value.returncode == 2


def started(url: str, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "migrate_clickhouse"]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"CLICKHOUSE_URL": url, "DEBUG": "true"} | environment
    )


def run(url: str, **environment: str) -> int:
    return started(url, **environment).wait(60)
