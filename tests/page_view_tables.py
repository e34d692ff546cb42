"""A database in ClickHouse with the tables of ingestion."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from heimdall_project.clients.clickhouse import ClickHouse
from ingestion.schema.files import read


@contextmanager
def own_database(address: str) -> Iterator[str]:
    """A new one on the server at this address, with all migrations: its own address."""
    name = f"ingestion_{uuid4().hex[:8]}"
    ClickHouse(url=address).command(f"CREATE DATABASE {name}")
    own = urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
    client = ClickHouse(url=own)
    for migration in read():
        for statement in migration.forward:
            client.command(statement)
    yield own
    client.command(f"DROP DATABASE {name} SYNC")
