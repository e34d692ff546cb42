"""A read-only session in ClickHouse, with limits: no question of a caller costs more than was meant."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from django.conf import settings

from heimdall_project.clients.clickhouse import DEPENDENCY, ClickHouse
from heimdall_project.errors import StatementRefused, TransientError, Unprocessable

_TOO_MUCH = {
    158: "rows",  # TOO_MANY_ROWS
    159: "time",  # TIMEOUT_EXCEEDED
    160: "time",  # TOO_SLOW
    241: "memory",  # MEMORY_LIMIT_EXCEEDED
    307: "data",  # TOO_MANY_BYTES
    396: "data",  # TOO_MANY_ROWS_OR_BYTES
}
"""Codes that say that the question was too large, by what there was too much of."""
_MARGIN = 5.0
"""Seconds by which the client waits longer than the server may work."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one query may take."""

    seconds: float
    memory: int
    """Bytes."""

    def settings(self) -> dict[str, str | int]:
        """As ClickHouse takes them. A client that goes away ends its query."""
        return {
            "readonly": 1,
            "max_execution_time": round(self.seconds),
            "timeout_overflow_mode": "throw",
            "max_memory_usage": self.memory,
            "cancel_http_readonly_queries_on_client_close": 1,
        }


class Session:
    """Asks under limits. Raises TransientError while ClickHouse is away, Unprocessable if it is too much."""

    def __init__(self, limits: Limits) -> None:
        self._settings = limits.settings()
        self._client = _client(limits.seconds + _MARGIN)

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The whole answer; for answers that are known to be small."""
        try:
            found = self._client.rows(sql, parameters, settings=self._settings)
        except StatementRefused as error:
            raise _meant(error) from None
        return [tuple(row.values()) for row in found]

    def stream(self, sql: str, parameters: Mapping[str, Any]) -> Generator[tuple[Any, ...]]:
        """Rows as they come. Closing the iterator ends the query."""
        try:
            with closing(self._client.arrays(sql, parameters, settings=self._settings)) as lines:
                for line in lines:
                    yield _row(line)
        except StatementRefused as error:
            raise _meant(error) from None


_row = msgspec.json.Decoder(tuple[Any, ...]).decode


def _meant(error: StatementRefused) -> Exception:
    if error.code in _TOO_MUCH:
        return Unprocessable(
            f"The question takes more {_TOO_MUCH[error.code]} than one may.",
            errors={"from": "Narrow the window with from and to."},
        )
    return TransientError(
        DEPENDENCY, str(error)
    )  # a missing table, wrong credentials: nothing of the caller's


@cache
def _client(timeout: float) -> ClickHouse:
    return ClickHouse(timeout=timeout)


def question() -> Session:
    """For one answer of the API."""
    return Session(
        Limits(seconds=settings.CLICKHOUSE_QUESTION_SECONDS, memory=settings.CLICKHOUSE_QUESTION_MEMORY)
    )


def long_question(seconds: float = 300.0) -> Session:
    """For a file, or a check: it may take longer, in the same memory."""
    return Session(Limits(seconds=seconds, memory=settings.CLICKHOUSE_QUESTION_MEMORY))
