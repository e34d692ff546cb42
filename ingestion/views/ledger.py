"""`GET ingest/ledger`: what became of every record; and the same as a file."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from heimdall_project.api import export, pagination
from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE
from heimdall_project.streams import ledger

from ..serializers.ledger import (
    LedgerQuerySerializer,
    LedgerSerializer,
    LedgerWindowSerializer,
    ledger_body,
)
from . import reading_examples as examples

RIGHT = "streams.view_ledgerentry"
MOST_ROWS = 200_000
_COLUMNS = ("minute", "topic", "partition", "group", "source", "outcome", "rule", "count")


class LedgerView(APIView):
    """Outcomes by minute, and what is in flight."""

    permission_classes = [requires(RIGHT)]

    @extend_schema(
        operation_id="ingest_ledger",
        summary="What became of every record of a topic",
        description=(
            "By minute of the broker's time and by source. What was accepted is measured by its "
            "offsets, what became of it is counted with the cursor in one transaction, and what is in flight "
            "is the end of each partition minus its cursor: none of them is computed from the others. If the "
            "broker does not answer, the rest still does: `broker` says so."
        ),
        tags=["ingestion"],
        parameters=[LedgerQuerySerializer],
        responses={200: LedgerSerializer},
        examples=[examples.LEDGER, examples.LEDGER_ALONE],
    )
    def get(self, request: Request) -> Response:
        """One page of minutes."""
        asked = LedgerQuerySerializer(data=dict(request.query_params.items()))
        asked.is_valid(raise_exception=True)
        facts = asked.validated_data
        pair, since, until = facts["pair"], facts["from"], facts["to"]
        balance = ledger.ledger_balance(pair=pair)
        body = ledger_body(
            pair=pair,
            since=since,
            until=until,
            balance=balance,
            totals=ledger.ledger_totals(pair=pair, since=since, until=until),
            steps=ledger.ledger_steps(pair=pair, since=facts["begin"], until=facts["end"], balance=balance),
            link=_link(request, facts),
        )
        return Response(body)


def _link(request: Request, facts: dict[str, Any]) -> str | None:
    """The address of the minutes before; with the window that was meant, which later would be another."""
    if facts["following"] is None:
        return None
    url = request.build_absolute_uri()
    for name, value in (("from", facts["from"].isoformat()), ("to", facts["to"].isoformat())):
        url = replace_query_param(url, name, value)
    return replace_query_param(url, "cursor", pagination.encode(facts["following"]))


class LedgerExportView(APIView):
    """Rows of the ledger as a file."""

    permission_classes = [requires(RIGHT)]
    renderer_classes = export.FORMATS
    content_negotiation_class = export.ByParameter

    @extend_schema(
        operation_id="ingest_ledger_export",
        summary="The ledger as a file",
        description=(
            "Its rows as they are kept: minute, partition, source, outcome, rule, count; in order of time. "
            f"CSV by default, or `format=json`: an object a line. {MOST_ROWS:,} rows at most. "
            f"`{export.ROWS_HEADER}` tells how many rows the whole file has."
        ),
        tags=["ingestion"],
        parameters=[
            LedgerWindowSerializer,
            OpenApiParameter("format", OpenApiTypes.STR, enum=["csv", "json"], description="csv by default."),
        ],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "More rows fit than a file may have."),
        },
        examples=examples.LEDGER_EXPORT,
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """The file."""
        given = {name: value for name, value in request.query_params.items() if name != "format"}
        asked = LedgerWindowSerializer(data=given)
        asked.is_valid(raise_exception=True)
        facts = asked.validated_data
        rows = ledger.ledger_entries(pair=facts["pair"], since=facts["from"], until=facts["to"])
        ordered = rows.order_by("minute", "partition", "source", "outcome", "rule").values_list(*_COLUMNS)
        kind = request.accepted_renderer.format or ""
        return export.export(
            ordered, columns=_COLUMNS, name="ledger", kind=kind, most=MOST_ROWS, window=("from", "to")
        )
