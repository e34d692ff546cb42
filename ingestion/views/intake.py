"""`POST ingest/events` and `POST ingest/events/batch`; `GET ingest/events` is `page_views.event_found`.

The body is read as bytes and not by the REST framework: what goes to Kafka are the bytes that came. Callers
whose credentials were right a moment ago come by the express lane (`heimdall_project.api.express`), everybody
else through the views; both end in `_answer`.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.express import remember
from heimdall_project.api.filters import refuse_unknown
from heimdall_project.api.permissions import requires
from heimdall_project.api.reception import received_at
from heimdall_project.api.request_id import current
from heimdall_project.errors import Refused, UnsupportedMedia
from heimdall_project.streams.intake import intake

from ..intake import Splitter, event_in, events_in, unpacked
from ..services.durability import events_await_stored
from ..services.intake import Status, events_accept
from . import intake_document as document
from .answers import Answer, batch_answer, event_answer
from .page_views import EVENT_BY_QUERY, event_found
from .page_views import RIGHT as SEES

RIGHT = "ingestion.add_pageview"
KAFKA, STORED = "kafka", "stored"
_UTF_8 = ("utf-8", "utf8", "us-ascii")


class EventsView(APIView):
    """One event."""

    permission_classes = (requires(RIGHT),)
    needed = RIGHT

    def get_permissions(self) -> Sequence[Any]:
        """To see takes another right than to send."""
        return [requires(SEES)()] if self.request.method in ("GET", "HEAD") else super().get_permissions()

    @extend_schema(**EVENT_BY_QUERY)
    def get(self, request: Request) -> Response:
        """Where one is."""
        refuse_unknown(request.query_params, {"event_id"})
        return event_found(request.query_params.get("event_id", ""))

    @extend_schema(**document.EVENT)
    def post(self, request: Request) -> HttpResponse:
        """Take it."""
        remember(request)
        return self.express(request._request)

    @staticmethod
    def express(request: HttpRequest) -> HttpResponse:
        """The same for a caller who is known and has the right."""
        return _answer(request, event_in, event_answer)


class EventsBatchView(APIView):
    """Many events."""

    permission_classes = (requires(RIGHT),)
    needed = RIGHT

    @extend_schema(**document.BATCH)
    def post(self, request: Request) -> HttpResponse:
        """Take those that fit."""
        remember(request)
        return self.express(request._request)

    @staticmethod
    def express(request: HttpRequest) -> HttpResponse:
        """The same for a caller who is known and has the right."""
        return _answer(request, events_in, batch_answer)


def _answer(request: HttpRequest, split: Splitter, told: Answer) -> HttpResponse:
    with intake().request():
        deadline = received_at(request) + settings.INGEST_ACK_TIMEOUT
        wanted = _durability(request)
        raws = split(_body(request), request.content_type or "", most=settings.INGEST_MAX_BATCH)
        acceptance = events_accept(raws=raws, correlation_id=current(request), deadline=deadline)
        progress = None
        if wanted == STORED and acceptance.receipt and not acceptance.counts[Status.UNKNOWN]:
            progress = events_await_stored(acceptance.receipt, deadline=deadline)
    return told(acceptance, progress)


def _durability(request: HttpRequest) -> str:
    """What the caller waits for."""
    if not request.META.get("QUERY_STRING"):
        return KAFKA
    refuse_unknown(request.GET, {"durability"})
    asked = request.GET.get("durability", KAFKA)
    if asked not in (KAFKA, STORED):
        raise Refused("There is no such durability.", errors={"durability": f"One of {KAFKA}, {STORED}."})
    return asked


def _body(request: HttpRequest) -> bytes:
    """The body as it was meant. Raises Refused for one that ends before its announced length."""
    if request.content_params and request.content_params.get("charset", "utf-8").lower() not in _UTF_8:
        raise UnsupportedMedia("JSON is UTF-8.")
    body = request.body
    if len(body) != int(request.META.get("CONTENT_LENGTH") or 0):
        raise Refused("The body ended before its Content-Length.")
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "")
    return unpacked(body, encoding, most=settings.INGEST_MAX_INFLATED_BYTES) if encoding else body
