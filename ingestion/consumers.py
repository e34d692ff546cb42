"""The workers of ingestion."""

from collections.abc import Collection, Sequence

from django.conf import settings

from heimdall_project.errors import InvalidMessage
from heimdall_project.events.page_views import PageView
from heimdall_project.streams.consumer import Batch, BatchConsumer, BatchPolicy
from heimdall_project.streams.records import Record
from heimdall_project.streams.registry import register
from heimdall_project.streams.topics import Topic

from . import transforms as transforms  # registers what repairs dead letters
from .budgets import HANDLER_BUDGET
from .services.explanations import page_view_explained
from .services.page_view_table import PageViewTable
from .services.page_views import PageViewStore
from .writing.ports import Table


@register
class ClickHouseWriter(BatchConsumer[PageView]):
    """Stores page views in ClickHouse, one insert a batch.

    Idempotent by event_id: the tables keep one row of each, that of the copy which the broker accepted first;
    an insert that is repeated has the same bytes and the same token.
    """

    name = "clickhouse-writer"
    topic = Topic.PAGE_VIEWS
    event = PageView
    keeps = True
    is_atomic = True
    handler_budget = HANDLER_BUDGET

    def __init__(self, table: Table | None = None) -> None:
        self.batch = BatchPolicy(
            records=settings.WRITER_BATCH_ROWS,
            megabytes=settings.WRITER_BATCH_MEGABYTES,
            seconds=settings.WRITER_BATCH_SECONDS,
        )
        self.parallel = settings.WRITER_PARALLEL
        self.max_buffer = settings.WRITER_MAX_BUFFER
        self.max_buffer_bytes = int(settings.WRITER_MAX_BUFFER_MEGABYTES * 1_000_000)
        self._own = PageViewTable() if table is None else None
        self._store = PageViewStore(table or self._own)  # type: ignore[arg-type]

    def handle(self, batch: Batch[PageView]) -> None:
        """Store a batch."""
        self._store.page_views_store(batch=batch)

    def explain(self, record: Record, error: InvalidMessage) -> InvalidMessage:
        """Every rule that the record breaks, each with its path."""
        return page_view_explained(record, error)

    def kept(self, refused: Sequence[Record]) -> Collection[int]:
        """Offsets of those that an earlier version of the contract let in, by a process that died then."""
        return self._store.page_views_kept(records=refused)

    def close(self) -> None:
        """Leave ClickHouse."""
        if self._own is not None:
            self._own.close()
