"""Who may do what only one process may do: a row, the database's clock, compare and set.

Time decides who may *take* the lease; the token decides who may *act* under it. A change of holder raises
the token in the same row that `fence` locks, so an act is committed before the next holder begins, or not
at all, however long the process was frozen in between.
"""

import os
import socket
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from ..errors import Fenced
from ..observability.logging import get_logger
from .books import database
from .ports import Clock

RENEW_BELOW = 0.75
"""Share of the duration that is left when the lease is renewed."""
STANDBY_POLL = 1.0
"""Longest wait, in seconds, between two questions of a process that stands by."""

log = get_logger(__name__)

# A locked row means that its holder is committing something right now: not the moment to take over.
_TAKE = """
UPDATE streams_relaylease
SET holder = %(holder)s, token = token + 1,
    expires_at = clock_timestamp() + make_interval(secs => %(duration)s)
WHERE name = (
    SELECT name FROM streams_relaylease
    WHERE name = %(name)s AND (expires_at IS NULL OR expires_at <= clock_timestamp())
    FOR UPDATE SKIP LOCKED
)
RETURNING token
"""
_CREATE = """
INSERT INTO streams_relaylease (name, holder, token, expires_at)
SELECT %(name)s, %(holder)s, 1, clock_timestamp() + make_interval(secs => %(duration)s)
WHERE NOT EXISTS (SELECT FROM streams_relaylease WHERE name = %(name)s)
ON CONFLICT (name) DO NOTHING
RETURNING token
"""
_RENEW = """
UPDATE streams_relaylease SET expires_at = clock_timestamp() + make_interval(secs => %(duration)s)
WHERE name = %(name)s AND holder = %(holder)s AND token = %(token)s
RETURNING clock_timestamp()
"""
# The lock lasts until the commit. A holder that is frozen before it must not keep it: PostgreSQL ends the
# session of one that is silent for longer than the lease.
_FENCE = f"""{_RENEW}, set_config('idle_in_transaction_session_timeout', %(silence)s, TRUE)"""
_RELEASE = """
UPDATE streams_relaylease SET holder = '', expires_at = NULL
WHERE name = %(name)s AND holder = %(holder)s AND token = %(token)s
"""


def new_holder() -> str:
    """A name for this process, never used again."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}:{uuid4().hex[:12]}"


class Lease:
    """One holder's view of one lease. Methods raise TransientError while the database is away."""

    def __init__(self, name: str, *, duration: float, clock: Clock, holder: str | None = None) -> None:
        self.name = name
        self.duration = duration
        self.holder = holder or new_holder()
        self.token: int | None = None
        """The fencing token while this holder believes that it holds the lease."""
        self._clock = clock
        self._until = 0.0
        self._ask_again = 0.0

    def hold(self) -> bool:
        """Take the lease if it is free, renew it if that is due; whether this holder has it.

        Costs nothing most of the time: a holder asks once a quarter of the duration, others once a second.
        """
        if self.token is None:
            return self._take()
        return self.is_fresh or self._renew()

    def remaining(self) -> float:
        """Seconds for which no other holder can have it. Counts on while this process is frozen."""
        return 0.0 if self.token is None else self._until - self._clock.monotonic()

    @property
    def is_fresh(self) -> bool:
        """Whether so much is left that `hold` need not ask."""
        return self.remaining() > RENEW_BELOW * self.duration

    def fence(self) -> datetime:
        """Inside a transaction: make sure that nobody took the lease, and keep it so until the commit.

        Renews the lease and answers the database's time. Raises Fenced if another holder has it.
        """
        asked = self._clock.monotonic()
        moment: datetime | None = self._ask(_FENCE)
        if moment is None:
            self._lose()
            raise Fenced(f"the lease {self.name!r} went to another holder")
        transaction.on_commit(lambda: self._extend(asked))
        return moment

    def release(self) -> None:
        """Give it back, so that a process that stands by can take it at once."""
        if self.token is not None:
            with database(), connection.cursor() as sql:
                sql.execute(_RELEASE, self._values)
            self.token = None

    def doubt(self) -> None:
        """Forget how long it lasts: `hold` asks the database before anything is done under it."""
        self._until = 0.0

    def _take(self) -> bool:
        asked = self._clock.monotonic()
        if asked < self._ask_again:
            return False
        with database():
            token: int | None = self._ask(_TAKE) or self._ask(_CREATE)
        if token is None:
            self._ask_again = asked + min(STANDBY_POLL, self.duration / 4)
            return False
        self.token = token
        self._extend(asked)
        log.info("Lease taken", action="lease_taken", lease=self.name, term=token)
        return True

    def _renew(self) -> bool:
        asked = self._clock.monotonic()
        with database():
            renewed = self._ask(_RENEW) is not None
        if renewed:
            self._extend(asked)
        else:
            self._lose()
        return renewed

    def _ask(self, statement: str) -> Any:
        with connection.cursor() as sql:
            sql.execute(statement, self._values)
            row = sql.fetchone()
        return row[0] if row else None

    @property
    def _values(self) -> dict[str, str | int | float | None]:
        return {
            "name": self.name,
            "holder": self.holder,
            "token": self.token,
            "duration": self.duration,
            "silence": f"{int(self.duration * 1000)}ms",
        }

    def _extend(self, asked: float) -> None:
        # The database added the duration after it was asked: it cannot end earlier than this.
        self._until = asked + self.duration

    def _lose(self) -> None:
        log.warning("Lease lost to another holder", action="lease_lost", lease=self.name, term=self.token)
        self.token = None
