"""`page_views` in ClickHouse, as the writer needs it."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from django.conf import settings

from heimdall_project.clients.clickhouse import ClickHouse
from heimdall_project.errors import StatementRefused, TransientError
from heimdall_project.streams.records import Record

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
SELECT DISTINCT offset, toUnixTimestamp64Milli(accepted_at) AS accepted_ms, event_id FROM page_view_arrivals
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
        """See `Table.holds`."""
        found = self._found(parcel.topic, parcel.partition, parcel.first, parcel.last)
        return parcel.identities <= {(row["offset"], row["accepted_ms"], row["event_id"]) for row in found}

    def kept(self, records: Sequence[Record]) -> set[int]:
        """See `Table.kept`."""
        topic, partition = records[0].place
        found = self._found(topic, partition, records[0].offset, records[-1].offset)
        stored = {(row["offset"], row["accepted_ms"]) for row in found}
        return {each.offset for each in records if (each.offset, each.timestamp) in stored}

    def _found(self, topic: str, partition: int, first: int, last: int) -> list[dict[str, Any]]:
        """What stands in both tables of a stretch of offsets."""
        where = {"topic": topic, "partition": partition, "first": first, "last": last}
        try:
            return self._open().rows(_FOUND, where)
        except StatementRefused as error:
            raise TransientError(DEPENDENCY, f"{error.code} {error.name}") from error

    def close(self) -> None:
        """Let the connections go."""
        if self._client is not None:
            self._client.close()

    def _open(self) -> ClickHouse:
        with self._lock:
            if self._client is None:
                self._client = ClickHouse(timeout=settings.WRITER_INSERT_TIMEOUT)
            return self._client
