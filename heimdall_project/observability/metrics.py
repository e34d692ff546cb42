"""Every metric: name, kind, labels, meaning. The only place where a metric is made.

Counters are incremented a batch, never a record.
"""

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter(
    "heimdall_records", "Records that came to an end, by outcome.", ["worker", "topic", "outcome", "rule"]
)
RECORDS_TAKEN = Counter("heimdall_records_taken", "Records read from the broker.", ["worker", "topic"])
HANDLE_SECONDS = Histogram(
    "heimdall_handle_seconds",
    "Duration of one call of a handler.",
    ["worker"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60, 120),
)
HANDLE_FAILURES = Counter(
    "heimdall_handle_failures", "Failed calls of a handler, by kind.", ["worker", "kind"]
)
IN_HAND = Gauge("heimdall_in_hand", "Records taken in and not finished.", ["worker"])
BUFFER_BYTES = Gauge(
    "heimdall_buffer_bytes", "Keys and values taken in and not finished, in bytes.", ["worker"]
)
LAG_RECORDS = Gauge(
    "heimdall_lag_records", "Records behind the end of the topic.", ["worker", "topic", "partition"]
)
LAG_SECONDS = Gauge("heimdall_lag_seconds", "Age of the oldest record not finished.", ["worker"])
ASSIGNED = Gauge("heimdall_assigned_partitions", "Partitions held.", ["worker"])
REBALANCES = Counter("heimdall_rebalances", "Partitions gained, given back, or lost.", ["worker", "kind"])
LAST_COMMIT = Gauge("heimdall_last_commit_timestamp_seconds", "Time of the last commit.", ["worker"])
DEAD_LETTERS = Counter("heimdall_dead_letters", "Dead letters written.", ["worker", "topic", "disposition"])
LEDGER_IN_FLIGHT = Gauge(
    "heimdall_ledger_in_flight",
    "Records accepted and not counted yet: end of the topic minus cursors, as the web door measures it.",
    ["group", "topic"],
)
LEDGER_PROBLEMS = Gauge(
    "heimdall_ledger_problems", "Partitions whose outcomes and cursor do not fit.", ["group", "topic"]
)
LETTERS_INDEXED = Counter(
    "heimdall_letters_indexed",
    "Dead letters read by the indexer: new, contested (another letter claims its place with another record), "
    "returned (failed again after a redrive), duplicate.",
    ["outcome"],
)
LETTERS_SENT = Counter("heimdall_letters_sent", "Dead letters sent again.")
LETTERS_REDRIVEN = Counter(
    "heimdall_letters_redriven", "Dead letters that were sent again, by how they ended.", ["outcome"]
)
LETTERS_CLEANED = Counter(
    "heimdall_letters_cleaned", "Dead letters, and bytes of dead letters, deleted by the cleanup.", ["what"]
)
FLOODS = Counter("heimdall_floods", "Times a worker stopped because too much was invalid.", ["worker"])
RESTARTS = Counter("heimdall_worker_restarts", "Restarts of a worker by the supervisor.", ["worker"])
OUTBOX_PUBLISHED = Counter("heimdall_outbox_published", "Events published from the outbox.", ["topic"])
OUTBOX_FAILED = Counter(
    "heimdall_outbox_failed", "Events of the outbox that the broker did not take.", ["topic"]
)
OUTBOX_HELD = Gauge(
    "heimdall_outbox_held", "Keys and topics of the outbox that were refused and not taken since."
)
OUTBOX_HOOK_FAILURES = Counter(
    "heimdall_outbox_hook_failures", "Published events whose hook failed; it is run again.", ["topic"]
)
OUTBOX_UNSENT = Gauge("heimdall_outbox_unsent", "Events waiting in the outbox.")
OUTBOX_OLDEST = Gauge("heimdall_outbox_oldest_seconds", "Age of the oldest event waiting in the outbox.")
RELAY_LEADER = Gauge("heimdall_relay_leader", "1 in the process that holds the relay's lease.")
HOOK_FAILURES = Counter("heimdall_hook_failures", "Hooks that raised, by list.", ["hook"])
SPANS = Counter(
    "heimdall_spans", "Recorded spans of traces: exported, failed (not taken), dropped (no room).", ["result"]
)
PROBLEMS = Counter("heimdall_problems", "Requests refused or failed, by kind of problem.", ["problem"])
BODIES_ARRIVING = Gauge("heimdall_bodies_arriving", "Requests whose body is being received.")
BODIES_REFUSED = Counter(
    "heimdall_bodies_refused",
    "Requests whose body was not received: too_slow (408), too_many at the same time (503).",
    ["reason"],
)
TURNS_REFUSED = Counter(
    "heimdall_turns_refused",
    "Requests that were not worked on (503): no_turn in their time, no_room to wait for one.",
    ["reason"],
)
STREAM_CLIENTS = Gauge("heimdall_stream_clients", "Event streams open now.")
STREAM_REFUSED = Counter("heimdall_stream_refused", "Event streams refused because too many were open.")
STREAM_EVENTS = Counter("heimdall_stream_events", "Events sent to stream clients.", ["stream"])
AUDITED = Counter("heimdall_audited", "Acts of operators, by outcome.", ["action", "result"])
JOBS_SUBMITTED = Counter("heimdall_jobs_submitted", "Jobs accepted.", ["priority"])
JOBS_ENDED = Counter("heimdall_jobs_ended", "Jobs that came to their end.", ["status", "failure_class"])
JOBS_REDRIVEN = Counter(
    "heimdall_jobs_redriven", "Ended jobs that were sent again, by the failure before.", ["failure_class"]
)
JOB_ROWS_PURGED = Counter("heimdall_job_rows_purged", "Rows deleted by retention, by kind.", ["kind"])
JOBS_SWEPT = Counter("heimdall_jobs_swept", "What the job sweeper did, by kind.", ["kind"])
JOBS_OPEN = Gauge(
    "heimdall_jobs_open", "Jobs that have not ended, by state; counted up to 10,000.", ["status"]
)
JOBS_OLDEST = Gauge("heimdall_jobs_oldest_open_seconds", "Age of the oldest job of a state.", ["status"])
JOB_SECONDS = Histogram(
    "heimdall_job_seconds",
    "From acceptance of a job to its end.",
    ["status"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86_400),
)
ANALYSIS_SECONDS = Histogram(
    "heimdall_analysis_seconds",
    "Duration of one analysis, by what came of it.",
    ["outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30, 60),
)
MODEL_CALLS = Counter("heimdall_model_calls", "Calls of the model, by what came of them.", ["outcome"])
MODEL_SECONDS = Histogram(
    "heimdall_model_seconds",
    "Duration of one call of the model.",
    ["outcome"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300),
)
MODEL_TOKENS = Counter("heimdall_model_tokens", "Tokens of calls, as settled.", ["kind"])
MODEL_REPAIRS = Counter(
    "heimdall_model_repairs", "Answers that the model was asked to give again, by what was wrong.", ["flaw"]
)
MODEL_HELD = Counter("heimdall_model_held", "Calls not made because the endpoint was away a moment before.")
BUDGET_REFUSALS = Counter("heimdall_budget_refusals", "Calls that a token budget refused.", ["scope"])
ANALYSIS_CACHE = Counter(
    "heimdall_analysis_cache",
    "Questions to the cache of analyses: hit, miss, invalid, error, paused (not asked after an error); "
    "misses shared with an equal question under way; and answers not kept: not_kept, too_long.",
    ["store", "outcome"],
)
MASKED = Counter("heimdall_masked", "Values masked in what left the process, by class.", ["kind"])
INSERTS = Counter(
    "heimdall_inserts",
    "Inserts into ClickHouse, by what came of them: stored; refused (some row does not fit, it is searched); "
    "outage and unknown (no answer), both of which are repeated.",
    ["table", "outcome"],
)
INSERT_SECONDS = Histogram(
    "heimdall_insert_seconds",
    "Duration of one insert into ClickHouse, whatever came of it.",
    ["table"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60),
)
INSERTED_ROWS = Counter("heimdall_inserted_rows", "Rows of inserts that ClickHouse stored.", ["table"])
INSERTED_BYTES = Counter("heimdall_inserted_bytes", "Bytes of their bodies, before compression.", ["table"])
INSERT_COUNTS = Counter(
    "heimdall_insert_counts",
    "Looks at what became of an insert without an answer: stored, or missing (it is repeated).",
    ["table", "found"],
)
INTAKE_REQUESTS = Gauge("heimdall_intake_requests", "Requests with events that are under way.")
INTAKE_UNACKNOWLEDGED = Gauge(
    "heimdall_intake_unacknowledged", "Events of requests that the broker has not acknowledged."
)
INTAKE_EVENTS = Counter(
    "heimdall_intake_events",
    "Events of requests, by what was answered: accepted, invalid, unknown (no acknowledgement in time), "
    "refused (not sent).",
    ["status"],
)
INTAKE_REFUSED = Counter(
    "heimdall_intake_refused",
    "Requests refused as a whole: busy (429), unavailable (broker away, server stops), buffer_full, too_late "
    "(it waited too long for its turn).",
    ["reason"],
)
INTAKE_ACK_SECONDS = Histogram(
    "heimdall_intake_ack_seconds",
    "From handing the events of a request to the client to the last acknowledgement.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
