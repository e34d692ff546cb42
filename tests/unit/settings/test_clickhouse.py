"""CLICKHOUSE_URL: what it may be, and how a mistake in it is told."""

import pytest
from pytest_django import Settings

from heimdall_project.clients.checks import addresses
from heimdall_project.clients.clickhouse import parse_url


def test_an_address_is_taken_apart_with_its_escapes() -> None:
    address = parse_url("https://some%40one:p%2Fw@ch.example/events?readonly=1")
    assert (address.secure, address.host, address.port) == (True, "ch.example", 8443)
    assert (address.user, address.password, address.database) == ("some@one", "p/w", "events")
    assert address.settings == {"readonly": "1"}


def test_what_is_left_out_has_clickhouses_defaults() -> None:
    address = parse_url("http://ch/events")
    assert (address.user, address.password, address.port) == ("default", "", 8123)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("clickhouse://u:hunter2@h/d", "begin with http"),
        ("h:8123/d", "begin with http"),
        ("http://u:hunter2@/d", "names no host"),
        ("http://u:hunter2@h", "name of one database"),
        ("http://u:hunter2@h/a/b", "name of one database"),
        ("http://u:hunter2@h:port/d", ""),
        ("http://u:hunter2@h:99999/d", ""),
    ],
)
def test_an_address_that_cannot_be_one_is_an_error_without_its_password(
    settings: Settings, url: str, reason: str
) -> None:
    settings.CLICKHOUSE_URL = url
    (error,) = addresses(None)
    assert error.id == "clients.E001" and reason in error.msg and error.hint
    assert "hunter2" not in error.msg


def test_the_shipped_address_is_one(settings: Settings) -> None:
    assert addresses(None) == []
