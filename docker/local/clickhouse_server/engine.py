"""The engine: one for the process, a connection of it for each request. The only module that imports chDB.

A connection costs a quarter of a millisecond and carries settings and the current database, so none outlives
its request. chDB lets go of the interpreter's lock while a statement runs.

Inserts go in as `FROM INFILE`, through the engine's ordinary pipeline. Its `send_insert`, made for this,
drops exceptions of the writing end (too many parts, no space, a violated constraint) and reports rows that
are not there (chdb-core 26.9.0).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chdb import _chdb  # the wrappers around it watch a terminal for progress

from .failures import SYNTAX_ERROR, from_engine, refusal

# Each request makes the most of it; a server would hold 5 GiB of marks.
_SERVER_SETTINGS = {"mark_cache_size": 64 * 1024 * 1024}
# The first as a server has it; to chDB `1+1` is a statement. The second because bodies are mostly below the
# 10 MiB from which on threads would share the parsing: starting those costs more than it gains.
_DEFAULTS = {"implicit_select": "0", "input_format_parallel_parsing": "0"}
_STREAMED = ("Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow", "JSONCompactEachRow")


@dataclass(frozen=True)
class Counts:
    """What a statement read and wrote, as `X-ClickHouse-Summary` names it."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0


class Engine:
    """Owns a data directory: one engine a process, one process a directory."""

    def __init__(self, data: Path) -> None:
        options = "&".join(f"{name}={value}" for name, value in _SERVER_SETTINGS.items())
        self._address = f"{data}?{options}"
        self._keeps_open = _chdb.connect(self._address)
        self.version = self._ask("SELECT version()")
        self.timezone = self._ask("SELECT timezone()")

    def ensure_database(self, name: str) -> None:
        """Create it if it is missing."""
        self._ask(f"CREATE DATABASE IF NOT EXISTS {quoted_name(name)}")

    def close(self) -> None:
        """Let go of the directory."""
        self._keeps_open.close()

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """A connection for one request."""
        connection = _chdb.connect(self._address)
        try:
            session = Session(connection)
            session.set(_DEFAULTS)
            yield session
        finally:
            connection.close()

    def _ask(self, sql: str) -> str:
        answer: bytes = self._keeps_open.query(sql, "TSV").bytes()
        return answer.decode().strip()


class Session:
    """One connection of the engine. Every method raises ServerError with the engine's exception."""

    def __init__(self, connection: "_chdb.connect") -> None:
        self._connection = connection

    def set(self, settings: Mapping[str, str]) -> None:
        """Settings for what follows, all or none."""
        if settings:
            pairs = ", ".join(f"{quoted_name(name)} = {quoted(value)}" for name, value in settings.items())
            self.run(f"SET {pairs}".encode(), "TSV", {})

    def use(self, database: str) -> None:
        """Names without a database mean this one from now on."""
        self.run(f"USE {quoted_name(database)}".encode(), "TSV", {})

    def run(self, sql: bytes, answer_format: str, parameters: Mapping[str, str]) -> tuple[bytes, Counts]:
        """Run one statement to its end; the whole answer at once."""
        self._refuse_several(sql)
        return self._query(sql, answer_format, parameters)

    def insert(
        self, before: bytes, after: bytes, descriptor: int, parameters: Mapping[str, str]
    ) -> tuple[bytes, Counts]:
        """Run an INSERT whose data lie in the open file."""
        file = f" FROM INFILE '/proc/self/fd/{descriptor}' COMPRESSION 'none' ".encode()
        return self._query(before + file + after, "TSV", parameters)

    def stream(self, sql: bytes, answer_format: str, parameters: Mapping[str, str]) -> Iterator[bytes]:
        """A query's answer piece by piece. What fails early is raised by the first `next`."""
        self._refuse_several(sql)
        try:
            handle = self._connection.send_query(sql, answer_format, params=dict(parameters))
            while (piece := self._connection.streaming_fetch_result(handle)) and piece.rows_read():
                yield piece.bytes()
        except RuntimeError as error:
            raise from_engine(error) from error

    def _refuse_several(self, sql: bytes) -> None:
        """chDB runs them all, a server none."""
        if self._connection.classify_query(sql)["statement_count"] > 1:
            raise refusal(SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed)")

    def _query(self, sql: bytes, answer_format: str, parameters: Mapping[str, str]) -> tuple[bytes, Counts]:
        try:
            done = self._connection.query(sql, answer_format, params=dict(parameters))
        except RuntimeError as error:
            raise from_engine(error) from error
        answer: bytes = done.bytes()
        written = done.rows_written()
        counts = Counts(
            read_rows=done.storage_rows_read() or done.rows_read(),
            read_bytes=done.storage_bytes_read() or done.bytes_read(),
            written_rows=written,
            written_bytes=done.bytes_written(),
            result_rows=written or done.rows_read(),
            result_bytes=len(answer),
            elapsed_ns=int(done.elapsed() * 1e9),
        )
        return answer, counts


def is_streamed(answer_format: str) -> bool:
    """Formats without a head and a foot: the engine forms each piece as if it were whole."""
    return answer_format in _STREAMED


def quoted(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted_name(text: str) -> str:
    """A name of SQL."""
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"
