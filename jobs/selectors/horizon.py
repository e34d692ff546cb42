"""Up to where the timelines are settled: no line with a lower id can appear any more.

Ids are drawn from a sequence before their transaction commits, so a line may become visible after lines with
higher ids. Whoever follows all timelines by id must not pass a number that somebody still holds. Whoever
writes a line holds a lock on the table from before the number is drawn until the commit, so: note how far the
sequence is, then who holds such a lock; when each of those is gone, all up to the note is settled.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from django.conf import settings
from django.db import connection

_DRAWN = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM job_transitions_id_seq"
_WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'job_transitions'::regclass AND mode = 'RowExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND pid <> pg_backend_pid()
"""


class Settled(NamedTuple):
    """What one look found."""

    upto: int
    """Every line up to this id is visible, or will never be."""
    drawn: int
    """The highest id that anybody drew."""
    waiting: float
    """Seconds for which one open transaction has kept it from going on."""


class Horizon:
    """The settled part of the timelines, looked at once a poll however many ask. Safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._looked = float("-inf")
        self._found = Settled(0, 0, 0.0)
        self._mark = 0
        self._writers: set[str] = set()
        self._since = clock()

    def look(self) -> Settled:
        """How far it is now. Raises what the database raises."""
        with self._lock:
            if self._clock() - self._looked >= settings.STREAM_POLL / 2:
                self._found = self._advance()
                self._looked = self._clock()
            return self._found

    def _advance(self) -> Settled:
        with connection.cursor() as sql:
            # In this order: who draws a number after the first statement draws a higher one.
            sql.execute(_DRAWN)
            (drawn,) = sql.fetchone()
            sql.execute(_WRITERS)
            writers = {row[0] for row in sql.fetchall()}
        upto, now = self._found.upto, self._clock()
        if upto > drawn:  # another database, or one that was restored
            upto, self._mark, self._writers = 0, 0, set()
        if not (self._writers & writers):
            # Of a first look nothing is known; a later one settles the mark of the one before.
            upto = max(upto, drawn if not writers else self._mark)
            self._mark, self._writers, self._since = drawn, writers, now
        else:
            self._writers &= writers
        return Settled(upto, drawn, now - self._since if self._writers else 0.0)
