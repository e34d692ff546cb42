"""Deciding about batches, and steering them."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.permissions import any_of, requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from ..models import RedriveBatch
from ..serializers import ApproveBatchSerializer, BatchDetailSerializer, DlqReasonSerializer
from ..services import batch_approve, batch_cancel, batch_give_up, batch_pause, batch_reject, batch_resume
from . import examples
from .acts import valid
from .batches import APPROVES, PROPOSES, SEES, shown
from .caller import caller

BREAKS = "dlq_admin.break_glass"
CONFLICT = OpenApiResponse(PROBLEM_REFERENCE, "Its state does not allow it, or its set is another one.")


class BatchApproveView(APIView):
    """Agree to a batch."""

    permission_classes = (requires(SEES), any_of(APPROVES, BREAKS))

    @extend_schema(
        operation_id="dlq_batches_approve",
        summary="Approve a redrive batch",
        description=(
            "Not by the person who proposed it. The approval is for the set that `set_hash` names and for no "
            "other. The batch runs then, unless `needs_second` asks for a third person. With `break_glass` "
            "it is one's own, where DLQ_BREAK_GLASS allows that to whoever has `dlq_admin.break_glass`."
        ),
        tags=["dead letters"],
        request=ApproveBatchSerializer,
        responses={200: BatchDetailSerializer, (409, CONTENT_TYPE): CONFLICT},
        examples=[examples.APPROVE_BATCH, examples.BREAK_GLASS, examples.BATCH_DETAIL],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Approve it."""
        asked = valid(ApproveBatchSerializer(data=request.data))
        batch = batch_approve(batch_id=pk, actor=caller(request), **asked)
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


class BatchGiveUpView(_Steering):
    """Wait no longer."""

    permission_classes = (requires(SEES, PROPOSES),)
    act = staticmethod(batch_give_up)

    @_described("give_up", "Give up what a cancelled batch sent and nobody said how it ended")
    def post(self, request: Request, pk: int) -> Response:
        """Give it up."""
        return self.steer(request, pk)
