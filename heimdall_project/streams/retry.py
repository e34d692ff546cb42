"""How long to wait before trying again. Pure."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Bounded attempts with exponential backoff and full jitter.

    Full jitter (a uniform draw below the ceiling) spreads retries of many workers best; see M. Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    attempts: int = 3
    base: float = 0.5
    ceiling: float = 30.0

    def delay(self, attempt: int, draw: Random) -> float:
        """Seconds to wait after the `attempt`-th failure (from 1)."""
        top = min(self.ceiling, self.base * 2 ** min(attempt - 1, 20))
        return draw.uniform(top / 2, top)

    def is_spent(self, attempt: int) -> bool:
        """Whether the `attempt`-th failure (from 1) was the last one allowed."""
        return attempt >= self.attempts


OUTAGE = RetryPolicy(attempts=2**31, base=0.5, ceiling=30.0)
"""For dependencies that are down: no bound on attempts, a bound on the wait."""
