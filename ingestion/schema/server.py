"""ClickHouse for migrations: the configured database, which may not exist yet."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from heimdall_project.clients.clickhouse import ClickHouse, parse_url

_ALWAYS_THERE = "system"


class SchemaServer:
    """See `applying.Server`. Raises TransientError and StatementRefused."""

    def __init__(self, url: str | None = None) -> None:
        self._url: str = url or settings.CLICKHOUSE_URL
        self._within: ClickHouse | None = None
        self.database = parse_url(self._url).database
        self._outside = ClickHouse(url=urlsplit(self._url)._replace(path=f"/{_ALWAYS_THERE}").geturl())

    def exists(self) -> bool:
        """Whether the database does."""
        found = self._outside.rows(
            "SELECT count() AS found FROM system.databases WHERE name = {name:String}",
            {"name": self.database},
        )
        return bool(found[0]["found"])

    def create(self) -> None:
        """Make the database if it is missing."""
        if not self.exists():  # who may only use it may not be allowed to create it
            self._outside.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", {"name": self.database})

    def command(self, sql: str, parameters: dict[str, Any] | None = None) -> object:
        """Run one statement in the database."""
        return self._client().command(sql, parameters)

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> Sequence[dict[str, Any]]:
        """Ask one query there."""
        return self._client().rows(sql, parameters)

    def close(self) -> None:
        """Let the connections go."""
        self._outside.close()
        if self._within is not None:
            self._within.close()

    def _client(self) -> ClickHouse:
        self._within = self._within or ClickHouse(url=self._url)
        return self._within
