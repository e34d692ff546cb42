"""The console, the list of causes, and the page of one."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from heimdall_project.accounts.models import User
from heimdall_project.api import stream
from heimdall_project.streams.admin.base import OwnPageAdmin
from heimdall_project.streams.admin.wording import age, cell, visible

from .. import selectors
from ..models import Cluster
from . import cluster_view, console_view, exporting
from .filters import DispositionFilter, ErrorFilter, GroupFilter, OpenFilter, TopicFilter

SHOWN = 140
"""Characters of a message in the list."""


@admin.register(Cluster)
class ClusterAdmin(OwnPageAdmin):
    """Causes, the latest failure first."""

    list_display = ("number", "left", "cause", "kind", "where", "total", "first", "last")
    list_filter = (
        OpenFilter,
        DispositionFilter,
        TopicFilter,
        GroupFilter,
        ErrorFilter,
        ("last_seen", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_before_template = "dlq_admin/cluster_list.html"
    empty_template = "dlq_admin/no_letters.html"
    ordering = ("-last_seen", "-id")
    page_title = "Cause"
    change_form_template = "dlq_admin/cluster.html"

    class Media:
        css = {"all": ("heimdall/pages.css", "heimdall/lists.css", "dlq_admin/letters.css")}

    def get_urls(self) -> list[URLPattern]:
        """The console, and what is listed as a file."""
        view = self.admin_site.admin_view
        return [
            path("console/", view(self.console_view), name="dlq_admin_console"),
            path("console/export/", view(self.console_export_view), name="dlq_admin_console_export"),
            path("export/", view(self.export_view), name="dlq_admin_cluster_export"),
            *super().get_urls(),
        ]

    @method_decorator(require_GET)
    def console_view(self, request: HttpRequest) -> HttpResponse:
        """What is broken, since when, how bad, and what to do; asked by htmx, only the part that moves."""
        shown = console_view.panel(self._viewer(request), timezone.now())
        if "HX-Request" in request.headers:
            return render(request, "dlq_admin/console_panel.html", shown)
        context = {
            **self.admin_site.each_context(request),
            **shown,
            "title": "Dead letters: console",
            "stream_url": stream.public_url(request, "dlq"),
        }
        return render(request, "dlq_admin/console.html", context)

    @method_decorator(require_GET)
    def console_export_view(self, request: HttpRequest) -> HttpResponse:
        """All open causes as a file."""
        self._viewer(request)
        return exporting.clusters(request.GET.get("format", "csv"), exporting.open_clusters())

    @method_decorator(require_GET)
    def export_view(self, request: HttpRequest) -> HttpResponse:
        """What the list shows as a file."""
        self._viewer(request)
        return exporting.clusters(request.GET.get("format", "csv"), exporting.listed(self, request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with links to its files."""
        more = {**(extra_context or {}), "export": exporting.query(request)}
        response: HttpResponse = super().changelist_view(request, more)
        return response

    def page(self, request: HttpRequest, user: User, row: Cluster) -> dict[str, Any]:
        """The cause and its letters."""
        return cluster_view.page(row, user, timezone.now())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cluster]:
        """All of them."""
        return selectors.clusters_listed()

    def _viewer(self, request: HttpRequest) -> User:
        """Who asks. Raises PermissionDenied for those who may not see causes."""
        if not isinstance(request.user, User) or not self.has_view_permission(request):
            raise PermissionDenied
        return request.user

    @display(description="Cause")
    def number(self, cluster: Cluster) -> str:
        """Its number."""
        return f"#{cluster.pk}"

    @display(description="Error")
    def cause(self, cluster: Cluster) -> SafeString:
        """Error and message."""
        text = cell(visible(cluster.message), SHOWN)
        return format_html('<strong class="dl-error">{}</strong>{}', visible(cluster.error_class), text)

    @display(description="Topic and group", header=True)
    def where(self, cluster: Cluster) -> list[str]:
        """Where its records came from, and who failed."""
        return [visible(cluster.topic), visible(cluster.group)]

    @display(description="Kind", label=cluster_view.KIND_COLOURS)
    def kind(self, cluster: Cluster) -> str:
        """Of failure."""
        return cluster.disposition

    @display(description="Open")
    def left(self, cluster: Cluster) -> str:
        """Letters with which something is left to be done."""
        return f"{cluster.total - cluster.resolved - cluster.discarded:,}"

    @display(description="First")
    def first(self, cluster: Cluster) -> str:
        """Since its first failure."""
        return age((timezone.now() - cluster.first_seen).total_seconds())

    @display(description="Last")
    def last(self, cluster: Cluster) -> str:
        """Since its latest failure."""
        return age((timezone.now() - cluster.last_seen).total_seconds())
