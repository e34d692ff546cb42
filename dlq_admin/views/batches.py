"""Redrive batches."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.permissions import ensure, requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from .. import selectors
from ..filters import BatchFilter, filtered_letters
from ..models import BatchItem, RedriveBatch
from ..serializers import (
    BatchDetailSerializer,
    BatchItemSerializer,
    BatchSerializer,
    ChosenSerializer,
    NewBatchSerializer,
    ReprocessedSerializer,
    batch_body,
    reprocessed_body,
)
from ..services import (
    BATCH_MOST,
    batch_propose,
    batch_seen,
    letters_reprocess,
    progress_of,
)
from . import examples
from .acts import valid
from .caller import caller

SEES = "dlq_admin.view_redrivebatch"
PROPOSES, APPROVES = "dlq_admin.propose_redrive", "dlq_admin.approve_redrive"


def chosen_ids(asked: dict[str, Any], *, most: int) -> list[int]:
    """The letters that a request names by `ids`, or the oldest that its `filters` let through."""
    ids: list[int] | None = asked.get("ids")
    if ids is None:
        ids = selectors.letters_oldest(filtered_letters(asked["filters"]), most=most)
    return ids


def shown(batch: RedriveBatch, status: int = 200) -> Response:
    """A batch with its progress."""
    return Response(batch_body(batch, progress_of(batch)), status=status)


class BatchListView(ListAPIView[RedriveBatch]):
    """Batches, newest first; and a new one."""

    queryset = RedriveBatch.objects.none()  # for the OpenAPI document
    permission_classes = (requires(SEES),)
    serializer_class = BatchSerializer
    filterset_class = BatchFilter
    orderings = ("-proposed_at", "proposed_at")

    def get_queryset(self) -> QuerySet[RedriveBatch]:
        """All of them."""
        return selectors.batches_listed()

    @extend_schema(
        operation_id="dlq_batches_list",
        summary="Redrive batches, newest first",
        tags=["dead letters"],
        examples=[examples.BATCH],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of batches."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="dlq_batches_propose",
        summary="Propose that dead letters are sent again",
        description=(
            "Letters by `ids`, or by the same `filters` as the list has. The set is frozen: those of them "
            "that can be sent again now, each at its attempt and with its bytes, or with what a `transform` "
            "makes of them. Another person approves it by its `set_hash`."
        ),
        tags=["dead letters"],
        request=NewBatchSerializer,
        responses={
            201: OpenApiResponse(BatchDetailSerializer, "It waits for approval.", [examples.BATCH_DETAIL]),
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "None of them can be sent again."),
        },
        examples=[examples.NEW_BATCH, examples.NEW_CHANGED_BATCH],
    )
    def post(self, request: Request) -> Response:
        """Freeze a set."""
        ensure(request, PROPOSES)
        serializer = NewBatchSerializer(data=request.data)
        asked = valid(serializer)
        batch = batch_propose(
            letter_ids=chosen_ids(asked, most=BATCH_MOST),
            actor=caller(request),
            reason=asked["reason"],
            pace=serializer.pace(),
            transform=asked["transform"],
        )
        return shown(batch, 201)


class BatchDetailView(APIView):
    """One batch."""

    permission_classes = (requires(SEES),)

    @extend_schema(
        operation_id="dlq_batches_get",
        summary="One redrive batch with its progress",
        tags=["dead letters"],
        responses={200: BatchDetailSerializer},
        examples=[examples.BATCH_DETAIL],
    )
    def get(self, request: Request, pk: int) -> Response:
        """It, and where its letters stand."""
        return shown(batch_seen(batch_id=pk))


class BatchItemsView(ListAPIView[BatchItem]):
    """What became of each letter."""

    queryset = BatchItem.objects.none()  # for the OpenAPI document
    permission_classes = (requires(SEES),)
    serializer_class = BatchItemSerializer
    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="dlq_batches_items",
        summary="What became of each letter of a batch",
        description="The first 1,000 of those that did not end well come first.",
        tags=["dead letters"],
        responses={200: BatchItemSerializer(many=True)},
        examples=[examples.BATCH_ITEM],
    )
    def get(self, request: Request, pk: int) -> Response:
        """Its items."""
        items = selectors.items_of(batch_seen(batch_id=pk))
        return Response(BatchItemSerializer(items, many=True).data)


class LettersReprocessView(APIView):
    """Send several letters again."""

    permission_classes = (requires("dlq_admin.view_deadletter", PROPOSES),)

    @extend_schema(
        operation_id="dlq_reprocess_many",
        summary="Send several approved dead letters again",
        description=(
            "Letters that other people approved one by one, by `ids` or by `filters`: a batch for each of "
            "these people. What is wrong with one is told for that one in `refused`."
        ),
        tags=["dead letters"],
        request=ChosenSerializer,
        responses={
            202: OpenApiResponse(ReprocessedSerializer, "They will be sent.", [examples.REPROCESSED]),
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "None of them is approved by another."),
        },
        examples=[examples.REPROCESS_MANY],
    )
    def post(self, request: Request) -> Response:
        """Send them."""
        serializer = ChosenSerializer(data=request.data)
        asked = valid(serializer)
        done = letters_reprocess(
            letter_ids=chosen_ids(asked, most=BATCH_MOST),
            actor=caller(request),
            reason=asked["reason"],
            pace=serializer.pace(),
        )
        return Response(reprocessed_body(done), status=202)
