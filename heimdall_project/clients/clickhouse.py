"""ClickHouse: settings to client, driver errors to ours. The only module that imports `clickhouse_connect`.

Two errors come out of here. `TransientError`: no answer, or one that is not ClickHouse's. `StatementRefused`:
ClickHouse's own exception with its code; whoever sent the statement knows what that code means for it. What
the server wrote is not passed on, since it quotes the rows that it could not read.
"""

import gzip
import math
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import clickhouse_connect
import lz4.frame
from clickhouse_connect.driver import exceptions
from clickhouse_connect.driver.client import Client
from django.conf import settings
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from ..errors import StatementRefused, TransientError

DEPENDENCY = "clickhouse"
_PORTS = {"http": 8123, "https": 8443}
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {"lz4": lz4.frame.compress, "gzip": gzip.compress}
# Raised by the driver about its caller, before or after it asked the server: bugs, no outage.
_OUR_FAULT = (exceptions.ProgrammingError, exceptions.DataError, exceptions.NotSupportedError)
_COLUMN = re.compile(r"while reading the value of key ([A-Za-z_][A-Za-z0-9_]{0,63})\b")
_VIOLATED_CONSTRAINT = 469
_CONSTRAINT = re.compile(r"Constraint `([A-Za-z_][A-Za-z0-9_]{0,63})`")
_ROW = re.compile(r"\(at row (\d+)\)")
_LATE = re.compile(rb"Code: (\d+)\. DB::")
_PIECE = 256 * 1024
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)")

# The server knows best which of its settings exist and may be changed; it refuses others by code.
clickhouse_connect.common.set_setting("invalid_setting_action", "send")


@dataclass(frozen=True)
class Address:
    """Where a server is and how to enter it."""

    secure: bool
    host: str
    port: int
    user: str
    password: str
    database: str
    settings: Mapping[str, str]


