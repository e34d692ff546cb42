"""Takes the schema in ClickHouse to a version, one process at a time, and writes down how far it is.

The lock is PostgreSQL's (ClickHouse has none to offer): it ends with the session that holds it. Losing it in
the middle does no harm, since each statement can be run twice.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any, Protocol

from django.db import DatabaseError, connection

from heimdall_project.errors import HeimdallError
from heimdall_project.observability.crash import crash_point

from .files import Migration, SchemaError, read
from .plan import Entry, State, Step, steps

LOG = """
CREATE TABLE IF NOT EXISTS schema_log
(
    step UInt64,
    number UInt16,
    name String,
    checksum String,
    state LowCardinality(String),
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY step
"""
_EXISTS = """
SELECT count() AS found FROM system.tables WHERE database = {name:String} AND name = 'schema_log'
"""
_ENTRIES = "SELECT number, name, checksum, state FROM schema_log ORDER BY step"


class Server(Protocol):
    """What is asked of ClickHouse. Methods raise what the client's module says."""

    database: str
    """Where the tables stand."""

    def exists(self) -> bool:
        """Whether the database does."""
        ...

    def create(self) -> None:
        """Make the database if it is missing."""
        ...

    def command(self, sql: str, parameters: dict[str, Any] | None = None) -> object:
        """Run one statement."""
        ...

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> Sequence[dict[str, Any]]:
        """Ask one query."""
        ...


class Busy(HeimdallError):
    """Another process is changing the schema now."""


class StatementFailed(HeimdallError):
    """A statement of a migration was refused; what is written down says that it was begun."""

    def __init__(self, step: Step, number: int, error: Exception) -> None:
        of = len(step.statements)
        super().__init__(
            f"{step}: statement {number} of {of} failed: {error}\n"
            f"It is written down as begun. Run again when the cause is gone: statements can be run twice.\n"
            f"Or go back: --to {step.migration.number - 1:03} --drop-data."
        )


def pending(server: Server, *, to: int | None = None, files: Sequence[Migration] | None = None) -> list[Step]:
    """What is to be done. Changes nothing. Raises SchemaError on drift."""
    return steps(read() if files is None else files, _latest(server), to=to)


def apply(
    server: Server,
    *,
    to: int | None = None,
    files: Sequence[Migration] | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> int:
    """Do it, and answer how many steps that took. Raises SchemaError, Busy, StatementFailed."""
    with _alone(server.database):
        server.create()
        server.command(LOG)
        todo = pending(server, to=to, files=files)
        for step in todo:
            _take(server, step)
            tell(str(step))
        return len(todo)


def _take(server: Server, step: Step) -> None:
    begun, done = (State.LEAVING, State.LEFT) if step.is_back else (State.STARTED, State.DONE)
    _note(server, step.migration, begun)
    for number, statement in enumerate(step.statements, start=1):
        crash_point("schema.statement")
        try:
            server.command(statement)
        except HeimdallError as error:
            raise StatementFailed(step, number, error) from error
    crash_point("schema.before_done")
    _note(server, step.migration, done)


def _note(server: Server, migration: Migration, state: State) -> None:
    server.command(
        "INSERT INTO schema_log (step, number, name, checksum, state) "
        "SELECT (SELECT count() + 1 FROM schema_log), {number:UInt16}, {name:String}, {checksum:String}, "
        "{state:String}",
        {
            "number": migration.number,
            "name": migration.name,
            "checksum": migration.checksum,
            "state": str(state),
        },
    )


def _latest(server: Server) -> list[Entry]:
    """The last entry of each migration."""
    there = (
        "SELECT count() AS found FROM system.tables WHERE database = {name:String} AND name = 'schema_log'"
    )
    if not server.exists() or not server.rows(there, {"name": server.database})[0]["found"]:
        return []
    last = {row["number"]: row for row in server.rows(_ENTRIES)}
    try:
        return [Entry(**(row | {"state": State(row["state"])})) for row in last.values()]
    except ValueError as error:
        raise SchemaError(f"schema_log says what this version does not know: {error}") from None


def lock_of(database: str) -> int:
    """The advisory lock of a database's schema."""
    return int.from_bytes(sha256(f"clickhouse schema {database}".encode()).digest()[:8], signed=True)


@contextmanager
def _alone(database: str) -> Iterator[None]:
    """Hold the lock of this database's schema."""
    key = lock_of(database)
    with connection.cursor() as sql:
        sql.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not sql.fetchone()[0]:
            raise Busy("Another process is changing the schema in ClickHouse: wait until it is through.")
        try:
            yield
        finally:
            with suppress(DatabaseError):  # a session that is gone holds nothing
                sql.execute("SELECT pg_advisory_unlock(%s)", [key])
