"""What a list shows, as a file: CSV, or a JSON object a line."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from heimdall_project.api import export
from heimdall_project.errors import Refused

from .. import selectors
from ..models import CLOSED_LETTERS, Cluster, DeadLetter

MOST = 100_000
"""Rows of a file."""
PASSING = frozenset(
    {"p", "e", "all", "format", "transform", "_popup", "_to_field", "_facets", "_changelist_filters"}
)
"""Parameters of a list that are no part of its filter."""
FORMATS = ("csv", "json")


def query(request: HttpRequest) -> str:
    """The filter of a list as its export understands it."""
    pairs = parse_qsl(request.GET.urlencode(), max_num_fields=100)
    return urlencode([(name, value) for name, value in pairs if name not in PASSING])


def listed(model_admin: Any, request: HttpRequest) -> QuerySet[Any]:
    """All rows that the list shows for this request, on all of its pages."""
    asked = request.GET.copy()
    for name in PASSING:
        asked.pop(name, None)
    request.GET = asked  # type: ignore[assignment]  # a list refuses what it does not know
    try:
        found: QuerySet[Any] = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        return model_admin.model.objects.none()  # type: ignore[no-any-return]
    return found


def open_clusters() -> QuerySet[Cluster]:
    """What the console lists, all of it."""
    return Cluster.objects.filter(total__gt=CLOSED_LETTERS).order_by("-last_seen", "-pk")


def letters(kind: str, rows: QuerySet[DeadLetter]) -> HttpResponse:
    """A file of letters."""
    return _file(kind, rows, selectors.LETTER_COLUMNS, "dead-letters")


def clusters(kind: str, rows: QuerySet[Cluster]) -> HttpResponse:
    """A file of causes."""
    return _file(kind, rows, selectors.CLUSTER_COLUMNS, "causes")


def _file(kind: str, rows: QuerySet[Any], columns: Mapping[str, str], name: str) -> HttpResponse:
    if kind not in FORMATS:
        return HttpResponse(f"There is no such format; there are {' and '.join(FORMATS)}.", status=400)
    try:
        return export.export(  # type: ignore[return-value]  # a response of another class
            rows.defer(None).values_list(*columns.values()),
            columns=list(columns),
            name=name,
            kind=kind,
            most=MOST,
        )
    except Refused as refused:
        text = " ".join([refused.detail, *refused.errors.values()])
        return HttpResponse(text, status=refused.status, content_type="text/plain; charset=utf-8")