def parse_url(url: str) -> Address:
    """`http[s]://user:password@host[:port]/database[?setting=value]`. ValueError says what does not fit."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("it must begin with http:// or https://")
    if not parts.hostname:
        raise ValueError("it names no host")
    database = unquote(parts.path.strip("/"))
    if not database or "/" in database:
        raise ValueError("it must end with the name of one database")
    return Address(
        secure=parts.scheme == "https",
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=database,
        settings=dict(parse_qsl(parts.query, keep_blank_values=True)),
    )


class ClickHouse:
    """A client with connections of its own. Threads may share it, processes may not.

    Raises TransientError if the server is not there: it is asked for its version at once.
    """

    def __init__(
        self, *, url: str | None = None, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        silence = settings.CLICKHOUSE_TIMEOUT if timeout is None else timeout
        reach = settings.CLICKHOUSE_CONNECT_TIMEOUT if connect_timeout is None else connect_timeout
        self._compression = settings.CLICKHOUSE_INSERT_COMPRESSION
        self._client = _driver(parse_url(settings.CLICKHOUSE_URL if url is None else url), reach, silence)
        self._client.timeout = Timeout(connect=reach, read=silence)  # type: ignore[attr-defined]

    def insert(
        self,
        table: str,
        rows: bytes,
        *,
        settings: Mapping[str, str | int] | None = None,
        columns: list[str] | None = None,
        row_format: str = "JSONEachRow",
    ) -> int:
        """Insert encoded rows by one request, sent once; returns the rows written, into views too.

        After TransientError they may be stored or not. The driver would send bytes a second time when the
        connection breaks after the first; a view of them it does not.
        """
        if compress := _COMPRESS.get(self._compression):
            rows = compress(rows)
        with errors_translated():
            summary = self._client.raw_insert(
                table,
                columns,
                memoryview(rows),  # type: ignore[arg-type]
                settings=dict(settings or {}),
                fmt=row_format,
                compression=self._compression if compress else None,
            )
        return int(summary.written_rows)

    def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, str | int] | None = None,
    ) -> str:
        """Run a statement that is no query; returns what it says, mostly nothing."""
        with errors_translated():
            said = self._client.command(sql, dict(parameters or {}), settings=dict(settings or {}))
        return "" if hasattr(said, "summary") else str(said)

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, str | int] | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of a query, in memory. `{name:Type}` in it takes its value from `parameters`."""
        with errors_translated():
            found = self._client.query(sql, dict(parameters or {}), settings=dict(settings or {}))
            return list(found.named_results())

    def stream(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, str | int] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Rows of a query as they come. Read to the end, or close the iterator: it reads what is left."""
        question = self._client.query_rows_stream(sql, dict(parameters or {}), settings=dict(settings or {}))
        with errors_translated(), question as rows:
            names = rows.source.column_names
            for row in rows:
                yield dict(zip(names, row, strict=True))

    def arrays(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, str | int] | None = None,
    ) -> Generator[bytes]:
        """Rows of a query as they come, each a JSON array without its line end. For what may be long: closing
        the generator closes the connection and so ends the query, while `stream` reads what is left."""
        given = {**(settings or {}), "output_format_json_quote_64bit_integers": 0}
        with errors_translated():
            answer: Any = self._client.raw_stream(
                sql, dict(parameters or {}), settings=given, fmt="JSONCompactEachRow"
            )
            with closing(answer):
                yield from _whole_lines(answer.stream(_PIECE))

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of an answer; what stands behind the last row is the exception that ended it."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for place, line in enumerate(lines):
            if not line.startswith(b"["):
                raise _broken_off(b"\n".join([*lines[place:], rest]))
            yield line
    if rest:
        raise _broken_off(rest)


def _broken_off(text: bytes) -> Exception:
    if found := _LATE.search(text):
        return _refused(int(found[1]), text.decode(errors="replace"))
    return TransientError(DEPENDENCY, "the answer broke off")


def _driver(address: Address, reach: float, silence: float) -> Client:
    with errors_translated():
        return clickhouse_connect.get_client(
            host=address.host,
            port=address.port,
            secure=address.secure,
            username=address.user,
            password=address.password,
            database=address.database,
            settings=dict(address.settings),
            connect_timeout=math.ceil(reach),
            send_receive_timeout=math.ceil(silence),
            autogenerate_session_id=False,  # a session would let in one statement at a time
            dedicated_pool=True,
            compress="lz4",
            query_limit=0,
        )


@cache
def client() -> ClickHouse:
    """The client of this process for questions, built when it is first asked for; not before a fork."""
    return ClickHouse()


@cache
def _probe(limit: float) -> ClickHouse:
    return ClickHouse(timeout=limit, connect_timeout=limit)


def ping(limit: float) -> None:
    """Raise unless ClickHouse lets us in and answers a query, within about `limit` seconds."""
    _probe(limit).command("SELECT 1")


@contextmanager
def errors_translated() -> Iterator[None]:
    """Inside of the block errors of the driver become ours; address and quoted rows stay here."""
    try:
        yield
    except _OUR_FAULT:
        raise
    except exceptions.Error as error:
        if error.code is None:
            raise TransientError(DEPENDENCY, _kind(error)) from None
        raise _refused(error.code, str(error)) from None
    except (HTTPError, OSError) as error:
        raise TransientError(DEPENDENCY, type(error).__name__) from None


def _refused(code: int, text: str) -> StatementRefused:
    row = _last(_ROW, text)
    if code == _VIOLATED_CONSTRAINT:
        broken = _CONSTRAINT.search(text)  # stands before the values
        column = broken[1] if broken else ""
    else:
        column = _last(_COLUMN, text)
    return StatementRefused(code, _last(_NAME, text), column=column, row=int(row) if row else None)


def _last(pattern: re.Pattern[str], text: str) -> str:
    """ClickHouse puts its own words after the values that it quotes, which may imitate them."""
    found: list[str] = pattern.findall(text)
    return found[-1] if found else ""


def _kind(error: exceptions.Error) -> str:
    """What kept the answer away, as a class; the text would name the address."""
    cause = error.__cause__
    reason = getattr(cause, "reason", None) or cause or error
    return type(reason).__name__
