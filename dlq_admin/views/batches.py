"""Redrive batches."""

from collections.abc import Callable
from typing import Any, ClassVar

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
    ApproveBatchSerializer,
    BatchDetailSerializer,
    BatchItemSerializer,
    BatchSerializer,
    DlqReasonSerializer,
    NewBatchSerializer,
    batch_body,
)
from ..services import (
    BATCH_MOST,
    batch_approve,
    batch_cancel,
    batch_pause,
    batch_propose,
    batch_reject,
    batch_resume,
    batch_seen,
    progress_of,
)
from . import examples
from .acts import valid
from .caller import caller

SEES = "dlq_admin.view_redrivebatch"
PROPOSES, APPROVES = "dlq_admin.propose_redrive", "dlq_admin.approve_redrive"
CONFLICT = OpenApiResponse(PROBLEM_REFERENCE, "Its state does not allow it, or its set is another one.")


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
            "that can be sent again now, each at its attempt and with its bytes. Another person approves it "
            "by its `set_hash`."
        ),
        tags=["dead letters"],
        request=NewBatchSerializer,
        responses={
            201: OpenApiResponse(BatchDetailSerializer, "It waits for approval.", [examples.BATCH_DETAIL]),
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "None of them can be sent again."),
        },
        examples=[examples.NEW_BATCH],
    )
    def post(self, request: Request) -> Response:
        """Freeze a set."""
        ensure(request, PROPOSES)
        serializer = NewBatchSerializer(data=request.data)
        asked = valid(serializer)
        ids = asked.get("ids")
        if ids is None:
            ids = selectors.letters_oldest(filtered_letters(asked["filters"]), most=BATCH_MOST)
        batch = batch_propose(
            letter_ids=ids, actor=caller(request), reason=asked["reason"], pace=serializer.pace()
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


class BatchApproveView(APIView):
    """Agree to a batch."""

    permission_classes = (requires(SEES, APPROVES),)

    @extend_schema(
        operation_id="dlq_batches_approve",
        summary="Approve a redrive batch",
        description=(
            "Not by the person who proposed it. The approval is for the set that `set_hash` names and for no "
            "other. The batch runs then, unless `needs_second` asks for a third person."
        ),
        tags=["dead letters"],
        request=ApproveBatchSerializer,
        responses={200: BatchDetailSerializer, (409, CONTENT_TYPE): CONFLICT},
        examples=[examples.APPROVE_BATCH, examples.BATCH_DETAIL],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Approve it."""
        asked = valid(ApproveBatchSerializer(data=request.data))
        batch = batch_approve(
            batch_id=pk, actor=caller(request), reason=asked["reason"], set_hash=asked["set_hash"]
        )
        return shown(batch)


class _Steering(APIView):
    """An act on a batch that needs a reason."""

    act: ClassVar[Callable[..., RedriveBatch]]

    def steer(self, request: Request, pk: int) -> Response:
        """Do it."""
        reason = valid(DlqReasonSerializer(data=request.data))["reason"]
        return shown(type(self).act(batch_id=pk, actor=caller(request), reason=reason))


def _described(name: str, summary: str) -> Callable[[Any], Any]:
    return extend_schema(
        operation_id=f"dlq_batches_{name}",
        summary=summary,
        tags=["dead letters"],
        request=DlqReasonSerializer,
        responses={200: BatchDetailSerializer, (409, CONTENT_TYPE): CONFLICT},
        examples=[examples.REASON, examples.BATCH_DETAIL],
    )


class BatchRejectView(_Steering):
    """Do not agree to a batch."""

    permission_classes = (requires(SEES, APPROVES),)
    act = staticmethod(batch_reject)

    @_described("reject", "Reject a redrive batch")
    def post(self, request: Request, pk: int) -> Response:
        """Reject it."""
        return self.steer(request, pk)


class BatchPauseView(_Steering):
    """Hold a batch."""

    permission_classes = (requires(SEES, PROPOSES),)
    act = staticmethod(batch_pause)

    @_described("pause", "Pause a redrive batch")
    def post(self, request: Request, pk: int) -> Response:
        """Pause it."""
        return self.steer(request, pk)


class BatchResumeView(_Steering):
    """Let a batch go on."""

    permission_classes = (requires(SEES, PROPOSES),)
    act = staticmethod(batch_resume)

    @_described("resume", "Let a paused or stopped redrive batch go on")
    def post(self, request: Request, pk: int) -> Response:
        """Resume it."""
        return self.steer(request, pk)


class BatchCancelView(_Steering):
    """End a batch."""

    permission_classes = (requires(SEES, PROPOSES),)
    act = staticmethod(batch_cancel)

    @_described("cancel", "Cancel a redrive batch; what was sent before is still watched")
    def post(self, request: Request, pk: int) -> Response:
        """Cancel it."""
        return self.steer(request, pk)
