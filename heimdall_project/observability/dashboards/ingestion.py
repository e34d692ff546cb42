"""Page views on their way by HTTP into Kafka, and from Kafka into ClickHouse, a question a panel."""

from . import Dashboard, Panel, Query, Row, Unit
from .queries import quantiles, rate

WRITER = '{worker="clickhouse-writer"}'
TABLE = '{table="page_views"}'
TAKING = Row(
    title="Is everything taken that is sent by HTTP?",
    panels=(
        Panel(
            question="How many events come, and what becomes of them?",
            help="Accepted: acknowledged by Kafka. Unknown: not in time. Refused: not sent. Both come again.",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_intake_events_total", "status"), "{{status}}"),),
            stacked=True,
            width=12,
        ),
        Panel(
            question="How long does Kafka take to acknowledge?",
            help="After INGEST_ACK_TIMEOUT a request is answered 503.",
            unit=Unit.SECONDS,
            queries=quantiles("heimdall_intake_ack_seconds"),
            warn=1,
            alarm=5,
            width=12,
        ),
        Panel(
            question="Which requests are refused as a whole?",
            help="Busy: a bound of requests or events. Unavailable: the broker is away, or the server stops.",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_intake_refused_total", "reason"), "{{reason}}"),),
            stacked=True,
        ),
        Panel(
            question="How many events wait for Kafka?",
            help="Of all processes; at INGEST_MAX_EVENTS one answers 429.",
            unit=Unit.NUMBER,
            queries=(
                Query("sum (heimdall_intake_unacknowledged)", "events"),
                Query("sum (heimdall_intake_requests)", "requests"),
            ),
        ),
        Panel(
            question="Do clients send slowly, or wait for their turn in vain?",
            help="Bodies on their way; refused a second: too slow (408), too many, no turn, no room (503).",
            unit=Unit.NUMBER,
            queries=(
                Query("sum (heimdall_bodies_arriving)", "bodies arriving"),
                Query(rate("heimdall_bodies_refused_total", "reason"), "body {{reason}}"),
                Query(rate("heimdall_turns_refused_total", "reason"), "{{reason}}"),
            ),
        ),
    ),
)
WRITING = Row(
    title="Is everything stored?",
    panels=(
        Panel(
            question="Are page views stored as fast as they come?",
            help="Records a second: read from Kafka, and brought to their end, by outcome.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(rate("heimdall_records_taken_total", where=WRITER), "read"),
                Query(rate("heimdall_records_total", "outcome", WRITER), "{{outcome}}"),
            ),
            width=12,
        ),
        Panel(
            question="How old is the oldest that is not stored?",
            unit=Unit.SECONDS,
            queries=(Query(f"max (heimdall_lag_seconds{WRITER})", "oldest"),),
            warn=60,
            alarm=300,
            width=6,
        ),
        Panel(
            question="How many wait in Kafka?",
            help="Records behind the end of each partition.",
            unit=Unit.NUMBER,
            queries=(Query(f"sum by (partition) (heimdall_lag_records{WRITER})", "partition {{partition}}"),),
            stacked=True,
            width=6,
        ),
        Panel(
            question="How full is the buffer?",
            help="Records taken in and not stored, of all processes. At WRITER_MAX_BUFFER one reads no more.",
            unit=Unit.NUMBER,
            queries=(Query(f"sum (heimdall_in_hand{WRITER})", "records"),),
        ),
        Panel(
            question="How many bytes does it hold?",
            help="Keys and values. At WRITER_MAX_BUFFER_MEGABYTES a process reads no more.",
            unit=Unit.BYTES,
            queries=(Query(f"sum (heimdall_buffer_bytes{WRITER})", "bytes"),),
        ),
        Panel(
            question="What ends as a dead letter?",
            help="Each waits for a person; its reason names field and rule, or column and code.",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_dead_letters_total", "disposition", WRITER), "{{disposition}}"),),
            stacked=True,
        ),
    ),
)
INSERTS = Row(
    title="Inserts into ClickHouse",
    panels=(
        Panel(
            question="What comes of inserts?",
            help="Refused: a row does not fit, it is searched. Outage, unknown: repeated, same bytes.",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_inserts_total", "outcome", TABLE), "{{outcome}}"),),
            stacked=True,
            width=12,
        ),
        Panel(
            question="How long does one take?",
            unit=Unit.SECONDS,
            queries=quantiles("heimdall_insert_seconds", TABLE),
            warn=5,
            alarm=15,
            width=12,
        ),
        Panel(
            question="How many rows does one have?",
            help="Ten thousand and more are cheap for ClickHouse; many small ones make many parts.",
            unit=Unit.NUMBER,
            queries=(
                Query(
                    f"{rate('heimdall_inserted_rows_total', where=TABLE)} / "
                    + rate("heimdall_inserts_total", where='{table="page_views",outcome="stored"}'),
                    "rows",
                ),
            ),
        ),
        Panel(
            question="How many bytes a second?",
            help="Bodies before compression.",
            unit=Unit.BYTES,
            queries=(Query(rate("heimdall_inserted_bytes_total", where=TABLE), "bytes"),),
        ),
        Panel(
            question="What became of inserts without an answer?",
            help="Their rows are counted: stored ones are trusted, missing ones sent again.",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_insert_counts_total", "found", TABLE), "{{found}}"),),
        ),
    ),
)
DASHBOARD = Dashboard(
    name="ingestion",
    title="Heimdall: ingestion",
    about="Page views by HTTP into Kafka, and on into ClickHouse. Generated by manage.py export_dashboards.",
    rows=(TAKING, WRITING, INSERTS),
)
