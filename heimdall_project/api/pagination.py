"""Pages by position in (time, id), newest first unless asked otherwise: stable while rows come and go."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from ..errors import Refused

type Order = Callable[[QuerySet[Any]], QuerySet[Any]]
"""Orders rows by time and number, and leaves those from where the page begins."""


class Position(NamedTuple):
    """Where a page begins: behind (or, going back, before) this row."""

    at: datetime
    pk: int
    back: bool = False
    by: str = ""
    """The order that the page is of, "" for the list's own."""


def encode(position: Position) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def decode(cursor: str) -> Position:
    """The position of a cursor. Raises Refused."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position = msgspec.json.decode(raw, type=Position)
        if position.at.tzinfo is None or not -(2**63) <= position.pk < 2**63:
            raise ValueError
        position = position._replace(at=position.at.astimezone(UTC))
    except (ValueError, OverflowError, binascii.Error, msgspec.DecodeError):
        raise Refused(
            "The cursor is none of ours.", errors={"cursor": "Take it from `next` or `previous`."}
        ) from None
    return position


class KeysetPagination(BasePagination):
    """`?cursor=…&page_size=…&ordering=…`; answers `next`, `previous` and `results`.

    A view may offer several orders as `orderings`, names of times with `-` for newest first; the first is
    its own. Rows without that time are left out. Ties are broken by the primary key, in the same direction.
    """

    page_size = 50
    max_page_size = 500
    ordering = "-created_at"

    def paginate_queryset(  # type: ignore[override]  # sequences have no order of their own to keep
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """One page of rows. Raises Refused for a cursor or size that does not fit."""
        self._url = request.build_absolute_uri()
        size, by = self._size(request), self._ordering(request, view)
        raw = request.query_params.get("cursor")
        position = decode(raw) if raw else None
        if position is not None and position.by != self._by:
            raise Refused(
                "The cursor is of another order.", errors={"cursor": "It goes with its `ordering`."}
            )
        back = position is not None and position.back
        ascending = by.startswith("-") == back
        self._field = by.removeprefix("-")
        rows = self._head(queryset, partial(self._ordered, position=position, ascending=ascending), size + 1)
        more, rows = len(rows) > size, rows[:size]
        if back:
            rows.reverse()
        self._next = (position is not None and back and bool(rows)) or (not back and more)
        self._previous = (back and more) or (position is not None and not back and bool(rows))
        self._rows: Sequence[Any] = rows
        return rows

    def _head(self, queryset: QuerySet[Any], order: Order, most: int) -> list[Any]:
        return list(order(queryset)[:most])

    def _ordered(
        self, queryset: QuerySet[Any], position: Position | None, *, ascending: bool
    ) -> QuerySet[Any]:
        field, sign = self._field, "" if ascending else "-"
        if queryset.model._meta.get_field(field).null:
            queryset = queryset.filter(**{f"{field}__isnull": False})
        if position is not None:
            side = "gt" if ascending else "lt"
            at, behind = {f"{field}__{side}e": position.at}, Q(**{f"{field}__{side}": position.at})
            # The first condition lets the index skip; the second breaks the tie.
            queryset = queryset.filter(Q(**at) & (behind | Q(**{f"pk__{side}": position.pk})))
        return queryset.order_by(f"{sign}{field}", f"{sign}pk")

    def _ordering(self, request: Request, view: Any) -> str:
        offered = orderings_of(view, self.ordering)
        asked = request.query_params.get("ordering", offered[0])
        if asked not in offered:
            raise Refused("There is no such order.", errors={"ordering": f"One of {', '.join(offered)}."})
        self._by = "" if asked == offered[0] else asked
        return asked

    def _size(self, request: Request) -> int:
        raw = request.query_params.get("page_size", str(self.page_size))
        if raw.isascii() and raw.isdecimal() and len(raw) < 7 and 1 <= int(raw) <= self.max_page_size:
            return int(raw)
        raise Refused(
            "The page size does not fit.", errors={"page_size": f"A number from 1 to {self.max_page_size}."}
        )

    def _link(self, row: Any, *, back: bool) -> str:
        position = Position(getattr(row, self._field), row.pk, back, self._by)
        return replace_query_param(self._url, "cursor", encode(position))

    def get_paginated_response(self, data: Any) -> Response:
        """The page with links to its neighbours."""
        following = self._link(self._rows[-1], back=False) if self._next else None
        preceding = self._link(self._rows[0], back=True) if self._previous else None
        return Response({"next": following, "previous": preceding, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same for the OpenAPI document."""
        link = {"type": "string", "format": "uri", "nullable": True, "example": None}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Query parameters for the OpenAPI document."""
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        parameters = [
            _parameter("cursor", "Where the page begins, out of `next` or `previous`.", {"type": "string"}),
            _parameter("page_size", "Rows on a page.", size),
        ]
        if len(offered := orderings_of(view, self.ordering)) > 1:
            order = {"type": "string", "enum": list(offered), "default": offered[0]}
            parameters.append(_parameter("ordering", "By which time; `-` is newest first.", order))
        return parameters


def orderings_of(view: Any, own: str) -> Sequence[str]:
    """The orders that a view offers, `own` unless it names some."""
    return getattr(view, "orderings", None) or (own,)


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
