"""Deciding about dead letters."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from ..serializers import (
    ApprovedManySerializer,
    ApproveManySerializer,
    BatchDetailSerializer,
    DlqReasonSerializer,
    LetterDetailSerializer,
    approved_body,
    batch_body,
)
from ..services import (
    letter_approve,
    letter_discard,
    letter_reprocess,
    letters_approve,
    progress_of,
)
from . import examples
from .caller import caller

SEES = "dlq_admin.view_deadletter"
TOO_LATE = OpenApiResponse(PROBLEM_REFERENCE, "Its state, its origin or a batch does not allow it.")


def valid(serializer: Serializer[Any]) -> dict[str, Any]:
    """The values of a request. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


class LetterApproveView(APIView):
    """Agree that a letter is sent again."""

    permission_classes = (requires(SEES, "dlq_admin.approve_redrive"),)

    @extend_schema(
        operation_id="dlq_approve",
        summary="Approve that a dead letter is sent again",
        description="By another person then (`dlq/{id}/reprocess`): whoever approves does not send.",
        tags=["dead letters"],
        request=DlqReasonSerializer,
        responses={200: LetterDetailSerializer, (409, CONTENT_TYPE): TOO_LATE},
        examples=[examples.REASON, examples.LETTER_DETAIL],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Approve it."""
        reason = valid(DlqReasonSerializer(data=request.data))["reason"]
        letter = letter_approve(letter_id=pk, actor=caller(request), reason=reason)
        return Response(LetterDetailSerializer(letter).data)


class LettersApproveView(APIView):
    """Agree for several."""

    permission_classes = (requires(SEES, "dlq_admin.approve_redrive"),)

    @extend_schema(
        operation_id="dlq_approve_many",
        summary="Approve that several dead letters are sent again",
        description="Each for itself: what is wrong with one is told for that one in `refused`.",
        tags=["dead letters"],
        request=ApproveManySerializer,
        responses={200: ApprovedManySerializer},
        examples=[examples.APPROVE_MANY, examples.APPROVED_MANY],
    )
    def post(self, request: Request) -> Response:
        """Approve them."""
        asked = valid(ApproveManySerializer(data=request.data))
        decided = letters_approve(letter_ids=asked["ids"], actor=caller(request), reason=asked["reason"])
        return Response(ApprovedManySerializer(approved_body(decided)).data)


class LetterDiscardView(APIView):
    """Decide that a letter is not needed."""

    permission_classes = (requires(SEES, "dlq_admin.discard_deadletter"),)

    @extend_schema(
        operation_id="dlq_discard",
        summary="Discard a dead letter",
        description="It is never sent again. Its row and its bytes stay.",
        tags=["dead letters"],
        request=DlqReasonSerializer,
        responses={200: LetterDetailSerializer, (409, CONTENT_TYPE): TOO_LATE},
        examples=[examples.REASON, examples.LETTER_DETAIL],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Discard it."""
        reason = valid(DlqReasonSerializer(data=request.data))["reason"]
        letter = letter_discard(letter_id=pk, actor=caller(request), reason=reason)
        return Response(LetterDetailSerializer(letter).data)


class LetterReprocessView(APIView):
    """Send a letter again."""

    permission_classes = (requires(SEES, "dlq_admin.propose_redrive"),)

    @extend_schema(
        operation_id="dlq_reprocess",
        summary="Send an approved dead letter again",
        description="A batch of one. Not by the person who approved it.",
        tags=["dead letters"],
        request=DlqReasonSerializer,
        responses={
            202: OpenApiResponse(BatchDetailSerializer, "It will be sent.", [examples.BATCH_DETAIL]),
            (409, CONTENT_TYPE): TOO_LATE,
        },
        examples=[examples.REASON],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Send it."""
        reason = valid(DlqReasonSerializer(data=request.data))["reason"]
        batch = letter_reprocess(letter_id=pk, actor=caller(request), reason=reason)
        return Response(batch_body(batch, progress_of(batch)), status=202)
