"""What became of every record: cursors and counts."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from ..models import ConsumerCursor, FloodWindow, LedgerEntry
from .base import GroupFilter, LargeTableAdmin, ReadOnlyAdmin, TopicFilter

OUTCOMES = {"stored": "success", "duplicate": "info", "dead_lettered": "danger", "dropped": "warning"}


@admin.register(ConsumerCursor)
class ConsumerCursorAdmin(ReadOnlyAdmin):
    """How far each group has come in each partition, with every outcome counted."""

    list_display = ("group", "topic", "partition", "start_offset", "next_offset", "passed", "updated_at")
    list_filter = (GroupFilter, TopicFilter)
    ordering = ("group", "topic", "partition")

    @display(description="Records passed")
    def passed(self, cursor: ConsumerCursor) -> int:
        """What the outcomes of this partition sum up to."""
        return cursor.next_offset - cursor.start_offset


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LargeTableAdmin):
    """Counts by minute, source and outcome."""

    list_display = ("minute", "topic", "partition", "group", "source", "shown_outcome", "rule", "count")
    list_filter = (TopicFilter, GroupFilter, "outcome", ("minute", RangeDateTimeFilter))
    list_filter_submit = True
    ordering = ("-id",)
    readonly_fields = ("shown_outcome",)

    @display(description="Outcome", label=OUTCOMES)
    def shown_outcome(self, entry: LedgerEntry) -> str:
        """How the records ended."""
        return entry.outcome


@admin.register(FloodWindow)
class FloodWindowAdmin(ReadOnlyAdmin):
    """Good and bad records of the running windows: what the flood stop judges by."""

    list_display = ("group", "good", "bad", "share")

    @display(description="Share of bad ones")
    def share(self, window: FloodWindow) -> str:
        """In per cent."""
        total = window.good + window.bad
        return f"{100 * window.bad / total:.1f} %" if total else "-"
