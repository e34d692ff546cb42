"""A bare Django view with msgspec, and a serializer view of the REST framework. No middleware, no users."""

import json
import os
from typing import Any

import msgspec

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.http_peers.settings"

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.http_peers.event import PageView
from benchmarks.http_peers.sending import send

_one, _many, _encode = (
    msgspec.json.Decoder(PageView),
    msgspec.json.Decoder(list[PageView]),
    msgspec.json.Encoder().encode,
)


def bare(request: HttpRequest) -> HttpResponse:
    """Decode, send, answer how many."""
    body = request.body
    try:
        events = _many.decode(body) if body.startswith(b"[") else [_one.decode(body)]
    except msgspec.ValidationError as error:
        return HttpResponse(str(error), status=400)
    if not send([(each.content_id, _encode(each)) for each in events], len(events)):
        return HttpResponse(status=503)
    return HttpResponse(_encode({"accepted": len(events)}), status=202, content_type="application/json")


class EventSerializer(serializers.Serializer[Any]):
    """The same event as the REST framework spells it."""

    event_id = serializers.CharField(max_length=64, required=False)
    content_id = serializers.CharField(max_length=128)
    user_id = serializers.CharField(max_length=128, allow_blank=True)
    event_type = serializers.ChoiceField(choices=["view", "like", "dwell"])
    occurred_at = serializers.DateTimeField()
    dwell_ms = serializers.IntegerField(min_value=0, max_value=86_400_000, required=False)
    props = serializers.DictField(required=False)


class SerializerView(APIView):
    """Validate, send, answer how many."""

    def post(self, request: Any) -> Response:
        """Take them."""
        many = isinstance(request.data, list)
        serializer = EventSerializer(data=request.data, many=many)
        serializer.is_valid(raise_exception=True)
        shown = serializer.data if many else [serializer.data]
        if not send([(each["content_id"], json.dumps(each).encode()) for each in shown], len(shown)):
            return Response(status=503)
        return Response({"accepted": len(shown)}, status=202)


urlpatterns = [path("bare", bare), path("serializer", SerializerView.as_view())]
application = get_wsgi_application()
