"""Cancelling and redriving jobs."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from heimdall_project.api import idempotency
from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE
from heimdall_project.errors import Unprocessable

from .. import selectors
from ..filters import filtered_jobs
from ..models import AnalysisJob
from ..serializers import (
    JobDetailSerializer,
    ReasonSerializer,
    RedriveAcceptedSerializer,
    RedriveManyAnswerSerializer,
    RedriveManySerializer,
    accepted_body,
    outcomes_body,
    preview_body,
)
from ..services import REDRIVE_MOST, job_cancel, job_redrive, jobs_redrive
from ..states import REDRIVABLE
from . import examples
from .caller import caller

KEY_NEEDS_IDS = "Not with an Idempotency-Key: these find other jobs the next time. Name the jobs by ids."
KEY = OpenApiParameter(
    idempotency.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        "The same key begins the same attempts once: again it answers what it made (200, with the header "
        f"{idempotency.REPLAYED}: true)."
    ),
)


KEY_OF_MANY = OpenApiParameter(
    idempotency.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        "Only with `ids`. The same key begins the attempt of each job once; where every attempt was there "
        f"before, the answer carries the header {idempotency.REPLAYED}: true."
    ),
)


def _valid(serializer: Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _redrive_id(request: Request, what: str) -> str:
    """A redrive id of the caller's key; keys belong to whom they come from."""
    key = idempotency.key_of(request)
    return str(uuid5(NAMESPACE_URL, f"heimdall:{request.user.pk}:{what}:{key}")) if key else ""


class JobCancelView(APIView):
    """End an open job."""

    @extend_schema(
        operation_id="jobs_cancel",
        summary="Cancel a job",
        description=(
            "For its owner, and for those with the right to cancel jobs. A running worker notices between "
            "two steps; whatever it still answers is recorded and changes nothing. A job that is cancelled "
            "already stays so (200); one that has ended otherwise is a conflict."
        ),
        tags=["jobs"],
        request=ReasonSerializer,
        responses={
            200: JobDetailSerializer,
            (409, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "The job has ended."),
        },
        examples=[examples.REASON_TO_CANCEL, examples.CANCELLED],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Cancel it."""
        selectors.job_seen(user=caller(request), job_id=pk)
        reason = _valid(ReasonSerializer(data=request.data))["reason"]
        job_cancel(job_id=pk, actor=caller(request), reason=reason)
        job = selectors.jobs_in_detail(caller(request)).get(pk=pk)
        return Response(JobDetailSerializer(job).data)


class JobRedriveView(APIView):
    """Send an ended job again."""

    permission_classes = (requires("jobs.redrive_analysisjob"),)

    @extend_schema(
        operation_id="jobs_redrive",
        summary="Send a failed or cancelled job again",
        description="A new attempt with a request of its own; the attempts before it stay as they are.",
        tags=["jobs"],
        parameters=[KEY],
        request=ReasonSerializer,
        responses={
            202: OpenApiResponse(RedriveAcceptedSerializer, "A new attempt was begun.", [examples.REDRIVEN]),
            200: OpenApiResponse(
                RedriveAcceptedSerializer,
                "It was begun under the same Idempotency-Key.",
                [examples.REDRIVEN_BEFORE],
            ),
            (409, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "The job is open, or has its result."),
            (422, CONTENT_TYPE): OpenApiResponse(
                PROBLEM_REFERENCE, "The Idempotency-Key came with another reason."
            ),
        },
        examples=[examples.REASON_TO_REDRIVE],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Begin a new attempt."""
        selectors.job_seen(user=caller(request), job_id=pk)
        redrive_id = _redrive_id(request, f"job:{pk}")
        reason = _valid(ReasonSerializer(data=request.data))["reason"]
        redriven = job_redrive(job_id=pk, actor=caller(request), reason=reason, redrive_id=redrive_id)
        if redriven.replayed and redriven.attempt.reason != reason:
            raise Unprocessable("This Idempotency-Key was used before with another reason.")
        headers = {idempotency.REPLAYED: "true"} if redriven.replayed else {}
        body = RedriveAcceptedSerializer(accepted_body(redriven)).data
        return Response(body, status=200 if redriven.replayed else 202, headers=headers)


class JobsRedriveView(APIView):
    """Send several jobs again, or look at what that would do."""

    permission_classes = (requires("jobs.redrive_analysisjob"),)

    @extend_schema(
        operation_id="jobs_redrive_many",
        summary="Send many jobs again, or preview it",
        description=(
            "Jobs by `ids`, or by the same `filters` as the list has (then the oldest "
            f"{REDRIVE_MOST} that can be sent again; `remaining` says how many are left for the next call). "
            "With `dry_run` nothing is done: the answer tells how many would be sent, why they failed, and "
            "whether a redrive helps. What is wrong with one job is told for that job in `refused`."
        ),
        tags=["jobs"],
        parameters=[KEY_OF_MANY],
        request=RedriveManySerializer,
        responses={
            200: RedriveManyAnswerSerializer,
            (422, CONTENT_TYPE): OpenApiResponse(
                PROBLEM_REFERENCE, "The Idempotency-Key came with another reason."
            ),
        },
        examples=[examples.REDRIVE_PREVIEW, examples.REDRIVE_MANY, *examples.REDRIVE_ANSWERS],
    )
    def post(self, request: Request) -> Response:
        """Preview, or send."""
        redrive_id = _redrive_id(request, "jobs")
        asked = _valid(RedriveManySerializer(data=request.data))
        if redrive_id and "filters" in asked and not asked["dry_run"]:
            raise ValidationError({"filters": KEY_NEEDS_IDS})
        jobs = _chosen(request, asked)
        preview = selectors.redrive_preview(jobs)
        body = {"dry_run": asked["dry_run"], "redriven": [], "refused": [], "remaining": 0}
        body |= preview_body(preview)
        headers = {}
        if not asked["dry_run"] and (ids := asked.get("ids") or _oldest(jobs)):
            outcomes = jobs_redrive(
                job_ids=ids, actor=caller(request), reason=asked["reason"], redrive_id=redrive_id
            )
            body |= outcomes_body(outcomes)
            body["remaining"] = max(0, preview.redrivable - len(ids))
            if all(each.redriven and each.redriven.replayed for each in outcomes):
                headers[idempotency.REPLAYED] = "true"
        return Response(RedriveManyAnswerSerializer(body).data, headers=headers)


def _chosen(request: Request, asked: dict[str, Any]) -> QuerySet[AnalysisJob]:
    jobs = selectors.jobs_visible_to(caller(request))
    if "ids" in asked:
        return jobs.filter(pk__in=asked["ids"])
    return filtered_jobs(jobs, asked["filters"]).filter(status__in=sorted(REDRIVABLE))


def _oldest(jobs: QuerySet[AnalysisJob]) -> list[int]:
    return list(jobs.order_by("created_at", "pk").values_list("pk", flat=True)[:REDRIVE_MOST])
