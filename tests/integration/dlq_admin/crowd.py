"""Very many dead letters at once, written by the database itself: for plans, bounds and benchmarks."""

from typing import Any

from django.db import connection

_CLUSTERS = """
INSERT INTO dead_letter_clusters (fingerprint, "group", topic, error_class, message, stack_hash, schema,
    disposition, first_seen, last_seen)
SELECT md5(n::text), 'heimdall.worker-' || n %% 5, 'topic-' || n %% 7, 'Error' || n %% 50, 'cause ' || n,
    '', '', (ARRAY['poison', 'contract', 'unexpected'])[1 + n %% 3], now() - interval '30 days', now()
FROM generate_series(1, %(clusters)s) AS n RETURNING id
"""
# The first cause has a hundredth of the letters, the oldest ones; the newest thousand wait, as does a tenth.
_LETTERS = """
INSERT INTO dead_letters (topic, partition, "offset", "group", origin_known, writer, cluster_id, state,
    attempt, letter_topic, letter_partition, letter_offset, failed_at, worker, worker_version,
    error_message, tries, event_id, correlation_id, trace_id, key_text, digest, size, redrive_id,
    failed_redrive_id, flaws)
SELECT 'topic-' || n %% 7, 0, n, 'heimdall.worker', true, 'heimdall',
    CASE WHEN n > %(letters)s * 99 / 100 THEN %(first)s ELSE %(first)s + n %% %(clusters)s END,
    CASE WHEN n <= 1000 OR n %% 10 = 0 THEN 'PENDING' ELSE 'RESOLVED' END, 1, 'dlq.failed', 0, n,
    now() - n * interval '30 days' / %(letters)s, 'worker', '0.1.0', 'cause ' || n, 1, 'e-' || n, 'c-' || n,
    '', 'k', '\\x00', 100, CASE WHEN n <= 1000 OR n %% 10 = 0 THEN '' ELSE 'r-' || n END, '', '{}'
FROM generate_series(1, %(letters)s) AS n
"""
_COUNT = """
UPDATE dead_letter_clusters AS c
SET total = d.pending + d.resolved, pending = d.pending, resolved = d.resolved,
    first_seen = d.first, last_seen = d.last
FROM (SELECT cluster_id, count(*) FILTER (WHERE state = 'PENDING') AS pending,
    count(*) FILTER (WHERE state = 'RESOLVED') AS resolved, min(failed_at) AS first, max(failed_at) AS last
    FROM dead_letters GROUP BY 1) AS d WHERE c.id = d.cluster_id
"""
_TREND = """
INSERT INTO dead_letter_trend (cluster_id, grain, at, count)
SELECT cluster_id, grain, date_trunc(grain, failed_at), count(*)
FROM dead_letters, unnest(ARRAY['minute', 'hour']) AS grain
WHERE grain = 'hour' OR failed_at > now() - interval '1 day' GROUP BY 1, 2, 3
"""


def make_crowd(*, letters: int, clusters: int = 500) -> int:
    """Letters of the last 30 days; answers the id of the first cause, whose letters are old and few."""
    values = {"letters": letters, "clusters": clusters}
    with connection.cursor() as sql:
        sql.execute(_CLUSTERS, values)
        first: int = min(row[0] for row in sql.fetchall())
        sql.execute(_LETTERS, values | {"first": first})
        sql.execute(_COUNT)
        sql.execute(_TREND)
        for table in ("dead_letters", "dead_letter_clusters", "dead_letter_trend"):
            sql.execute(f"ANALYZE {table}")
    return first


def explained(statement: str) -> str:
    """The plan of a statement as it was sent."""
    with connection.cursor() as sql:
        sql.execute(f"EXPLAIN {statement.replace('%', '%%')}", [])
        return "\n".join(line for (line,) in sql.fetchall())


_CAUSE = """
INSERT INTO dead_letter_clusters (fingerprint, "group", topic, error_class, message, stack_hash, schema,
    disposition, first_seen, last_seen, total, pending)
VALUES ('one cause', %(group)s, %(topic)s, 'ContractViolation', 'dwell_ms is only for dwell', '', '',
    'contract', now() - interval '1 day', now(), %(letters)s, %(letters)s) RETURNING id
"""
# A stray `dwell_ms`, which a transform takes away; every tenth has no `content_id`: nothing repairs it.
_KEY = """convert_to('k' || n %% 1000, 'UTF8')"""
_VALUE = """convert_to('{"event_id":"e-' || n || '","event_type":"view",'
    || CASE WHEN n %% 10 = 0 THEN '' ELSE '"content_id":"c",' END
    || '"user_id":"u","occurred_at":"2026-11-21T09:15:02Z","dwell_ms":5,"props":{"filler":"'
    || repeat('x', 150) || '"}}', 'UTF8')"""
_PART = "'\\x01'::bytea || int8send(length({0})) || {0}"
_OF_CAUSE = f"""
INSERT INTO dead_letters (topic, partition, "offset", "group", origin_known, writer, cluster_id, state,
    attempt, letter_topic, letter_partition, letter_offset, failed_at, worker, worker_version,
    error_message, tries, event_id, correlation_id, trace_id, key_text, digest, size, redrive_id,
    failed_redrive_id, flaws)
SELECT %(topic)s, n %% 6, n, %(group)s, true, 'heimdall', %(cause)s, 'PENDING', 1, 'dlq.failed', 0, n,
    now() - n * interval '1 day' / %(letters)s, 'worker', '0.1.0', 'dwell_ms is only for dwell', 1, 'e-' || n,
    '', '', 'k' || n %% 1000, sha256({_PART.format("key")} || {_PART.format("value")}), 300, '', '', '{{}}'
FROM (SELECT n, {_KEY} AS key, {_VALUE} AS value FROM generate_series(1, %(letters)s) AS n) AS made
"""  # noqa: S608 - the expressions above
_BYTES = f"""
INSERT INTO dead_letter_payloads (letter_id, key, value, headers)
SELECT id, {_KEY}, {_VALUE}, NULL FROM (
    SELECT id, "offset" AS n FROM dead_letters WHERE cluster_id = %(cause)s
) AS letter
"""  # noqa: S608 - the same


def make_cause(
    *, letters: int, topic: str = "events.page_view.v1", group: str = "heimdall.clickhouse-writer"
) -> int:
    """Letters of one cause, of a consumer that exists, with their bytes; answers the cause."""
    values: dict[str, Any] = {"letters": letters, "topic": topic, "group": group}
    with connection.cursor() as sql:
        sql.execute(_CAUSE, values)
        cause: int = sql.fetchone()[0]
        sql.execute(_OF_CAUSE, values | {"cause": cause})
        sql.execute(_BYTES, {"cause": cause})
    return cause
