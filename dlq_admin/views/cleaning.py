"""Cleaning up."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from ..serializers import CleanedSerializer, CleanUpSerializer
from ..services import letters_clean_up
from . import examples
from .acts import valid
from .caller import caller


class LettersCleanUpView(APIView):
    """Delete what is old."""

    permission_classes = (requires("dlq_admin.view_deadletter", "dlq_admin.cleanup_deadletter"),)

    @extend_schema(
        operation_id="dlq_cleanup",
        summary="Delete old dead letters, or their bytes",
        description=(
            "Of closed letters (resolved, discarded), by when they were closed; `dlq-cleanup` does this by "
            "itself once their retention is over. Letters about which nobody has decided go only if that is "
            "asked for in words; those that are approved, in a batch or under way never do."
        ),
        tags=["dead letters"],
        request=CleanUpSerializer,
        responses={
            200: CleanedSerializer,
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "It was not asked for in words."),
        },
        examples=[examples.CLEAN_UP, examples.CLEANED],
    )
    def post(self, request: Request) -> Response:
        """Delete, or count."""
        serializer = CleanUpSerializer(data=request.data)
        asked = valid(serializer)
        cleaned = letters_clean_up(
            actor=caller(request),
            reason=asked["reason"],
            bounds=serializer.bounds(),
            dry_run=asked["dry_run"],
            in_words=asked["in_words"],
        )
        body = {
            "dry_run": asked["dry_run"],
            "payloads": cleaned.payloads,
            "rows": cleaned.rows,
            "more": cleaned.more,
        }
        return Response(CleanedSerializer(body).data)
