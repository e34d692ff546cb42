"""The intake in the OpenAPI document."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from ..serializers.intake import AcceptedBatchSerializer, AcceptedEventSerializer, PageViewSerializer
from . import intake_examples as examples

_DURABILITY = OpenApiParameter(
    "durability",
    OpenApiTypes.STR,
    enum=["kafka", "stored"],
    default="kafka",
    description=(
        "What to wait for: the broker's acknowledgement, or that the writer has stored the events (10 s at "
        "most together; `durability` of the answer says what was reached)."
    ),
)
_BUSY = OpenApiResponse(
    PROBLEM_REFERENCE, "Too much is under way in this process; nothing was stored. See Retry-After."
)
_SLOW = OpenApiResponse(PROBLEM_REFERENCE, "The body was not there in its time; nothing was stored.")
_PACKED = "`Content-Encoding: gzip` is read. The bytes of an event go to Kafka as they came."

EVENT: dict[str, Any] = {
    "operation_id": "ingest_send",
    "summary": "Send one event",
    "description": f"Answered when the broker has acknowledged it. {_PACKED}",
    "tags": ["ingest"],
    "parameters": [_DURABILITY],
    "request": PageViewSerializer,
    "responses": {
        202: OpenApiResponse(AcceptedEventSerializer, "The broker has it.", [examples.ACCEPTED]),
        200: OpenApiResponse(AcceptedEventSerializer, "It is stored, as was asked for.", [examples.STORED]),
        (408, CONTENT_TYPE): _SLOW,
        (429, CONTENT_TYPE): _BUSY,
        (503, CONTENT_TYPE): OpenApiResponse(
            PROBLEM_REFERENCE,
            "Not acknowledged in time (it may be stored: send it again with the same event_id), or not sent "
            "at all; see `detail` and Retry-After.",
            [examples.UNSURE],
        ),
    },
    "examples": [examples.VIEW, examples.DWELL],
}
BATCH: dict[str, Any] = {
    "operation_id": "ingest_send_batch",
    "summary": "Send many events",
    "description": (
        "An array, or an event a line. Each event is checked for itself: those that fit are sent, and "
        "`items` tells of each, with every error's path. 202 where at least one fits and all that fit are "
        f"acknowledged; 422 where none fits; 503 where the request is to be sent again as it is. {_PACKED}"
    ),
    "tags": ["ingest"],
    "parameters": [_DURABILITY],
    "request": {
        "application/json": PageViewSerializer(many=True),
        "application/x-ndjson": OpenApiTypes.STR,
    },
    "responses": {
        202: OpenApiResponse(
            AcceptedBatchSerializer, "The broker has those that fit.", [examples.ACCEPTED_BATCH]
        ),
        200: OpenApiResponse(
            AcceptedBatchSerializer, "They are stored, as was asked for.", [examples.STORED_BATCH]
        ),
        (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "None fits.", [examples.NOTHING_FITS]),
        (408, CONTENT_TYPE): _SLOW,
        (429, CONTENT_TYPE): _BUSY,
        (503, CONTENT_TYPE): OpenApiResponse(
            PROBLEM_REFERENCE,
            "Not every event was acknowledged in time (they may be stored: send the request again with the "
            "same event_ids), or nothing was sent; see `items`, `detail` and Retry-After.",
            [examples.UNSURE_BATCH],
        ),
    },
    "examples": [examples.BATCH, examples.LINES],
}
