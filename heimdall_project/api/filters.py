"""Filters in the query string; a parameter that nobody reads is an error and not silently ignored."""

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend, IsoDateTimeFilter
from rest_framework.request import Request

from ..errors import Refused

PAGES = frozenset({"cursor", "page_size"})


class Moment(IsoDateTimeField):  # type: ignore[misc]  # it has no types
    """A time in UTC: PostgreSQL knows fewer offsets than Python."""

    def to_python(self, value: Any) -> datetime | None:
        """The moment. Raises ValidationError."""
        given: datetime | None = super().to_python(value)
        try:
            return given and given.astimezone(UTC)
        except OverflowError:
            raise ValidationError("There is no such time in UTC.") from None


class TimeFilter(IsoDateTimeFilter):  # type: ignore[misc]
    """A bound in time (ISO 8601)."""

    field_class = Moment


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # it has no types
    """`filterset_class` of the view, plus a refusal of parameters that it does not know.

    Parameters that a view reads itself stand in its `query_parameters`.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """The filtered queryset. Raises Refused."""
        filterset = self.get_filterset_class(view, queryset)
        known = {"format", *getattr(view, "query_parameters", ())}
        known |= PAGES if getattr(view, "pagination_class", None) else set()
        if getattr(view, "orderings", None):
            known.add("ordering")
        if filterset is not None:
            known |= set(filterset.base_filters) | set(filterset().form.fields)
        refuse_unknown(request.query_params, known)
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered


def refuse_unknown(parameters: QueryDict, known: set[str]) -> None:
    """Raise Refused naming the parameters that are not in `known`."""
    if surplus := sorted(set(parameters) - known):
        offered = ", ".join(sorted(known - {"format"}))
        raise Refused(
            "The query has parameters that do not exist here.",
            errors=dict.fromkeys(surplus, f"There is no such parameter; there are: {offered}."),
        )
