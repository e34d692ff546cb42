"""The ClickHouse of a measurement: a database for each run of a side, its counts, its end."""

import os
import subprocess
import sys
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.job_sides import ROOT
from benchmarks.peers.clickhouse_http import ClickHouse


class Found(NamedTuple):
    """What stands in the table of page views."""

    rows: int
    distinct: int


class Store:
    """One database. `url` names it; programs that write take it as their CLICKHOUSE_URL."""

    def __init__(self, server: str, name: str) -> None:
        self.url = urlsplit(server)._replace(path=f"/{name}").geturl()
        self._name = name
        self._server = ClickHouse(server)
        self._inside = ClickHouse(self.url)

    def make(self) -> None:
        """The database with the tables of the product."""
        self._server.ask(f"CREATE DATABASE {self._name}")
        command = [sys.executable, "manage.py", "migrate_clickhouse"]
        environment = os.environ | {"CLICKHOUSE_URL": self.url}
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    def drop(self) -> None:
        """Take it away."""
        self._server.ask(f"DROP DATABASE {self._name} SYNC")

    def rows(self) -> int:
        """Rows as they lie, from the parts' own counts: as good as free."""
        return int(self._inside.ask("SELECT count() FROM page_views"))

    def verify(self) -> Found:
        """Rows and distinct event ids, both read from the data."""
        query = "SELECT count(), uniqExact(event_id) FROM page_views FORMAT TSV"
        rows, distinct = self._inside.ask(query).split()
        return Found(int(rows), int(distinct))
