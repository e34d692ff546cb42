"""How many records a worker at several records hands over together. Pure: what a hand-over took is told.

Together is cheaper: one claim, one transaction for all. But records that are handed over together wait for
each other, and nothing that comes later can overtake them. So a hand-over is kept short: it grows while that
is easily so, and shrinks to what would have fitted when it was not; slow work goes record by record.
"""

SLICE = 0.2
"""Seconds after which a hand-over begins no further record: the rest is offered again, most urgent first."""
EASY = SLICE / 2


class Pace:
    """Records a hand-over; between 1 and what the consumer allows."""

    def __init__(self) -> None:
        self._records = 1

    def records(self, most: int) -> int:
        """How many to hand over next."""
        return max(1, min(self._records, most))

    def took(self, handled: int, seconds: float) -> None:
        """A hand-over came to its end: so many records were handled in it, in so many seconds."""
        if seconds > SLICE:
            self._records = max(1, int(handled * SLICE / seconds))
        elif seconds <= EASY and handled >= self._records:
            self._records = 2 * handled
