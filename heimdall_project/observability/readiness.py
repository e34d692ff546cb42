"""Dependencies by name, and how they are. Whoever owns one registers how to ask it.

Each is asked in a thread of its own and given up after the time limit; a question that still hangs from
before is not asked a second time, so that a dead dependency costs one thread and not one an inquiry.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock, Thread

type Ask = Callable[[float], Mapping[str, object] | None]
"""Takes the seconds it may use, returns facts worth showing, raises if the dependency is not well."""


class NotWell(Exception):
    """The dependency answers, but not as it should; `facts` say how."""

    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason)
        self.reason, self.facts = reason, facts


@dataclass(frozen=True)
class Answer:
    """What became of asking one dependency."""

    ok: bool
    seconds: float
    error: str = ""
    """Class of the error or a short reason of ours; never an exception's own text."""
    facts: Mapping[str, object] = field(default_factory=dict)


class Probe:
    """One dependency."""

    def __init__(self, name: str, ask: Ask) -> None:
        self.name, self._ask = name, ask
        self._lock = Lock()
        self._running: Thread | None = None
        self._answer: Answer | None = None
        self._begun = 0.0

    def start(self, limit: float) -> None:
        """Ask in a thread, unless the last question still hangs."""
        with self._lock:
            if self._running is None or not self._running.is_alive():
                self._answer, self._begun = None, time.monotonic()
                self._running = Thread(
                    target=self._run, args=(limit,), name=f"probe-{self.name}", daemon=True
                )
                self._running.start()

    def wait(self, until: float) -> Answer:
        """The answer, or that there was none by `until` (monotonic)."""
        thread = self._running
        if thread is not None:
            thread.join(max(0.0, until - time.monotonic()))
        waited = time.monotonic() - self._begun
        return self._answer or Answer(ok=False, seconds=waited, error="no answer in time")

    def _run(self, limit: float) -> None:
        try:
            facts, error = self._ask(limit) or {}, ""
        except NotWell as reason:
            facts, error = reason.facts, reason.reason
        except Exception as failure:  # boundary: whatever a dependency raises is its answer
            facts, error = {}, type(failure).__name__
        self._answer = Answer(ok=not error, seconds=time.monotonic() - self._begun, error=error, facts=facts)


_probes: dict[str, Probe] = {}


def register(name: str, ask: Ask) -> None:
    """Add a dependency, or replace the one of that name."""
    _probes[name] = Probe(name, ask)


def names() -> list[str]:
    """Dependencies that can be asked."""
    return list(_probes)


def ask_all(limit: float, *, probes: Iterable[Probe] | None = None) -> dict[str, Answer]:
    """Ask all at once; back after `limit` seconds at the latest."""
    asked = list(_probes.values() if probes is None else probes)
    until = time.monotonic() + limit
    for probe in asked:
        probe.start(limit)
    return {probe.name: probe.wait(until) for probe in asked}
