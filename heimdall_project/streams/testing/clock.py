"""Time, and work, that wait for nobody."""

from collections.abc import Callable
from concurrent.futures import Executor, Future


class FakeClock:
    """Time that moves when told to."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """The same clock."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class InlineExecutor(Executor):
    """Runs work at once, in the caller's thread."""

    def submit[**P, R](self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Run `fn` now; its exception is kept in the future, as a pool does."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # boundary: an executor hands every failure to the caller
            future.set_exception(error)
        return future
