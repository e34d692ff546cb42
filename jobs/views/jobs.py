"""Reading jobs: result, list, detail, timeline."""

from itertools import pairwise
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from .. import selectors
from ..filters import JobFilter
from ..models import AnalysisJob
from ..serializers import JobDetailSerializer, JobSerializer, ResultSerializer, TimelineSerializer
from . import examples
from .caller import caller


class _Jobs(GenericAPIView[AnalysisJob]):
    queryset = AnalysisJob.objects.none()  # for the OpenAPI document

    def get_queryset(self) -> QuerySet[AnalysisJob]:
        """What the caller may see; anything else is not there."""
        return selectors.jobs_visible_to(caller(self.request))


class ResultView(_Jobs, RetrieveAPIView[AnalysisJob]):
    """What became of a job."""

    serializer_class = ResultSerializer
    lookup_url_kwarg = "analysis_id"
    filterset_class = None

    def get_queryset(self) -> QuerySet[AnalysisJob]:
        """Visible jobs with the number of their current attempt."""
        return selectors.with_attempt(super().get_queryset())

    @extend_schema(
        operation_id="analysis_result",
        summary="The result of an analysis",
        description="While the job is open there is neither `analysis_result` nor `failure`; ask again, or "
        "listen at `/stream/jobs/{id}`.",
        tags=["analysis"],
        examples=[examples.RESULT_SUCCEEDED, examples.RESULT_OPEN, examples.RESULT_FAILED],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The result, a failure, or where the job stands."""
        return super().get(request, *args, **kwargs)


class JobListView(_Jobs, ListAPIView[AnalysisJob]):
    """Jobs, newest first."""

    serializer_class = JobSerializer
    filterset_class = JobFilter
    orderings = ("-created_at", "created_at", "-finished_at", "finished_at")

    def get_queryset(self) -> QuerySet[AnalysisJob]:
        """Visible jobs with their owners."""
        return super().get_queryset().select_related("owner").defer("owner__password")

    @extend_schema(
        operation_id="jobs_list",
        summary="Jobs, newest first",
        description="Your own; all of them with the right to view jobs.",
        tags=["jobs"],
        examples=[examples.JOB],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of jobs."""
        return super().get(request, *args, **kwargs)


class JobDetailView(_Jobs, RetrieveAPIView[AnalysisJob]):
    """One job with its attempts."""

    serializer_class = JobDetailSerializer
    filterset_class = None

    def get_queryset(self) -> QuerySet[AnalysisJob]:
        """Visible jobs with owners and attempts."""
        return selectors.jobs_in_detail(caller(self.request))

    @extend_schema(
        operation_id="jobs_get",
        summary="One job with its attempts",
        tags=["jobs"],
        examples=[examples.JOB_DETAIL],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One job."""
        return super().get(request, *args, **kwargs)


class JobTimelineView(_Jobs):
    """All that happened to a job."""

    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="jobs_timeline",
        summary="All that happened to a job, in order",
        description="Lines with `moved: false` change nothing: duplicates, late results, repeated requests.",
        tags=["jobs"],
        responses={200: TimelineSerializer(many=True)},
        examples=[examples.TIMELINE],
    )
    def get(self, request: Request, pk: int) -> Response:
        """The lines of the timeline."""
        lines = list(selectors.timeline_of(self.get_object()))
        before = {line.pk: earlier.at for earlier, line in pairwise(lines)}
        return Response(TimelineSerializer(lines, many=True, context={"before": before}).data)
