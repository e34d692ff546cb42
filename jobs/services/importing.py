"""Storing imported excerpts, each once."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import batched

from django.db import transaction

from ..importing import Draft
from ..models import LogEntry

BATCH = 20
"""Excerpts stored together; each may have up to a record's bound."""
REMEMBERED = 50_000
"""Excerpts of a file among which equal ones are told apart; further back, an equal one counts as known."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where excerpts come from."""

    service_name: str
    environment: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of one batch."""

    stored: int
    known: int
    """Stored by an earlier import."""


def log_entries_import(*, found: Iterable[tuple[Origin, Draft]]) -> Iterator[Imported]:
    """Store drafts, a batch a transaction, as they come. Importing the same file again stores nothing.

    The identity of an excerpt is its origin, its content, and how many times the file held it before.
    """
    seen: OrderedDict[bytes, int] = OrderedDict()
    for batch in batched(found, BATCH):
        yield _store([_entry(draft, origin, seen) for origin, draft in batch])


def _entry(draft: Draft, origin: Origin, seen: OrderedDict[bytes, int]) -> LogEntry:
    name = "\0".join((origin.service_name, origin.environment, origin.source, draft.content))
    digest = sha256(name.encode()).digest()
    nth = seen[digest] = seen.pop(digest, 0) + 1
    if len(seen) > REMEMBERED:
        seen.popitem(last=False)
    return LogEntry(
        service_name=origin.service_name,
        environment=origin.environment,
        source=origin.source,
        level=draft.level,
        logged_at=draft.logged_at,
        content=draft.content,
        fingerprint=sha256(digest + str(nth).encode()).hexdigest(),
    )


@transaction.atomic
def _store(entries: list[LogEntry]) -> Imported:
    known = set(
        LogEntry.objects.filter(fingerprint__in=[entry.fingerprint for entry in entries]).values_list(
            "fingerprint", flat=True
        )
    )
    fresh = [entry for entry in entries if entry.fingerprint not in known]
    LogEntry.objects.bulk_create(fresh, ignore_conflicts=True)  # another import of the same file may run
    return Imported(stored=len(fresh), known=len(known))
