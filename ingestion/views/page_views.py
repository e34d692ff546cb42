"""Reading page views: figures, one event, all of a range as a file."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api import export
from heimdall_project.api.filters import refuse_unknown
from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE
from heimdall_project.errors import NotFound, Refused, Unprocessable
from heimdall_project.streams import ledger
from heimdall_project.streams.topics import Topic

from ..reading import events, ranges, session, stats
from ..serializers.page_views import (
    TYPES,
    EventFoundSerializer,
    PageViewStatsSerializer,
    RangeQuerySerializer,
    StatsQuerySerializer,
    found_body,
    stats_body,
)
from . import reading_examples as examples

RIGHT = "ingestion.view_pageview"
MOST_ROWS = 1_000_000
MOST_ID = 64
_TOO_MUCH = OpenApiResponse(PROBLEM_REFERENCE, "More than one answer may take: narrow the window.")
_FOUND: dict[str, Any] = {
    "responses": {200: EventFoundSerializer, (422, CONTENT_TYPE): _TOO_MUCH},
    "examples": [examples.EVENT, examples.EVENT_IN_CONFLICT],
}


class StatsView(APIView):
    """Figures."""

    permission_classes = [requires(RIGHT)]

    @extend_schema(
        operation_id="ingest_stats",
        summary="How many events occurred",
        description=(
            "By step of time, by type and by content, of events with `occurred_at` in [from, to). Exact: an "
            "event counts once, however often it came in. Of an id that came with different bodies, that one "
            "counts which the broker accepted first among those in the window; `conflicts` says how many "
            "such ids there are."
        ),
        tags=["ingestion"],
        parameters=[StatsQuerySerializer],
        responses={200: PageViewStatsSerializer, (422, CONTENT_TYPE): _TOO_MUCH},
        examples=[examples.STATS],
    )
    def get(self, request: Request) -> Response:
        """The figures."""
        asked = StatsQuerySerializer(data=dict(request.query_params.items()))
        asked.is_valid(raise_exception=True)
        facts = asked.validated_data
        found = stats.stats_read(
            session.question(),
            since=facts["from"],
            until=facts["to"],
            step=facts["step"],
            top=facts["top"],
            types=TYPES,
        )
        return Response(stats_body(found, facts))


class EventView(APIView):
    """Where one event is."""

    permission_classes = [requires(RIGHT)]

    @extend_schema(
        operation_id="ingest_event",
        summary="Where an event is",
        description=(
            "Topic, partition and offset of every record that brought it, when the broker accepted them and "
            "when it was stored; what readers see is the copy that the broker accepted first. 404 says how "
            "many records are still in flight."
        ),
        tags=["ingestion"],
        parameters=[OpenApiParameter("event_id", OpenApiTypes.STR, OpenApiParameter.PATH)],
        **_FOUND,
    )
    def get(self, request: Request, event_id: str) -> Response:
        """The event."""
        refuse_unknown(request.query_params, set())
        return event_found(event_id)


EVENT_BY_QUERY: dict[str, Any] = {
    "operation_id": "ingest_event_by_query",
    "summary": "Where an event is, by query",
    "description": (
        "As `ingest/events/{event_id}`, for any id: `batch` is an address of its own there, addresses hold "
        "no line breaks, and clients take `.` and `..` out of them before they ask."
    ),
    "tags": ["ingestion"],
    "parameters": [OpenApiParameter("event_id", OpenApiTypes.STR, required=True)],
    **_FOUND,
    "responses": {
        **_FOUND["responses"],
        (404, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "It is not stored; `detail` says more."),
    },
}


def event_found(event_id: str) -> Response:
    """Where an event is. Raises Refused, NotFound, Unprocessable, TransientError."""
    if not 0 < len(event_id) <= MOST_ID:
        raise Refused("There is no such id.", errors={"event_id": f"It has 1 to {MOST_ID} characters."})
    found = events.event_find(session.question(), event_id)
    if found is None:
        raise NotFound(f"No event with this id is stored. {_in_flight()}")
    return Response(found_body(found))


def _in_flight() -> str:
    topic = Topic.PAGE_VIEWS.value
    balance = ledger.ledger_balance(pair=ledger.Pair(topic, next(iter(ledger.groups_of(topic)), "")))
    if balance.in_flight is None:
        return "Whether it is still in flight is not known: the broker does not answer."
    if balance.in_flight == 0:
        return "Nothing is in flight: it did not come in, or it was refused and is among the dead letters."
    return (
        f"{balance.in_flight:,} accepted records are in flight, and it may be one of them: ask again in a "
        "moment, or ask for its receipt."
    )


class ExportView(APIView):
    """Events of a range as a file."""

    permission_classes = [requires(RIGHT)]
    renderer_classes = export.FORMATS
    content_negotiation_class = export.ByParameter

    @extend_schema(
        operation_id="ingest_export",
        summary="Events of a range of time as a file",
        description=(
            "Each event once, as the copy that the broker accepted first, in no order. CSV by default "
            "(UTF-8; cells that a spreadsheet would take for a formula begin with an apostrophe), or "
            f"`format=json`: an object a line. {MOST_ROWS:,} events at most. `{export.ROWS_HEADER}` tells "
            "how many there were when the file was begun; more may come meanwhile."
        ),
        tags=["ingestion"],
        parameters=[
            RangeQuerySerializer,
            OpenApiParameter("format", OpenApiTypes.STR, enum=["csv", "json"], description="csv by default."),
        ],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (422, CONTENT_TYPE): _TOO_MUCH,
        },
        examples=examples.EVENTS_EXPORT,
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """The file."""
        given = {name: value for name, value in request.query_params.items() if name != "format"}
        asked = RangeQuerySerializer(data=given)
        asked.is_valid(raise_exception=True)
        by, since, until = (asked.validated_data[name] for name in ("by", "from", "to"))
        reading = session.long_question(export.MOST_SECONDS)
        number = ranges.range_count(reading, by=by, since=since, until=until)
        if number > MOST_ROWS:
            raise Unprocessable(
                f"{number:,} events fit, more than a file may have.",
                errors={"from": f"Narrow the window with from and to to {MOST_ROWS:,}."},
            )
        rows = ranges.range_rows(reading, by=by, since=since, until=until, seconds=export.MOST_SECONDS)
        kind = request.accepted_renderer.format or ""
        return export.respond(rows, columns=ranges.COLUMNS, name="page-views", kind=kind, number=number)
