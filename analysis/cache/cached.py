"""An analyzer that answers a question which was answered before without asking again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from heimdall_project.errors import TransientError
from heimdall_project.observability import metrics

from ..analyzer import Analysis, AnalysisInput, Analyzer, Wanted, always, is_quick, verify_evidence
from .entries import MOST_BYTES, decoded, encoded, entry_of
from .flights import Flights
from .keys import key_of
from .remote import Paused
from .stores import AnalysisCache


def _now() -> datetime:
    return datetime.now(UTC)


class CachedAnalyzer:
    """Wraps any analyzer. Only answers are kept, never failures, and only those whose citations are real.

    A store that is away, or that gives back anything odd, is as good as empty. Equal questions at the same
    time in one process are asked once.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        cache: AnalysisCache,
        *,
        lifetime: float,
        mask: Callable[[str], str],
        shared: bool = False,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._analyzer = analyzer
        self._cache = cache
        self._lifetime = lifetime
        self._mask = mask
        self._shared = shared
        self._now = now
        self._flights = Flights()

    @property
    def engine(self) -> str:
        """That of the analyzer inside."""
        return self._analyzer.engine

    @property
    def engine_version(self) -> str:
        """That of the analyzer inside."""
        return self._analyzer.engine_version

    @property
    def is_quick(self) -> bool:
        """Whether the analyzer inside is."""
        return is_quick(self._analyzer)

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """The answer from the cache, from an equal question under way, or from the analyzer inside."""
        scope = "" if self._shared else given.account.client
        key = key_of(given, self._analyzer, scope=scope, mask=self._mask)
        if (known := self._known(key, given)) is not None:
            return known
        with self._flights.of(key, wanted) as flight:
            if flight.landed is not None and (answer := flight.landed.answer(given.log_content)):
                self._counted("shared")
                return answer
            computed = self._computed(given, wanted)
            flight.landed = entry_of(key, computed, now=self._now(), mask=self._mask)
            if computed.engine == self.engine:  # what stood in for the engine is not its answer
                self._keep(key, encoded(flight.landed))
            return computed

    def _computed(self, given: AnalysisInput, wanted: Wanted) -> Analysis:
        analysis = self._analyzer.analyze(given, wanted)
        verify_evidence(given, analysis)
        return replace(analysis, computed_at=analysis.computed_at or self._now())

    def _known(self, key: str, given: AnalysisInput) -> Analysis | None:
        outcome, answer = self._looked_up(key, given)
        self._counted(outcome)
        return answer

    def _looked_up(self, key: str, given: AnalysisInput) -> tuple[str, Analysis | None]:
        try:
            value = self._cache.get(key)
        except Paused:
            return "paused", None
        except TransientError:
            return "error", None
        if value is None:
            return "miss", None
        entry = decoded(value, key, now=self._now(), lifetime=self._lifetime)
        same = entry and (entry.engine, entry.engine_version) == (self.engine, self.engine_version)
        answer = entry.answer(given.log_content) if entry and same else None
        return ("hit", answer) if answer else ("invalid", None)

    def _keep(self, key: str, value: bytes) -> None:
        if len(value) > MOST_BYTES:
            self._counted("too_long")
            return
        try:
            self._cache.put(key, value)
        except TransientError:
            self._counted("not_kept")

    def _counted(self, outcome: str) -> None:
        metrics.ANALYSIS_CACHE.labels(self._cache.name, outcome).inc()
