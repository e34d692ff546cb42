"""Alert rules as declarations; `manage.py export_dashboards` writes them for Prometheus.

An alert is about something that a person should do, and says what. Watch the work, not the machine: offsets
that stand still while records wait, age of what waits, dead letters, inserts that do not go through.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

WRITER = '{worker="clickhouse-writer"}'


class Severity(StrEnum):
    """How soon."""

    PAGE = "page"
    """Now: accepted events are not stored."""
    TICKET = "ticket"
    """In working hours."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One rule: `expression` is true for `minutes`."""

    name: str
    expression: str
    minutes: int
    severity: Severity
    summary: str
    todo: str


ALERTS = (
    Alert(
        name="WriterStandsStill",
        expression=f"sum by (worker) (heimdall_lag_records{WRITER}) > 0"
        f" unless max by (worker) (heimdall_last_commit_timestamp_seconds{WRITER}) > time() - 300",
        minutes=5,
        severity=Severity.PAGE,
        summary="Page views wait, and nothing was committed for five minutes.",
        todo="See what it waits for (admin, Workers): ClickHouse, PostgreSQL, or a flood that stopped it.",
    ),
    Alert(
        name="WriterLags",
        expression=f"max by (worker) (heimdall_lag_seconds{WRITER}) > 300",
        minutes=10,
        severity=Severity.TICKET,
        summary="The oldest page view that is not stored is more than five minutes old.",
        todo="If inserts are slow, see ClickHouse; else run more processes (run_consumer --processes).",
    ),
    Alert(
        name="InsertsDoNotGoThrough",
        expression='sum by (table) (rate(heimdall_inserts_total{outcome=~"outage|unknown"}[5m]))'
        ' > sum by (table) (rate(heimdall_inserts_total{outcome="stored"}[5m]))',
        minutes=5,
        severity=Severity.PAGE,
        summary="Most inserts into ClickHouse fail. Nothing is lost: records stay in Kafka.",
        todo="The worker's log names the code (handler_waits): credentials, tables, disk, too many parts.",
    ),
    Alert(
        name="InsertsAreSlow",
        expression="histogram_quantile(0.95, sum by (le, table) (rate(heimdall_insert_seconds_bucket[10m])))"
        " > 5",
        minutes=10,
        severity=Severity.TICKET,
        summary="One insert in twenty takes more than five seconds.",
        todo="See merges and parts in ClickHouse before WRITER_INSERT_TIMEOUT is reached.",
    ),
    Alert(
        name="DeadLettersOfPageViews",
        expression=f"sum by (worker) (rate(heimdall_dead_letters_total{WRITER}[15m]))"
        f" > 0.01 * sum by (worker) (rate(heimdall_records_total{WRITER}[15m]))",
        minutes=15,
        severity=Severity.TICKET,
        summary="More than one page view in a hundred becomes a dead letter.",
        todo="Their reasons name field and rule: a producer sends what its contract does not allow.",
    ),
    Alert(
        name="EventsAreNotAcknowledged",
        expression='sum (rate(heimdall_intake_events_total{status=~"unknown|refused"}[5m])) > 0'
        ' or sum (rate(heimdall_intake_refused_total{reason="unavailable"}[5m])) > 0',
        minutes=5,
        severity=Severity.PAGE,
        summary="Events sent by HTTP are not acknowledged by Kafka; their senders are told to send again.",
        todo="See Kafka first; the web door's log names why (events_not_acknowledged).",
    ),
    Alert(
        name="SendersAreTurnedAway",
        expression='sum (rate(heimdall_intake_refused_total{reason=~"busy|buffer_full|too_late"}[10m]))'
        " > 0.01 * sum (rate(heimdall_intake_ack_seconds_count[10m]))",
        minutes=10,
        severity=Severity.TICKET,
        summary="More than one request with events in a hundred is answered 429 or 503 for want of room.",
        todo="If Kafka acknowledges slowly, see Kafka; else run more web doors, or ask for larger batches.",
    ),
    Alert(
        name="EventsDoNotFit",
        expression='sum (rate(heimdall_intake_events_total{status="invalid"}[15m]))'
        " > 0.05 * sum (rate(heimdall_intake_events_total[15m]))",
        minutes=15,
        severity=Severity.TICKET,
        summary="More than one event in twenty that comes by HTTP does not fit its contract.",
        todo="Their senders are told path and message of each error, and lose them: find who sends them.",
    ),
    Alert(
        name="WebDoorHasNoTurn",
        expression="sum (rate(heimdall_turns_refused_total[5m])) > 1"
        " or sum (rate(heimdall_bodies_refused_total[5m])) > 1",
        minutes=5,
        severity=Severity.TICKET,
        summary="The web door turns requests away: it is too busy, or clients send their bodies too slowly.",
        todo="no_turn, no_room: more replicas; too_slow, too_many: see slow_bodies_cut in its log.",
    ),
    Alert(
        name="WorkerStoppedByAFlood",
        expression="sum by (worker) (increase(heimdall_floods_total[15m])) > 0",
        minutes=0,
        severity=Severity.PAGE,
        summary="A worker stopped on purpose: too much of what it read was invalid. Its offsets stand.",
        todo="Look at the first record that its log names; docs/workers.md says how to let a flood through.",
    ),
)


def render() -> str:
    """The file's text. JSON strings are YAML strings."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Generated by manage.py export_dashboards."
    yield "groups:"
    yield "  - name: heimdall"
    yield "    rules:"
    for alert in ALERTS:
        yield f"      - alert: {alert.name}"
        yield f"        expr: {json.dumps(alert.expression)}"
        yield f"        for: {alert.minutes}m"
        yield f"        labels: {{ severity: {alert.severity} }}"
        yield "        annotations:"
        yield f"          summary: {json.dumps(alert.summary)}"
        yield f"          todo: {json.dumps(alert.todo)}"
