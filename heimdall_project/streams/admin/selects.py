"""Filters of lists as plain selects: no script, and within reach of the keyboard."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

MOST = 100
"""Choices that a filter offers where the table says which there are."""


class SelectForm(forms.Form):
    """One select."""

    def __init__(self, name: str, label: str, choices: list[tuple[str, str]], data: dict[str, Any]) -> None:
        super().__init__(data)
        self.fields[name] = forms.ChoiceField(
            label=label, required=False, choices=choices, widget=UnfoldAdminSelectWidget
        )


class SelectFilter(admin.SimpleListFilter):
    """A select with the known values; a value that is not among them still filters."""

    template = "unfold/filters/filters_field.html"
    lookup = ""
    """The column, if it is not called as the parameter is."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The known values, and the one that is set."""
        known = self.values()
        chosen = str(self.used_parameters.get(str(self.parameter_name)) or "")
        if chosen and chosen not in dict(known):
            known.append((chosen, chosen))
        return known

    def values(self) -> list[tuple[str, str]]:
        """Values and what they are called."""
        raise NotImplementedError

    def has_output(self) -> bool:
        """Shown even where there is nothing to choose from yet."""
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The form that the theme shows."""
        name = str(self.parameter_name)
        listed = [("", "All"), *((str(value), str(title)) for value, title in self.lookup_choices)]
        yield {"form": SelectForm(name, str(self.title).capitalize(), listed, {name: self.value()})}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with the chosen value."""
        chosen = self.value()
        if not chosen:
            return queryset
        if "\0" in chosen:  # PostgreSQL has no such text
            return queryset.none()
        return self.narrowed(queryset, chosen)

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Rows with this value."""
        return queryset.filter(**{self.lookup or str(self.parameter_name): chosen})


_DISTINCT = """
WITH RECURSIVE found AS (
    SELECT (SELECT {column} FROM {table} ORDER BY {column} LIMIT 1) AS value
    UNION ALL
    SELECT (SELECT {column} FROM {table} WHERE {column} > found.value ORDER BY {column} LIMIT 1)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
"""


def through_index(table: str, column: str) -> list[Any]:
    """The distinct values of an indexed column, up to `MOST`, each found by one step through the index."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT.format(table=quote(table), column=quote(column)), [MOST])
        return [value for (value,) in cursor.fetchall()]
