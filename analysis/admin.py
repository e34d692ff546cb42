"""Requests of outside producers, and tokens used, for people. Read-only."""

import json
from collections.abc import Iterable

from django.contrib import admin
from django.db.models import BigIntegerField, Case, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Substr
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.base import ChoiceFilter, LargeTableAdmin

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


class ScopeFilter(ChoiceFilter):
    """Clients by day, or jobs over all days."""

    title, parameter_name = "scope", "scope"

    def values(self) -> Iterable[str]:
        """The two."""
        return ("clients", "jobs")

    def queryset(self, request: HttpRequest, queryset: QuerySet[TokenUsage]) -> QuerySet[TokenUsage]:
        """The chosen rows."""
        chosen = self.value()
        return queryset.filter(day__isnull=chosen == "jobs") if chosen in ("clients", "jobs") else queryset


@admin.register(TokenUsage)
class TokenUsageAdmin(LargeTableAdmin):
    """Tokens by client and day, and by job, latest first."""

    list_display = (
        "shown_account",
        "shown_day",
        "calls",
        "prompt",
        "completion",
        "shown_total",
        "refused",
        "updated_at",
    )
    list_display_links = None
    list_filter = (ScopeFilter,)
    search_fields = ("=account",)
    search_help_text = "Search by account: user:7, outside, job:17"
    ordering = ("-updated_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenUsage]:
        """Rows with the names of the users that they are about."""
        user = User.objects.filter(pk=Cast(Substr(OuterRef("account"), 6), BigIntegerField()))
        name = When(account__regex="^user:[0-9]{1,18}$", then=Subquery(user.values("username")[:1]))
        return TokenUsage.objects.annotate(username=Case(name, default=Value("")))

    @display(description="Account", ordering="account")
    def shown_account(self, row: TokenUsage) -> str:
        """The account, and whose it is."""
        username = getattr(row, "username", "")
        return f"{row.account} ({username})" if username else row.account

    @display(description="Day")
    def shown_day(self, row: TokenUsage) -> SafeString | str:
        """The day of a client; a job has all."""
        return format_html('<span class="whitespace-nowrap">{}</span>', row.day) if row.day else "all"

    @display(description="Total")
    def shown_total(self, row: TokenUsage) -> int:
        """Both kinds."""
        return row.total
