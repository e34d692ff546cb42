"""Jobs and log entries as files."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KT
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from heimdall_project.api import export
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from .. import selectors
from ..filters import JobFilter, LogEntryFilter
from ..models import AnalysisJob, LogEntry
from . import examples
from .caller import caller

MOST_JOBS = 100_000
MOST_LOGS = 10_000
_JOB: dict[str, Any] = {
    "analysis_id": "id",
    "request_id": "request_id",
    "status": "status",
    "owner": "owner__username",
    "log_id": "log_entry_id",
    "service_name": "log_entry__service_name",
    "environment": "log_entry__environment",
    "analysis_type": "analysis_type",
    "priority": "priority",
    "correlation_id": "correlation_id",
    "trace_id": "trace_id",
    "severity": KT("result__severity"),
    "component": KT("result__component"),
    "summary": KT("result__summary"),
    "failure_class": "failure_class",
    "failure_message": "failure_message",
    "model": "model",
    "from_cache": "from_cache",
    "duration_seconds": "duration_seconds",
    "created_at": "created_at",
    "finished_at": "finished_at",
}
"""Column to where it stands."""
_LOG = ("id", "service_name", "environment", "level", "logged_at", "source", "created_at", "content")


def _documented[View: Callable[..., Any]](
    what: str, operation_id: str, most: int, tag: str
) -> Callable[[View], View]:
    return extend_schema(
        operation_id=operation_id,
        summary=f"{what} as a file",
        description=(
            "The same filters and the same rows as the list, newest first. CSV by default (UTF-8, cells that "
            "a spreadsheet would take for a formula begin with an apostrophe), or `format=json`: an object a "
            f"line. {most:,} rows at most. `{export.ROWS_HEADER}` tells how many rows the whole file has."
        ),
        tags=[tag],
        parameters=[
            OpenApiParameter("format", OpenApiTypes.STR, enum=["csv", "json"], description="csv by default.")
        ],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "More rows fit than a file may have."),
        },
        examples=examples.EXPORTS[tag],
    )


class JobExportView(GenericAPIView[AnalysisJob]):
    """The list of jobs as a file."""

    queryset = AnalysisJob.objects.none()  # for the OpenAPI document
    filterset_class = JobFilter
    pagination_class = None
    renderer_classes = export.FORMATS
    content_negotiation_class = export.ByParameter

    def get_queryset(self) -> QuerySet[AnalysisJob]:
        """What the caller may see."""
        return selectors.jobs_visible_to(caller(self.request))

    @_documented("Jobs", "jobs_export", MOST_JOBS, "jobs")
    def get(self, request: Request) -> StreamingHttpResponse:
        """The file."""
        jobs = self.filter_queryset(self.get_queryset()).order_by("-created_at", "-id")
        rows = jobs.select_related(None).values_list(*_JOB.values())
        kind = request.accepted_renderer.format or ""
        return export.export(rows, columns=list(_JOB), name="jobs", kind=kind, most=MOST_JOBS)


class LogEntryExportView(GenericAPIView[LogEntry]):
    """The list of log entries as a file, with their content."""

    queryset = LogEntry.objects.none()  # for the OpenAPI document
    filterset_class = LogEntryFilter
    pagination_class = None
    renderer_classes = export.FORMATS
    content_negotiation_class = export.ByParameter

    def get_queryset(self) -> QuerySet[LogEntry]:
        """What the caller may see."""
        return selectors.log_entries_visible_to(caller(self.request))

    @_documented("Log entries", "logs_export", MOST_LOGS, "logs")
    def get(self, request: Request) -> StreamingHttpResponse:
        """The file."""
        entries = self.filter_queryset(self.get_queryset()).order_by("-created_at", "-id")
        kind = request.accepted_renderer.format or ""
        return export.export(entries.values_list(*_LOG), columns=_LOG, name="logs", kind=kind, most=MOST_LOGS)
