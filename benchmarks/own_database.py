"""A database that a benchmark has for itself, on the PostgreSQL of the instance."""

import os
import time
from urllib.parse import urlsplit

import psycopg


def use_database(name: str) -> str:
    """Before Django is set up: point it at database `name`. Answers the address of the server's own one."""
    server = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = urlsplit(server)._replace(path=f"/{name}").geturl()
    return server


def make_database(server: str, name: str) -> None:
    """Make the database anew, with its tables."""
    from django.core.management import call_command

    _drop(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    call_command("migrate", verbosity=0)


def drop_database(server: str, name: str) -> None:
    """Take it away."""
    from django.db import connection

    connection.close()
    _drop(server, name)


def _drop(server: str, name: str) -> None:
    """The server's own vacuum may be in it, and cannot be sent away: then it is tried again."""
    end = time.monotonic() + 120
    with psycopg.connect(server, autocommit=True) as connection:
        while True:
            try:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                return
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                assert time.monotonic() < end, f"{name} is in use"
                time.sleep(0.2)
