"""Very many jobs at once, written by the database itself: for tests about plans and bounds."""

from django.db import connection

from heimdall_project.accounts.models import User

_LOGS = """
INSERT INTO log_entries (service_name, environment, level, content, source, fingerprint, created_by_id)
SELECT 'service-' || n %% 8, 'production', 'ERROR', repeat('ERROR pool exhausted ', 20), 'test', '', %(owner)s
FROM generate_series(1, %(logs)s) AS n RETURNING id
"""
_JOBS = """
INSERT INTO analysis_jobs (
    owner_id, log_entry_id, request_id, status, analysis_type, priority, callback_topic, language,
    correlation_id, trace_id, metadata, idempotency_key, body_hash, result, model, from_cache,
    failure_class, failure_message,
    created_at, updated_at, finished_at
)
SELECT %(owner)s, %(first)s + n %% %(logs)s, gen_random_uuid(), status, 'error', 'NORMAL', 'analysis.result',
    '', 'corr-' || n, '', '{}', '', '',
    CASE status WHEN 'SUCCEEDED' THEN '{"summary": "the pool is exhausted"}'::jsonb END,
    'test', false, CASE status WHEN 'FAILED' THEN 'model_timeout' ELSE '' END, '', came, came,
    CASE WHEN status IN ('SUCCEEDED', 'FAILED') THEN came + interval '2 seconds' END
FROM (
    SELECT n, now() - %(seconds)s * interval '1 second' * n / %(jobs)s AS came,
        CASE WHEN n <= %(jobs)s / 100 THEN 'QUEUED'
            WHEN n %% 10 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END AS status
    FROM generate_series(1, %(jobs)s) AS n
) AS made
"""


def make_crowd(owner: User, *, jobs: int, logs: int = 1000, seconds: int = 86_400) -> None:
    """Jobs of one owner, accepted evenly over the last `seconds`; a tenth failed, the newest are queued."""
    values = {"owner": owner.pk, "jobs": jobs, "logs": logs, "seconds": seconds}
    with connection.cursor() as sql:
        sql.execute(_LOGS, values)
        first = min(row[0] for row in sql.fetchall())
        sql.execute(_JOBS, values | {"first": first})
        sql.execute("ANALYZE analysis_jobs")
        sql.execute("ANALYZE log_entries")


def explained(statement: str) -> str:
    """The plan of a statement as it was sent."""
    with connection.cursor() as sql:
        sql.execute(f"EXPLAIN {statement.replace('%', '%%')}", [])
        return "\n".join(line for (line,) in sql.fetchall())
