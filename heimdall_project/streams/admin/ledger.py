"""What became of every record: cursors and counts."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from .. import ledger
from ..models import ConsumerCursor, FloodWindow, LedgerEntry
from . import ledger_figures as figures
from .base import GroupFilter, LargeTableAdmin, ReadOnlyAdmin, TopicFilter
from .windows import window_named

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


CHOICE = "hd_ledger_{}"
"""Cookies that remember what was looked at."""
LIST = "admin:streams_ledgerentry_changelist"


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LargeTableAdmin):
    """Counts by minute, source and outcome; above them, whether the books balance."""

    list_display = ("minute", "topic", "partition", "group", "source", "shown_outcome", "rule", "count")
    list_filter = (TopicFilter, GroupFilter, "outcome", ("minute", RangeDateTimeFilter))
    list_filter_submit = True
    list_before_template = "streams/ledger.html"
    ordering = ("-id",)
    readonly_fields = ("shown_outcome",)

    class Media:
        css = {"all": ("streams/ledger.css",)}
        js = ("streams/ledger.js",)

    def get_urls(self) -> list[URLPattern]:
        """The figures beside the list."""
        live = self.admin_site.admin_view(self.live_view)
        return [path("live/", live, name="streams_ledgerentry_live"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The rows, with what stands above them."""
        above = _panel(request) if self.has_view_permission(request) else {}
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **above})
        return response

    @method_decorator(require_GET)
    def live_view(self, request: HttpRequest) -> HttpResponse:
        """The figures anew; `window` and `pair` choose what is looked at, and are remembered."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = _panel(request)
        is_part = "HX-Request" in request.headers
        response = render(request, "streams/ledger_figures.html", shown) if is_part else redirect(LIST)
        chosen = {"window": shown["window"].name, "pair": _name(shown["pair"]) if shown["pair"] else ""}
        for name in chosen.keys() & request.GET.keys():
            cookie = CHOICE.format(name)
            response.set_cookie(cookie, chosen[name], max_age=31_536_000, samesite="Lax", path=reverse(LIST))
        return response

    @display(description="Outcome", label=OUTCOMES)
    def shown_outcome(self, entry: LedgerEntry) -> str:
        """How the records ended."""
        return entry.outcome


def _panel(request: HttpRequest) -> dict[str, Any]:
    asked = {
        name: request.GET.get(name) or request.COOKIES.get(CHOICE.format(name), "")
        for name in ("window", "pair")
    }
    window = window_named(asked["window"])
    pairs = ledger.pairs()
    named = {_name(pair): pair for pair in pairs}
    return figures.panel(named.get(asked["pair"], pairs[0] if pairs else None), window, timezone.now())


def _name(pair: ledger.Pair) -> str:
    return f"{pair.topic}:{pair.group}"


@admin.register(FloodWindow)
class FloodWindowAdmin(ReadOnlyAdmin):
    """Good and bad records of the running windows: what the flood stop judges by."""

    list_display = ("group", "good", "bad", "share")

    @display(description="Share of bad ones")
    def share(self, window: FloodWindow) -> str:
        """In per cent."""
        total = window.good + window.bad
        return f"{100 * window.bad / total:.1f} %" if total else "-"
