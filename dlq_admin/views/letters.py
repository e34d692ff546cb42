"""Reading dead letters: list, detail, bytes, history."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.pagination import KeysetPagination
from heimdall_project.api.permissions import requires

from .. import selectors
from ..filters import LetterFilter
from ..models import DeadLetter, LetterQuerySet
from ..serializers import (
    HistorySerializer,
    LetterDetailSerializer,
    LetterSerializer,
    PayloadSerializer,
    payload_body,
)
from ..services import payload_read
from . import examples
from .caller import NOT_KEPT, caller

SEES = requires("dlq_admin.view_deadletter")
READS = requires("dlq_admin.view_deadletter", "dlq_admin.read_payload")


class LetterPagination(KeysetPagination):
    """Pages of letters, found by the first of each cause where there are few causes."""

    def _head(self, queryset: QuerySet[Any], order: Any, most: int) -> list[Any]:
        return cast(LetterQuerySet, queryset).head(order, most)


class LetterListView(ListAPIView[DeadLetter]):
    """Dead letters, the latest failure first."""

    queryset = DeadLetter.objects.none()  # for the OpenAPI document
    permission_classes = (SEES,)
    serializer_class = LetterSerializer
    filterset_class = LetterFilter
    pagination_class = LetterPagination
    orderings = ("-failed_at", "failed_at")

    def get_queryset(self) -> QuerySet[DeadLetter]:
        """All of them."""
        return selectors.letters_listed()

    @extend_schema(
        operation_id="dlq_list",
        summary="Dead letters, the latest failure first",
        description="Of every dead-letter topic, whoever wrote them. Bytes stand at `dlq/{id}/payload`.",
        tags=["dead letters"],
        examples=[examples.LETTER],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of dead letters."""
        return super().get(request, *args, **kwargs)


class LetterDetailView(APIView):
    """One dead letter."""

    permission_classes = (SEES,)

    @extend_schema(
        operation_id="dlq_get",
        summary="One dead letter",
        tags=["dead letters"],
        responses={200: LetterDetailSerializer},
        examples=[examples.LETTER_DETAIL],
    )
    def get(self, request: Request, pk: int) -> Response:
        """All that is known of it, but its bytes."""
        return Response(LetterDetailSerializer(selectors.letter_seen(letter_id=pk)).data)


class LetterPayloadView(APIView):
    """The bytes of a dead letter."""

    permission_classes = (READS,)

    @extend_schema(
        operation_id="dlq_payload",
        summary="The bytes of a dead letter",
        description=(
            "Key, value and headers as they came. Every look is written into the audit trail. Secrets and "
            "personal data are masked, and bytes that are no text hidden, unless you have the right "
            "`dlq_admin.read_secrets`."
        ),
        tags=["dead letters"],
        responses={200: PayloadSerializer},
        examples=[examples.PAYLOAD, examples.PAYLOAD_PLAIN],
    )
    def get(self, request: Request, pk: int) -> Response:
        """Its bytes."""
        payload = payload_read(letter_id=pk, actor=caller(request))
        return Response(PayloadSerializer(payload_body(payload)).data, headers=NOT_KEPT)


class LetterHistoryView(APIView):
    """All that happened to a dead letter."""

    permission_classes = (SEES,)

    @extend_schema(
        operation_id="dlq_history",
        summary="All that happened to a dead letter, in order",
        tags=["dead letters"],
        responses={200: HistorySerializer(many=True)},
        examples=[examples.HISTORY],
    )
    def get(self, request: Request, pk: int) -> Response:
        """The lines of its history."""
        lines = selectors.history_of(selectors.letter_seen(letter_id=pk))
        return Response(HistorySerializer(lines, many=True).data)
