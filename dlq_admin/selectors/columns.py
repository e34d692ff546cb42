"""Columns of the files that lists are exported as, each with where it stands. Bytes are in none of them."""

from collections.abc import Mapping

from ..states import State

LETTER_COLUMNS: Mapping[str, str] = {
    "id": "id",
    "state": "state",
    "topic": "topic",
    "partition": "partition",
    "offset": "offset",
    "group": "group",
    "contested": "contested",
    "proven": "proven",
    "writer": "writer",
    "cluster": "cluster_id",
    "disposition": "cluster__disposition",
    "error_class": "cluster__error_class",
    "error_message": "error_message",
    "attempt": "attempt",
    "event_id": "event_id",
    "correlation_id": "correlation_id",
    "trace_id": "trace_id",
    "redrive_id": "redrive_id",
    "key": "key_text",
    "size": "size",
    "failed_at": "failed_at",
    "moved_at": "moved_at",
    "batch": "batch_id",
}
CLUSTER_COLUMNS: Mapping[str, str] = {
    "id": "id",
    "topic": "topic",
    "group": "group",
    "disposition": "disposition",
    "error_class": "error_class",
    "message": "message",
    "schema": "schema",
    "total": "total",
    **{state.value.lower(): state.value.lower() for state in State},
    "first_seen": "first_seen",
    "last_seen": "last_seen",
    "sample": "sample_id",
}
