"""`page_views` in ClickHouse, as the writer needs it."""

from collections.abc import Mapping
from threading import Lock

from django.conf import settings

from heimdall_project.clients.clickhouse import ClickHouse
from heimdall_project.errors import StatementRefused, TransientError

from ..writing.parcels import Parcel
from ..writing.ports import DEPENDENCY, OutcomeUnknown, RowsRefused
from ..writing.refusals import is_about_rows, reason
from ..writing.rows import COLUMNS

TABLE = "page_views"
INSERT_SETTINGS: Mapping[str, str | int] = {
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "date_time_input_format": "best_effort",
    "input_format_skip_unknown_fields": 0,
    "input_format_null_as_default": 0,
    "input_format_json_read_objects_as_strings": 1,  # props
    "input_format_parallel_parsing": 0,  # of a body of a few megabytes, it costs more than it gives
    "async_insert": 0,
    "wait_end_of_query": 1,  # the answer comes when the rows are stored, not before
}
_FOUND = """
SELECT DISTINCT offset, event_id FROM page_view_arrivals
WHERE topic = {topic:String} AND partition = {partition:Int32}
AND offset BETWEEN {first:Int64} AND {last:Int64}
AND event_id IN (
    SELECT event_id FROM page_views WHERE event_id IN (
        SELECT event_id FROM page_view_arrivals
        WHERE topic = {topic:String} AND partition = {partition:Int32}
        AND offset BETWEEN {first:Int64} AND {last:Int64}))
"""


class PageViewTable:
    """See `ports.Table`. Connects when it is first used; one connection a thread at work."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._client: ClickHouse | None = None

    def insert(self, parcel: Parcel) -> None:
        """See `Table.insert`."""
        client = self._open()
        one_block = {"max_insert_block_size": max(len(parcel), 1_000_000)}
        try:
            client.insert(
                TABLE,
                parcel.body,
                columns=list(COLUMNS),
                settings={**INSERT_SETTINGS, **one_block, "insert_deduplication_token": parcel.token},
            )
        except StatementRefused as error:
            if is_about_rows(error.code):
                raise RowsRefused(error.code, reason(error.code, error.column)) from error
            raise TransientError(DEPENDENCY, f"{error.code} {error.name}") from error
        except TransientError as error:
            raise OutcomeUnknown(DEPENDENCY, str(error)) from error

    def holds(self, parcel: Parcel) -> bool:
        """See `Table.holds`. By offset and id: offsets alone would be found under a topic made anew, too."""
        where = {
            "topic": parcel.topic,
            "partition": parcel.partition,
            "first": parcel.first,
            "last": parcel.last,
        }
        client = self._open()
        try:
            found = client.rows(_FOUND, where)
        except StatementRefused as error:
            raise TransientError(DEPENDENCY, f"{error.code} {error.name}") from error
        return parcel.identities <= {(row["offset"], row["event_id"]) for row in found}

    def close(self) -> None:
        """Let the connections go."""
        if self._client is not None:
            self._client.close()

    def _open(self) -> ClickHouse:
        with self._lock:
            if self._client is None:
                self._client = ClickHouse(timeout=settings.WRITER_INSERT_TIMEOUT)
            return self._client
