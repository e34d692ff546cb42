"""Requests of outside producers, and tokens used, for people. Read-only."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from heimdall_project.streams.admin.base import LargeTableAdmin

from .models import OutsideAnalysis, TokenUsage

COLOURS = {"succeeded": "success", "failed": "danger", "open": "default"}


@admin.register(OutsideAnalysis)
class OutsideAnalysisAdmin(LargeTableAdmin):
    """Outside requests, newest first."""

    list_display = (
        "number",
        "outcome",
        "service_name",
        "environment",
        "log_id",
        "request_id",
        "started_at",
        "worker",
    )
    search_fields = ("=request_id", "=service_name")
    search_help_text = "Search by request id or service"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("outcome", "request_id", "log_id", "service_name", "environment")}),
        ("At the worker", {"fields": ("worker", "started_at", "finished_at", "tries", "failure_class")}),
        ("Answer", {"fields": ("shown_answer",)}),
    )
    readonly_fields = ("outcome", "shown_answer")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutsideAnalysis]:
        """Requests without their answers, which `shown_answer` loads when it is asked for."""
        return OutsideAnalysis.objects.defer("answer")

    @display(description="Analysis", ordering="id")
    def number(self, row: OutsideAnalysis) -> str:
        """The `bifrost_analysis_id`."""
        return f"#{row.pk}"

    @display(description="Outcome", label=COLOURS)
    def outcome(self, row: OutsideAnalysis) -> str:
        """How it ended."""
        if row.finished_at is None:
            return "open"
        return "failed" if row.failure_class else "succeeded"

    @display(description="Answer")
    def shown_answer(self, row: OutsideAnalysis) -> SafeString:
        """The result event."""
        text = json.dumps(row.answer, indent=2, ensure_ascii=False) if row.answer else "none yet"
        return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>', text)


@admin.register(TokenUsage)
class TokenUsageAdmin(LargeTableAdmin):
    """Tokens by client and day, and by job, latest first."""

    list_display = ("account", "day", "calls", "prompt", "completion", "shown_total", "refused", "updated_at")
    list_display_links = None
    search_fields = ("=account",)
    search_help_text = "Search by account: user:7, outside, job:17"
    ordering = ("-updated_at", "-id")

    @display(description="Total")
    def shown_total(self, row: TokenUsage) -> int:
        """Both kinds."""
        return row.total
