"""Standing orders of operators. They are given on the pages of workers."""

from django.contrib import admin
from unfold.decorators import display

from ..models import ConsumerControl, SkipRequest
from .base import ReadOnlyAdmin, WorkerFilter, place


@admin.register(ConsumerControl)
class ConsumerControlAdmin(ReadOnlyAdmin):
    """One line a worker that was ever told something."""

    list_display = (
        "worker",
        "order",
        "pause_reason",
        "flood_override_until",
        "start_requested_at",
        "updated_at",
    )
    list_filter = ("paused",)
    readonly_fields = ("order",)

    @display(description="Order", label={"pause": "warning", "run": "success"})
    def order(self, control: ConsumerControl) -> str:
        """What the worker is to do."""
        return "pause" if control.paused else "run"


@admin.register(SkipRequest)
class SkipRequestAdmin(ReadOnlyAdmin):
    """Records that workers were told to pass by."""

    list_display = ("worker", "where", "state", "reason", "requested_by", "requested_at", "applied_at")
    list_filter = (WorkerFilter,)
    ordering = ("-id",)
    readonly_fields = ("where", "state")

    @display(description="Record")
    def where(self, skip: SkipRequest) -> str:
        """Its coordinates."""
        return place(skip)

    @display(description="State", label={"open": "warning", "applied": "success"})
    def state(self, skip: SkipRequest) -> str:
        """Whether the worker has come by."""
        return "applied" if skip.applied_at else "open"
