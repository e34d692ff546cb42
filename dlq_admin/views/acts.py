"""Deciding about dead letters."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from ..models import DeadLetter
from ..serializers import (
    ApprovedManySerializer,
    ApproveManySerializer,
    BatchDetailSerializer,
    DlqReasonSerializer,
    EditSerializer,
    LetterDetailSerializer,
    approved_body,
    batch_body,
)
from ..services import (
    letter_approve,
    letter_discard,
    letter_edit,
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


class _Deciding(APIView):
    """An act on one letter that needs a reason."""

    act: ClassVar[Callable[..., DeadLetter]]

    def decide(self, request: Request, pk: int) -> Response:
        """Do it."""
        reason = valid(DlqReasonSerializer(data=request.data))["reason"]
        letter = type(self).act(letter_id=pk, actor=caller(request), reason=reason)
        return Response(LetterDetailSerializer(letter).data)


def _described(name: str, summary: str, description: str) -> Callable[[Any], Any]:
    return extend_schema(
        operation_id=f"dlq_{name}",
        summary=summary,
        description=description,
        tags=["dead letters"],
        request=DlqReasonSerializer,
        responses={200: LetterDetailSerializer, (409, CONTENT_TYPE): TOO_LATE},
        examples=[examples.REASON, examples.LETTER_DETAIL],
    )


class LetterApproveView(_Deciding):
    """Agree that a letter is sent again."""

    permission_classes = (requires(SEES, "dlq_admin.approve_redrive"),)
    act = staticmethod(letter_approve)

    @_described(
        "approve",
        "Approve that a dead letter is sent again",
        "By another person then (`dlq/{id}/reprocess`): whoever approves does not send.",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Approve it."""
        return self.decide(request, pk)


class LetterDiscardView(_Deciding):
    """Decide that a letter is not needed."""

    permission_classes = (requires(SEES, "dlq_admin.discard_deadletter"),)
    act = staticmethod(letter_discard)

    @_described("discard", "Discard a dead letter", "It is never sent again. Its row and its bytes stay.")
    def post(self, request: Request, pk: int) -> Response:
        """Discard it."""
        return self.decide(request, pk)


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


class LetterEditView(APIView):
    """Propose other bytes for a letter."""

    permission_classes = (requires(SEES, "dlq_admin.propose_redrive", "dlq_admin.read_payload"),)

    @extend_schema(
        operation_id="dlq_edit",
        summary="Propose that a dead letter is sent with other bytes",
        description=(
            "A batch of one, for another person to approve by its `set_hash`, which covers the new bytes. "
            "The letter keeps its own for ever. They must fit the contract that its consumer reads now. "
            "Who sees only masked bytes cannot edit a letter that holds secrets: the mask would be sent."
        ),
        tags=["dead letters"],
        request=EditSerializer,
        responses={
            201: OpenApiResponse(BatchDetailSerializer, "It waits for approval.", [examples.BATCH_DETAIL]),
            (409, CONTENT_TYPE): TOO_LATE,
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "It does not fit the contract."),
        },
        examples=[examples.EDIT],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Propose it."""
        asked = valid(EditSerializer(data=request.data))
        batch = letter_edit(letter_id=pk, value=asked["bytes"], actor=caller(request), reason=asked["reason"])
        return Response(batch_body(batch, progress_of(batch)), status=201)
