"""Log entries: store, search, read."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from heimdall_project.api.permissions import ensure

from .. import selectors
from ..filters import LogEntryFilter
from ..models import LogEntry
from ..serializers import LogEntrySerializer, LogEntrySummarySerializer, NewLogEntrySerializer
from ..services import log_entry_create
from . import examples
from .caller import caller


class LogEntryListView(ListAPIView[LogEntry]):
    """Log entries, newest first."""

    queryset = LogEntry.objects.none()  # for the OpenAPI document
    serializer_class = LogEntrySummarySerializer
    filterset_class = LogEntryFilter

    def get_queryset(self) -> QuerySet[LogEntry]:
        """What the caller may see."""
        return selectors.log_entries_listed(caller(self.request))

    @extend_schema(
        operation_id="logs_list",
        summary="Log entries, newest first",
        description="Your own; all of them with the right to view log entries. `q` searches the text.",
        tags=["logs"],
        examples=[examples.LOG_SUMMARY],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of log entries."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="logs_create",
        summary="Store a log entry",
        tags=["logs"],
        request=NewLogEntrySerializer,
        responses={201: LogEntrySerializer},
        examples=[examples.NEW_LOG, examples.LOG_ENTRY],
    )
    def post(self, request: Request) -> Response:
        """Store a log entry."""
        ensure(request, "jobs.add_logentry")
        serializer = NewLogEntrySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        entry = log_entry_create(draft=serializer.draft(), created_by=caller(request))
        return Response(LogEntrySerializer(entry).data, status=201)


class LogEntryDetailView(RetrieveAPIView[LogEntry]):
    """One log entry."""

    queryset = LogEntry.objects.none()  # for the OpenAPI document
    serializer_class = LogEntrySerializer
    filterset_class = None

    def get_queryset(self) -> QuerySet[LogEntry]:
        """What the caller may see; anything else is not there."""
        return selectors.log_entries_visible_to(caller(self.request))

    @extend_schema(
        operation_id="logs_get", summary="One log entry, whole", tags=["logs"], examples=[examples.LOG_ENTRY]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One log entry."""
        return super().get(request, *args, **kwargs)
