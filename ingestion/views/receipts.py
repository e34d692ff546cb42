"""`GET ingest/receipts/{receipt}`."""

import time
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.filters import refuse_unknown
from heimdall_project.api.permissions import any_of
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE
from heimdall_project.errors import Gone
from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic

from .. import receipts
from ..receipts import Receipt
from ..selectors.receipts import Progress, is_outlived, receipt_progress
from ..serializers.intake import ReceiptSerializer
from . import intake_examples as examples

SENDS, SEES = "ingestion.add_pageview", "ingestion.view_pageview"


class ReceiptView(APIView):
    """What became of the events of a request."""

    permission_classes = (any_of(SENDS, SEES),)

    @extend_schema(
        operation_id="ingest_receipt",
        summary="What became of accepted events",
        description=(
            "By the cursor of the writer: what it has passed is stored, unless it became a dead letter. A "
            "receipt is no secret and no row: it names places in Kafka, signed, and is good for as long as "
            "Kafka keeps them. Events that are in several receipts, because they were sent again, are "
            "counted in each."
        ),
        tags=["ingest"],
        parameters=[
            OpenApiParameter(
                "receipt", OpenApiTypes.STR, OpenApiParameter.PATH, description="As it was answered."
            )
        ],
        responses={
            200: OpenApiResponse(ReceiptSerializer, "", examples.RECEIPTS),
            (410, CONTENT_TYPE): OpenApiResponse(
                PROBLEM_REFERENCE, "Older than its topic is, or keeps events."
            ),
        },
    )
    def get(self, request: Request, receipt: str) -> Response:
        """Look it up."""
        refuse_unknown(request.query_params, set())
        lifetime = topics.spec(Topic.PAGE_VIEWS).retention_ms / 1000
        told = receipts.read(receipt, now=time.time(), lifetime=lifetime)
        if is_outlived(told):
            raise Gone("The topic of this receipt was deleted and made anew since.")
        return Response(ReceiptSerializer(_body(told, receipt_progress(told))).data)


def _body(receipt: Receipt, progress: Progress) -> dict[str, Any]:
    in_flight = progress.events - progress.passed
    return {
        "topic": receipt.topic,
        "issued_at": datetime.fromtimestamp(receipt.issued_at, UTC),
        "events": progress.events,
        "stored": progress.stored,
        "dead_lettered": progress.dead_lettered,
        "in_flight": in_flight,
        "parts": progress.parts,
        "message": _sentence(progress, in_flight),
    }


def _sentence(progress: Progress, in_flight: int) -> str:
    if progress.dead_lettered is None:
        return (
            "The writer has passed some of them. Records of that time became dead letters; whether these are "
            "among them could not be found out."
        )
    if in_flight:
        return f"{in_flight} of {progress.events} wait for the writer."
    if progress.dead_lettered:
        return f"{progress.dead_lettered} of {progress.events} became dead letters; the others are stored."
    return "All of them are stored."
