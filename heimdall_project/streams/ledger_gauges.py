"""What is in flight, as gauges: also measured while no worker runs that could tell its lag."""

from threading import Lock

from django.db import Error as DatabaseError

from ..errors import TransientError
from ..observability import metrics
from . import ledger
from .balance import Balance
from .books import database
from .ports import Clock, SystemClock

EVERY, AFTER_FAILURE = 10.0, 60.0
"""Seconds between two measurements: a scrape does not wait each time for what is away."""
_UNKNOWN = float("nan")


class LedgerGauges:
    """Measured before metrics are given out, now and then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._due = float("-inf")

    def refresh(self) -> None:
        """Measure if it is due and nobody else does it right now. Never raises for what is away."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._clock.monotonic() >= self._due:
                answered = self._measure()
                self._due = self._clock.monotonic() + (EVERY if answered else AFTER_FAILURE)
        finally:
            self._lock.release()

    def _measure(self) -> bool:
        """Whether everybody answered. The first who does not is the last who is asked, and what is in flight
        of the others is not known either."""
        answers = True
        for pair in ledger.pairs():
            balance = _balance(pair) if answers else None
            answers = answers and balance is not None and not balance.is_away
            _set(pair, balance)
        return answers


def _balance(pair: ledger.Pair) -> Balance | None:
    """None while the database is away."""
    try:
        with database():
            return ledger.ledger_balance(pair=pair)
    except (TransientError, DatabaseError):
        return None


def _set(pair: ledger.Pair, balance: Balance | None) -> None:
    labels = (pair.group, pair.topic)
    flight = balance.in_flight if balance else None
    metrics.LEDGER_IN_FLIGHT.labels(*labels).set(_UNKNOWN if flight is None else flight)
    if balance is not None:
        metrics.LEDGER_PROBLEMS.labels(*labels).set(len(balance.problems))


gauges = LedgerGauges(SystemClock())
