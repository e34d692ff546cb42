"""Rows of dead letters, many in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from django.db import connection

from heimdall_project.streams.records import Record

from ..letters import Cause, Facts

type Identity = tuple[str, int, int, str, bytes]
# The first letter with a place, or exactly that rival of it: one look into the index, however many claim it.
_FIND = """
SELECT place.topic, place.partition, place."offset", place."group", place.rival, letter.digest
FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::text[], %s::bytea[])
    AS place (topic, partition, "offset", "group", rival) CROSS JOIN LATERAL (
    SELECT rival, digest FROM dead_letters AS found
    WHERE (found.topic, found.partition, found."offset", found."group")
        = (place.topic, place.partition, place."offset", place."group") AND found.rival >= place.rival
    ORDER BY found.rival LIMIT 1
) AS letter WHERE place.rival IN ('', letter.rival)
"""
_COLUMNS: Mapping[str, str] = {
    "topic": "text",
    "partition": "int",
    '"offset"': "bigint",
    '"group"': "text",
    "rival": "bytea",
    "contested": "boolean",
    "proven": "boolean",
    "origin_known": "boolean",
    "writer": "text",
    "cluster_id": "bigint",
    "original_at": "timestamptz",
    "first_failed_at": "timestamptz",
    "event_id": "text",
    "correlation_id": "text",
    "trace_id": "text",
    "key_text": "text",
    "digest": "bytea",
    "size": "int",
    # What changes when it fails again:
    "letter_topic": "text",
    "letter_partition": "int",
    "letter_offset": "bigint",
    "failed_at": "timestamptz",
    "worker": "text",
    "worker_version": "text",
    "error_message": "text",
    "tries": "int",
    "flaws": "text",
}
_CHANGES = list(_COLUMNS)[list(_COLUMNS).index("letter_topic") :]
_PLAIN = ", ".join(name for name in _COLUMNS if name != "flaws")
# One JSON text and not an array a column: the driver writes arrays element by element, in Python.
_RECORDS = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_INSERT = f"""
INSERT INTO dead_letters ({_PLAIN}, flaws, state, attempt, redrive_id, failed_redrive_id)
SELECT {_PLAIN}, string_to_array(flaws, ','), 'PENDING', 1, '', ''
FROM json_to_recordset(%s::json) AS new ({_RECORDS})
ON CONFLICT (topic, partition, "offset", "group", rival) DO NOTHING
RETURNING id, topic, partition, "offset", "group", rival
"""  # noqa: S608 - names of columns, out of the table above
_LOCK_REDRIVEN = """
SELECT id, cluster_id, state, redrive_id, failed_redrive_id FROM dead_letters
WHERE redrive_id = ANY(%s) AND redrive_id <> '' ORDER BY id FOR NO KEY UPDATE
"""
# An attempt is counted where its failure was not known yet: the outcome may be read before the letter.
_FAIL_AGAIN = f"""
UPDATE dead_letters AS letter
SET attempt = letter.attempt + (letter.state <> 'FAILED_AGAIN')::int,
    state = 'FAILED_AGAIN', moved_at = now(),
    failed_redrive_id = letter.redrive_id, cluster_id = new.cluster_id,
    {", ".join(f"{name} = new.{name}" for name in _CHANGES if name != "flaws")},
    flaws = string_to_array(new.flaws, ',')
