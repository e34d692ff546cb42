"""Events on their way to Kafka."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from ..models import OutboxMessage, RelayLease
from .base import LargeTableAdmin, ReadOnlyAdmin, TopicFilter, place, preview, text_of


class SentFilter(admin.SimpleListFilter):
    """Waiting or sent."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two states."""
        return [("waiting", "Waiting"), ("sent", "Sent")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> QuerySet[OutboxMessage]:
        """Rows in the chosen state."""
        chosen = self.value()
        return queryset.filter(sent_at__isnull=chosen == "waiting") if chosen else queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(LargeTableAdmin):
    """Events, latest first. Payloads are loaded for one event only, and shown as text."""

    list_display = ("id", "topic", "shown_key", "event_id", "state", "created_at", "sent_at", "where")
    list_filter = (SentFilter, TopicFilter)
    search_fields = ("=event_id",)
    search_help_text = "Search by event id"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("state", "topic", "shown_key", "event_id", "payload", "headers")}),
        ("On its way", {"fields": ("created_at", "sent_at", "where")}),
    )
    readonly_fields = ("state", "shown_key", "payload", "where")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        """Events without their payloads, which `payload` loads when it is asked for."""
        return OutboxMessage.objects.defer("value")

    @display(description="State", label={"waiting": "warning", "sent": "success"})
    def state(self, row: OutboxMessage) -> str:
        """Waiting or sent."""
        return "sent" if row.sent_at else "waiting"

    @display(description="Key")
    def shown_key(self, row: OutboxMessage) -> str:
        """The key as text."""
        return text_of(row.key)[:80] or "-"

    @display(description="Where the broker put it")
    def where(self, row: OutboxMessage) -> str:
        """Partition and offset."""
        return place(row) if row.offset is not None else "-"

    @display(description="Payload")
    def payload(self, row: OutboxMessage) -> SafeString:
        """What is published."""
        return preview(row.value)


@admin.register(RelayLease)
class RelayLeaseAdmin(ReadOnlyAdmin):
    """Who publishes."""

    list_display = ("name", "holder", "token", "expires_at")
