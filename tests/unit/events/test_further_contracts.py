"""Wide events and catalog changes: what they hold and what they refuse."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from heimdall_project.errors import ContractViolation
from heimdall_project.events import codec
from heimdall_project.events.catalog import CatalogChanged, CatalogOp
from heimdall_project.events.wide_events import Level, WideEvent

WIDE: dict[str, Any] = {
    "event_id": "e1",
    "request_id": "r1",
    "occurred_at": "2026-01-02T03:04:05Z",
    "service": "shop",
    "environment": "test",
}
CHANGE: dict[str, Any] = {
    "id": "c1",
    "version": 1,
    "op": "upsert",
    "title": "봄",
    "updated_at": "2026-01-02T03:04:05Z",
}


def wide(**change: Any) -> WideEvent:
    event: WideEvent = codec.decode(WideEvent, json.dumps(WIDE | change).encode())
    return event


def changed(**change: Any) -> CatalogChanged:
    event: CatalogChanged = codec.decode(CatalogChanged, json.dumps(CHANGE | change).encode())
    return event


def test_a_wide_event_holds_all_that_is_known() -> None:
    event = wide(
        trace_id="t" * 32,
        route="jobs/{id}",
        method="GET",
        status=503,
        duration_ms="12.5",
        error={"code": "unavailable", "message": "m"},
        user="ada",
        level="error",
        message="no",
        attributes={"queue": {"depth": 3}},
        sampling={"rule": "error", "rate": 1},
    )
    assert (event.status, event.duration_ms, event.level) == (503, 12.5, Level.ERROR)
    assert event.error and event.sampling and (event.error.code, event.sampling.rate) == ("unavailable", 1.0)
    assert codec.decode(WideEvent, codec.encode(event)) == event


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"event_id": ""}, r"\$\.event_id"),
        ({"request_id": None}, r"\$\.request_id"),
        ({"status": 99}, r"\$\.status"),
        ({"duration_ms": -1}, r"\$\.duration_ms"),
        ({"level": "loud"}, r"\$\.level"),
        ({"sampling": {"rule": "r", "rate": 0}}, r"\$\.sampling\.rate"),
        ({"sampling": {"rule": "r", "rate": 1.1}}, r"\$\.sampling\.rate"),
        ({"error": {"message": "m"}}, r"\$\.error"),
        ({"error": {"code": "a\0"}}, r"NUL character - at `\$\.error\.code`"),
        ({"attributes": {"a": [{"b c": "\0"}]}}, r'NUL character - at `\$\.attributes\.a\[0\]\["b c"\]`'),
        ({"occurred_at": "1850-01-01T00:00:00Z"}, "1900 to 2299"),
    ],
    ids=str,
)
def test_a_wide_event_that_breaks_a_rule_is_refused_with_its_path(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ContractViolation, match=told):
        wide(**change)


def test_a_delete_needs_no_title() -> None:
    assert changed(op="delete", title=None).op is CatalogOp.DELETE


def test_a_catalog_change_is_read_as_it_was_written() -> None:
    event = changed(version="7", authors=["a", "b"], categories=["c"], tags=["t"], description="d")
    assert (event.version, event.authors) == (7, ["a", "b"])
    assert event.updated_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert codec.decode(CatalogChanged, codec.encode(event)) == event


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": ""}, r"\$\.id"),
        ({"id": "x" * 129}, r"\$\.id"),
        ({"version": 0}, r"\$\.version"),
        ({"version": 2**63}, r"\$\.version"),
        ({"op": "merge"}, r"\$\.op"),
        ({"title": None}, "`title` is required for an upsert"),
        ({"title": ""}, "`title` is required for an upsert"),
        ({"authors": [""]}, r"\$\.authors"),
        ({"tags": ["t"] * 101}, r"\$\.tags"),
        ({"tags": ["a", "\0"]}, r"NUL character - at `\$\.tags\[1\]`"),
        ({"updated_at": "2300-01-01T00:00:00Z"}, "1900 to 2299"),
    ],
    ids=str,
)
def test_a_catalog_change_that_breaks_a_rule_is_refused_with_its_path(
    change: dict[str, Any], told: str
) -> None:
    with pytest.raises(ContractViolation, match=told):
        changed(**change)


def test_only_contracts_without_inner_ones_have_a_twin_for_http() -> None:
    codec.strict_twin(CatalogChanged)
    with pytest.raises(TypeError, match="holds other structs"):
        codec.strict_twin(WideEvent)