FROM json_to_recordset(%s::json) AS new (id bigint, {_RECORDS})
WHERE letter.id = new.id
RETURNING letter.id, letter.attempt
"""  # noqa: S608 - names of columns, out of the table above
_KEEP_BYTES = "COPY dead_letter_payloads (letter_id, key, value, headers) FROM STDIN (FORMAT BINARY)"


_KNOWN = "SELECT redrive_id FROM redrive_items WHERE redrive_id = ANY(%s)"


class Letter(NamedTuple):
    """A dead letter as it was read."""

    record: Record
    facts: Facts


class Redriven(NamedTuple):
    """A row that was sent again."""

    id: int
    cluster: int
    state: str
    redrive_id: str
    failed_redrive_id: str


def letters_find(wanted: Iterable[Identity]) -> dict[Identity, bytes]:
    """Which of these have a row, with its digest; of a place without a rival, the first that claims it."""
    asked = list(dict.fromkeys(wanted))
    if not asked:
        return {}
    with connection.cursor() as sql:
        sql.execute(_FIND, list(map(list, zip(*asked, strict=True))))
        return {(*row[:4], bytes(row[4])): bytes(row[5]) for row in sql.fetchall()}


def letters_insert(letters: Sequence[Letter], clusters: Mapping[Cause, int]) -> list[tuple[int, Facts]]:
    """Write letters with their bytes; answers the new ids of those that nobody had written before."""
    ordered = sorted(
        letters, key=lambda letter: letter.facts.identity
    )  # as everybody does: no two wait mutually
    by_identity = {letter.facts.identity: letter for letter in ordered}
    rows = [_row(letter.facts, clusters[letter.facts.cause]) for letter in ordered]
    with connection.cursor() as sql:
        sql.execute(_INSERT, [_json(rows)])
        written = [(row[0], by_identity[(*row[1:5], bytes(row[5]))]) for row in sql.fetchall()]
        with connection.wrap_database_errors, sql.copy(_KEEP_BYTES) as copy:
            copy.set_types(["int8", "bytea", "bytea", "bytea"])
            for number, letter in written:
                record = letter.record
                copy.write_row((number, record.key, record.value, packed(record)))
    return [(number, letter.facts) for number, letter in written]


def packed(record: Record) -> bytes | None:
    """The headers as they are kept: names and values in their order, repeated ones too."""
    return None if record.headers is None else msgspec.msgpack.encode(record.headers)


def redriven_lock(redrive_ids: Iterable[str]) -> dict[str, Redriven]:
    """The rows of these redrives, locked, by redrive id."""
    wanted = list(dict.fromkeys(redrive_ids))
    if not wanted:
        return {}
    with connection.cursor() as sql:
        sql.execute(_LOCK_REDRIVEN, [wanted])
        return {row[3]: Redriven(*row) for row in sql.fetchall()}


def redrives_known(redrive_ids: Iterable[str]) -> set[str]:
    """Those of these redrives that are ours, however long ago."""
    wanted = list(dict.fromkeys(redrive_ids))
    if not wanted:
        return set()
    with connection.cursor() as sql:
        sql.execute(_KNOWN, [wanted])
        return {row[0] for row in sql.fetchall()}


def letters_fail_again(
    pairs: Sequence[tuple[Redriven, Facts]], clusters: Mapping[Cause, int]
) -> dict[int, int]:
    """Write how redriven letters failed; answers the number of failures of each. Their bytes stay."""
    rows = [{"id": row.id, **_row(facts, clusters[facts.cause])} for row, facts in pairs]
    with connection.cursor() as sql:
        sql.execute(_FAIL_AGAIN, [_json(rows)])
        return dict(sql.fetchall())


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()


def _row(facts: Facts, cluster: int) -> dict[str, object]:
    """A letter as `_COLUMNS` names it."""
    return {
        "topic": facts.topic,
        "partition": facts.partition,
        "offset": facts.offset,
        "group": facts.group,
        "rival": f"\\x{facts.rival.hex()}",
        "contested": facts.contested,
        "proven": facts.proven,
        "origin_known": facts.origin_known,
        "writer": facts.writer,
        "cluster_id": cluster,
        "original_at": facts.original_at,
        "first_failed_at": facts.first_failed_at,
        "event_id": facts.event_id,
        "correlation_id": facts.correlation_id,
        "trace_id": facts.trace_id,
        "key_text": facts.key_text,
        "digest": f"\\x{facts.digest.hex()}",
        "size": facts.size,
        "letter_topic": facts.letter_topic,
        "letter_partition": facts.letter_partition,
        "letter_offset": facts.letter_offset,
        "failed_at": facts.failed_at,
        "worker": facts.worker,
        "worker_version": facts.worker_version,
        "error_message": facts.error_message,
        "tries": facts.attempts,
        "flaws": ",".join(facts.flaws),
    }
