"""Request ids in and out; who calls; what the access log and the hooks are told."""

from collections.abc import Iterator

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from structlog.testing import capture_logs

from heimdall_project.api.request_id import accepted, remote_address
from heimdall_project.observability.hooks import UnitOfWork, finished


@pytest.fixture
def told() -> Iterator[list[UnitOfWork]]:
    """Units of work that the hooks were told of."""
    units: list[UnitOfWork] = []
    hook = finished.add(units.append)
    yield units
    finished.remove(hook)


@pytest.mark.parametrize("sane", ["r-1", "0f8fad5b-d9cb-469f-a165-70867728950e", "a" * 128, "x/y:z=1"])
def test_a_sane_id_of_the_caller_is_kept(sane: str) -> None:
    assert Client().get("/livez", headers={"x-request-id": sane}).headers["X-Request-Id"] == sane


@given(st.text() | st.sampled_from(["", " ", "a" * 129, "a b", "a\nb", '"><script>', "-lead", "é"]))
def test_any_id_that_is_sent_back_is_a_printable_word_of_bounded_length(raw: str) -> None:
    identity = accepted(raw)
    assert identity.isascii() and identity.isprintable() and " " not in identity and 1 <= len(identity) <= 128


def test_ids_made_here_differ() -> None:
    assert accepted(None) != accepted(None)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "caller"),
    [
        (0, "1.1.1.1", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (3, "1.1.1.1", "1.1.1.1"),
    ],
)
def test_only_entries_of_trusted_proxies_are_believed(
    settings: Settings, proxies: int, forwarded: str, caller: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert remote_address(forwarded, "10.0.0.1") == caller


def test_each_request_is_one_access_line_without_its_query(told: list[UnitOfWork]) -> None:
    with capture_logs() as lines:
        Client().get("/api/v1/nowhere?token=hunter2", headers={"x-request-id": "r-1"})

    access = [line for line in lines if line.get("action") == "http_request"]
    assert [(line["status"], line["path"]) for line in access] == [(404, "/api/v1/nowhere")]
    assert "hunter2" not in str(lines)
    assert [(unit.outcome, unit.request_id) for unit in told] == [("404", "r-1")]


def test_probes_are_not_news(told: list[UnitOfWork]) -> None:
    with capture_logs() as lines:
        Client().get("/livez")

    assert [line["log_level"] for line in lines if line.get("action") == "http_request"] == ["debug"]
