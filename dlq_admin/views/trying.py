"""Dry runs, and what a change would make of letters."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE
from heimdall_project.streams import transforms

from ..serializers import (
    CompareLettersSerializer,
    ComparisonPageSerializer,
    ComparisonSerializer,
    DryRunPageSerializer,
    TransformSerializer,
    TrialSerializer,
    TryLettersSerializer,
    comparison_body,
    transform_body,
    trial_body,
)
from ..services import SHOWN_MOST, TRIED_MOST, batch_compare, batch_try, letters_compare, letters_try
from . import examples
from .acts import valid
from .batches import PROPOSES, chosen_ids
from .batches import SEES as SEES_BATCHES
from .caller import NOT_KEPT, caller

SEES, READS = "dlq_admin.view_deadletter", "dlq_admin.read_payload"
NONE = OpenApiResponse(PROBLEM_REFERENCE, "No letters, too many, or no such transform.")


class BatchDryRunView(APIView):
    """What would become of a batch."""

    permission_classes = (requires(SEES_BATCHES),)

    @extend_schema(
        operation_id="dlq_batches_dry_run",
        summary="What would become of the letters of a batch, page by page",
        description=(
            "For each letter: whether it would be sent, whether what is sent fits the contract that its "
            "consumer reads now, and each path that does not; for each topic: whether it is there, and who "
            "reads it. Nothing is sent."
        ),
        tags=["dead letters"],
        parameters=[DryRunPageSerializer],
        responses={200: TrialSerializer},
        examples=[examples.TRIAL],
    )
    def get(self, request: Request, pk: int) -> Response:
        """A page."""
        page = valid(DryRunPageSerializer(data=dict(request.query_params.items())))
        return Response(trial_body(batch_try(batch_id=pk, after=page["after"], most=page["limit"])))


class LettersDryRunView(APIView):
    """What would become of letters."""

    permission_classes = (requires(SEES, PROPOSES),)

    @extend_schema(
        operation_id="dlq_dry_run",
        summary="What would become of dead letters if they were sent",
        description=(
            f"Before a batch is proposed: of up to {TRIED_MOST} letters, or the oldest that fit the filters; "
            "with a `transform`, of what that makes of them."
        ),
        tags=["dead letters"],
        request=TryLettersSerializer,
        responses={200: TrialSerializer, (422, CONTENT_TYPE): NONE},
        examples=[examples.TRY_LETTERS, examples.TRIAL],
    )
    def post(self, request: Request) -> Response:
        """All of them."""
        asked = valid(TryLettersSerializer(data=request.data))
        ids = chosen_ids(asked, most=TRIED_MOST)
        return Response(
            trial_body(letters_try(letter_ids=ids, actor=caller(request), transform=asked["transform"]))
        )


class BatchPreviewView(APIView):
    """What would be sent."""

    permission_classes = (requires(SEES_BATCHES, READS),)

    @extend_schema(
        operation_id="dlq_batches_preview",
        summary="What the letters of a batch hold and what would be sent, page by page",
        description="Every look is written into the audit trail; masked as at `dlq/{id}/payload`.",
        tags=["dead letters"],
        parameters=[ComparisonPageSerializer],
        responses={200: ComparisonSerializer},
        examples=[examples.COMPARISON],
    )
    def get(self, request: Request, pk: int) -> Response:
        """A page."""
        page = valid(ComparisonPageSerializer(data=dict(request.query_params.items())))
        comparison = batch_compare(
            batch_id=pk, actor=caller(request), after=page["after"], most=page["limit"]
        )
        return Response(comparison_body(comparison), headers=NOT_KEPT)


class LettersPreviewView(APIView):
    """What a transform would make of letters."""

    permission_classes = (requires(SEES, READS),)

    @extend_schema(
        operation_id="dlq_preview",
        summary="What a transform would make of dead letters",
        description=f"Of up to {SHOWN_MOST} letters. Every look is written into the audit trail.",
        tags=["dead letters"],
        request=CompareLettersSerializer,
        responses={200: ComparisonSerializer, (422, CONTENT_TYPE): NONE},
        examples=[examples.COMPARE_LETTERS, examples.COMPARISON],
    )
    def post(self, request: Request) -> Response:
        """All of them."""
        asked = valid(CompareLettersSerializer(data=request.data))
        ids = chosen_ids(asked, most=SHOWN_MOST)
        comparison = letters_compare(letter_ids=ids, actor=caller(request), transform=asked["transform"])
        return Response(comparison_body(comparison), headers=NOT_KEPT)


class TransformListView(APIView):
    """What there is to choose."""

    permission_classes = (requires(SEES),)

    @extend_schema(
        operation_id="dlq_transforms",
        summary="Registered transforms",
        description="Reviewed code with a version; a batch may apply one to all of its letters.",
        tags=["dead letters"],
        responses={200: TransformSerializer(many=True)},
        examples=[examples.TRANSFORM],
    )
    def get(self, request: Request) -> Response:
        """All of them."""
        offered = [transform_body(each) for each in transforms.offered()]
        return Response(TransformSerializer(offered, many=True).data)
