"""What all tests stand on: the environment of the test instance, set before Django loads.

Tests below `tests/unit` and `tests/architecture` need no services; the others need those of
`make services-up INSTANCE=test`. Every variable can be overridden from outside. `TEST_DB_SUFFIX` gives a
run its own database and topics, so that several can share an instance.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import pytest

SUFFIX = os.environ.get("TEST_DB_SUFFIX", "")
ENVIRONMENT: Mapping[str, str] = {
    "DJANGO_SETTINGS_MODULE": "heimdall_project.settings",
    "DEBUG": "false",
    "SECRET_KEY": "a-key-for-tests-only-that-is-long-and-random-enough-0123456789",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1,[::1]",
    "COOKIE_SECURE": "false",
    "DATABASE_URL": "postgres://heimdall:heimdall@127.0.0.1:25432/heimdall",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:29092",
    "REDIS_URL": "redis://127.0.0.1:26379/0",
    "CLICKHOUSE_URL": "http://heimdall:heimdall@127.0.0.1:28123/heimdall",
    "KAFKA_TOPIC_PREFIX": f"test{SUFFIX}." if SUFFIX else "test.",
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "WARNING",
    # The test profile: sessions, leases and heartbeats that end while a person would still watch.
    "KAFKA_SESSION_TIMEOUT": "6",
    "JOB_LEASE": "3",
    "OUTBOX_LEASE": "3",
    "WORKER_HEARTBEAT": "0.3",
    "STREAM_HEARTBEAT": "0.3",
    "STREAM_POLL": "0.1",
}
for _name, _value in ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
for _name in ("STREAM_URL", "CORS_ALLOWED_ORIGINS", "HEIMDALL_CRASH_AT"):  # of somebody's shell, not of tests
    os.environ.pop(_name, None)

from tests.people import people  # noqa: E402, F401 - a fixture

NEED_NO_SERVICES = ("tests/unit/", "tests/architecture/")


def pytest_configure(config: pytest.Config) -> None:
    """Settings that only tests have."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DATABASES["default"]["TEST"] = {"NAME": f"test_heimdall{SUFFIX}"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A unit test that asks for the database stands in the wrong place."""
    for item in items:
        if item.nodeid.startswith(NEED_NO_SERVICES) and item.get_closest_marker("django_db"):
            raise pytest.UsageError(f"{item.nodeid} asks for the database: move it to tests/integration")


@pytest.fixture(scope="session", autouse=True)
def flush_may_clear_the_audit_trail() -> Iterator[None]:
    """Tests with real transactions end by emptying all tables; a trigger refuses that for this one."""
    from django.core.management.color import Style
    from django.db.backends.postgresql.operations import DatabaseOperations

    from heimdall_project.accounts.models import AuditEvent

    table = AuditEvent._meta.db_table
    ordinary = DatabaseOperations.sql_flush

    def flush(self: DatabaseOperations, style: Style, tables: list[str], **options: bool) -> list[str]:
        statements: list[str] = ordinary(self, style, tables, **options)
        if table not in tables or not statements:
            return statements
        switch = f'ALTER TABLE "{table}" {{}} TRIGGER USER'
        return [switch.format("DISABLE"), *statements, switch.format("ENABLE")]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", flush)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Say clearly what is missing before Django tries to make a test database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    address = (parts.hostname or "127.0.0.1", parts.port or 5432)
    try:
        socket.create_connection(address, timeout=2).close()
    except OSError:
        pytest.exit(
            f"PostgreSQL does not answer at {address[0]}:{address[1]}: run `make services-up INSTANCE=test`",
            returncode=3,
        )
