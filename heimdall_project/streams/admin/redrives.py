"""What became of records that people sent again."""

from django.contrib import admin
from unfold.decorators import display

from ..models import RedriveOutcome
from .base import GroupFilter, LargeTableAdmin, place


@admin.register(RedriveOutcome)
class RedriveOutcomeAdmin(LargeTableAdmin):
    """One line a redriven record."""

    list_display = ("redrive_id", "shown_status", "failure_class", "group", "where", "recorded_at")
    list_filter = (GroupFilter, "status")
    search_fields = ("=redrive_id",)
    search_help_text = "Search by redrive id"
    ordering = ("-redrive_id",)
    readonly_fields = ("shown_status", "where")

    @display(description="Status", label={"started": "warning", "ok": "success", "failed": "danger"})
    def shown_status(self, outcome: RedriveOutcome) -> str:
        """How far it came."""
        return outcome.status

    @display(description="Where it came by")
    def where(self, outcome: RedriveOutcome) -> str:
        """The redriven record."""
        return place(outcome)
