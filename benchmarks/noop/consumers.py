"""The worker of `analysis`, unchanged but for its analyzer."""

from analysis.analyzer import Analysis, AnalysisInput, Wanted, always
from analysis.consumers import AnalysisWorker
from heimdall_project.events.jobs import Severity
from heimdall_project.streams import registry


class Noop:
    """Answers at once, always the same."""

    engine, engine_version, is_quick = "noop", "1", True

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """Nothing is wrong."""
        return Analysis(
            summary="Nothing",
            root_cause="Nothing",
            recommendation="Nothing",
            severity=Severity.LOW,
            confidence=1.0,
            component=None,
            evidence=(),
            engine=self.engine,
            engine_version=self.engine_version,
        )


registry.forget(AnalysisWorker.name)


@registry.register
class NoopWorker(AnalysisWorker):
    """Answers requests with nothing. Idempotent by request_id, as its parent."""

    def __init__(self) -> None:
        super().__init__(Noop())
