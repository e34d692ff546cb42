"""`POST analysis/request`."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api import idempotency
from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE
from heimdall_project.api.request_id import current

from ..serializers import AcceptedSerializer, JobRequestSerializer
from ..services import Submitted, job_submit
from . import examples
from .caller import caller


class RequestView(APIView):
    """Ask for an analysis."""

    permission_classes = (requires("jobs.add_analysisjob"),)

    @extend_schema(
        operation_id="analysis_request",
        summary="Ask for the analysis of a log",
        description=(
            "Stores a job and answers at once. The log is either an existing entry (`log_id`) or sent along "
            "(`log_content`, `service_name`, `environment`). The job and its event are one transaction: an "
            "accepted job is carried out also if Kafka is down at this moment."
        ),
        tags=["analysis"],
        parameters=[
            OpenApiParameter(
                idempotency.HEADER,
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description=(
                    "The same key with the same body gives the same job again (200, with the header "
                    f"{idempotency.REPLAYED}: true); with another body it is refused (422)."
                ),
            )
        ],
        request=JobRequestSerializer,
        responses={
            202: OpenApiResponse(AcceptedSerializer, "Accepted.", [examples.ACCEPTED]),
            200: OpenApiResponse(
                AcceptedSerializer,
                "Accepted earlier under the same Idempotency-Key.",
                [examples.ACCEPTED_BEFORE],
            ),
            (404, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "There is no such log entry."),
            (422, CONTENT_TYPE): OpenApiResponse(
                PROBLEM_REFERENCE, "The Idempotency-Key came before with another body."
            ),
        },
        examples=[examples.REQUEST_WITH_LOG, examples.REQUEST_BY_ID],
    )
    def post(self, request: Request) -> Response:
        """Accept a job."""
        key = idempotency.key_of(request)
        serializer = JobRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        submitted = job_submit(
            owner=caller(request),
            request=serializer.request(correlation_id=current(request)),
            idempotency_key=key or "",
            body_hash=idempotency.body_hash(request.data) if key else "",
        )
        return _answer(submitted)


def _answer(submitted: Submitted) -> Response:
    job, replayed = submitted.job, submitted.replayed
    verb = "was accepted before" if replayed else "was accepted"
    body = {
        "analysis_id": job.pk,
        "request_id": job.request_id,
        "status": "ACCEPTED",
        "message": f"The analysis {verb}; its result will stand at /api/v1/analysis/result/{job.pk}.",
    }
    headers = {idempotency.REPLAYED: "true"} if replayed else {}
    return Response(AcceptedSerializer(body).data, status=200 if replayed else 202, headers=headers)
