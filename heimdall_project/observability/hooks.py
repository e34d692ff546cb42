"""What products want to be told, filled at start-up; so that this package imports none of them.

`finished.add(hook)` is called with each unit of work that came to an end (a request, a handled record);
`scrape.add(hook)` before metrics are given out, for gauges that are measured and not counted.
Hooks run in the thread that did the work: they must be quick, and what they raise is logged and counted,
never passed on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from . import metrics
from .logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class UnitOfWork:
    """One thing that was done, as told to `finished`."""

    kind: str
    """`request` or `record`."""
    name: str
    """Route or worker."""
    outcome: str
    """Status code or outcome of the record."""
    seconds: float
    request_id: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    """What else is known: method, path, user, topic, partition, offset, error."""


class Hooks[*Args]:
    """An ordered list of callables with the same arguments."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._hooks: list[Callable[[*Args], None]] = []

    def add(self, hook: Callable[[*Args], None]) -> Callable[[*Args], None]:
        """Add a hook; usable as a decorator. Adding it twice is once."""
        if hook not in self._hooks:
            self._hooks.append(hook)
        return hook

    def remove(self, hook: Callable[[*Args], None]) -> None:
        """Take a hook out again."""
        if hook in self._hooks:
            self._hooks.remove(hook)

    def __call__(self, *args: *Args) -> None:
        """Call all. Never raises."""
        for hook in self._hooks:
            try:
                hook(*args)
            except Exception:  # boundary: telling others must not undo the work that is told of
                metrics.HOOK_FAILURES.labels(self.name).inc()
                log.exception("A hook failed", action="hook_failed", hook=self.name)


finished: Hooks[UnitOfWork] = Hooks("finished")
scrape: Hooks[()] = Hooks("scrape")
