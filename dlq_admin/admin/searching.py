"""The search field of the list: exact, and each kind of word through its own index."""

import re

from django.db.models import Q, QuerySet

from ..models import DeadLetter

MOST = 1000
"""Letters that a search by name of something shared (a correlation, a trace) finds."""
HELP = "Number, topic[partition]@offset, event, correlation, trace or redrive id"
_PLACE = re.compile(r"\A(?P<topic>.{1,200})\[(?P<partition>[0-9]{1,9})\]@(?P<offset>[0-9]{1,18})\Z")
_BY_NAME = ("event_id", "correlation_id", "trace_id", "redrive_id")
_NUMBER = re.compile(r"\A#?(?P<number>[0-9]{1,18})\Z")


def search(letters: QuerySet[DeadLetter], term: str) -> QuerySet[DeadLetter]:
    """Letters that are called by `term`."""
    term = term.strip()
    if not term:
        return letters
    if "\0" in term:  # PostgreSQL has no such text
        return letters.none()
    if found := _PLACE.match(term):
        return letters.filter(**found.groupdict())
    every = DeadLetter.objects.order_by()
    # Looked up first: an "or" over several indexes would be answered by reading all letters.
    ids: set[int] = set()
    for name in _BY_NAME:
        named = every.filter(**{name: term}).exclude(**{name: ""})
        ids |= set(named.values_list("pk", flat=True)[:MOST])
    if number := _NUMBER.match(term):
        ids.add(int(number["number"]))
    return letters.filter(Q(pk__in=ids))
