"""Very many dead letters at once, written by the database itself: for plans, bounds and benchmarks."""

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
