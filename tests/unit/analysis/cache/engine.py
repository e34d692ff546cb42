"""An engine that counts how often it is asked, and a cache that does what a test says."""

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from analysis.analyzer import Account, Analysis, AnalysisInput, Evidence, Wanted, always
from analysis.cache import CachedAnalyzer
from analysis.cache.stores import AnalysisCache, MemoryCache
from analysis.masking import mask
from heimdall_project.errors import TransientError
from heimdall_project.events.jobs import Severity

LOG = "2026-11-21 ERROR pool exhausted\nuser a@example.com waits\nlast"


def given(log: str = LOG, *, client: str = "user:1", **others: object) -> AnalysisInput:
    """A question."""
    asked = AnalysisInput(log, "orders", "production", account=Account(client=client))
    return replace(asked, **others)  # type: ignore[arg-type]


@dataclass
class Engine:
    """Cites the second line, and repeats what it says, as a careless engine would."""

    engine: str = "counting"
    engine_version: str = "1"
    asked: int = 0
    fails: Exception | None = None
    hold: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """The next answer."""
        self.asked += 1
        self.entered.set()
        if self.hold:
            self.hold.wait(30)
        if self.fails:
            raise self.fails
        line = given.log_content.split("\n")[1].rstrip("\r")
        return Analysis(
            summary=f"answer {self.asked}: {line}",
            root_cause="cause",
            recommendation="advice",
            severity=Severity.HIGH,
            confidence=0.8,
            component="orders",
            evidence=(Evidence(2, line, "waits"),),
            engine=self.engine,
            engine_version=self.engine_version,
        )


class Away:
    """A store that is away."""

    name = "away"

    def get(self, key: str) -> bytes | None:
        """Never."""
        raise TransientError("Redis", "ConnectionError")

    def put(self, key: str, value: bytes) -> None:
        """Never."""
        raise TransientError("Redis", "ConnectionError")


class Clock:
    """Moves when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        """The same as a date."""
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)


def wrapped(
    engine: Engine,
    cache: AnalysisCache | None = None,
    *,
    clock: Clock | None = None,
    lifetime: float = 60.0,
    shared: bool = False,
) -> CachedAnalyzer:
    """The engine behind a cache."""
    clock = clock or Clock()
    return CachedAnalyzer(
        engine,
        MemoryCache(most=10, lifetime=lifetime, clock=clock) if cache is None else cache,
        lifetime=lifetime,
        mask=lambda text: mask(text).text,
        shared=shared,
        now=clock.now,
    )
