"""The worker of `analysis` with an engine that does what the first word of the log says.

`hold` waits until the test leaves the file `go`, and asks meanwhile whether it is still wanted; `deaf` waits
as well and never asks. `break` breaks until the test leaves the file `repaired`. Everything else is answered
at once.
"""

from threading import Event

from django.db import connection

from analysis.analyzer import Analysis, AnalysisInput, GivenUp, Wanted, always
from analysis.consumers import AnalysisWorker
from heimdall_project.events.jobs import Severity
from heimdall_project.streams import registry
from tests.probe_consumers.consumers import found, leave


class Obedient:
    """Waits, or answers."""

    engine, engine_version = "probe", "1"

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """Do what the log says."""
        word = given.log_content.split(maxsplit=1)[0]
        if word in {"hold", "deaf"}:
            connection.close()  # a hundred may wait at once
            leave("holding")
        while word in {"hold", "deaf"} and not found("go"):
            Event().wait(0.05)
            if word == "hold":
                _ask(wanted)
        if word == "break" and not found("repaired"):
            raise RuntimeError("not repaired yet")
        return Analysis(
            summary="It was waited for",
            root_cause=word,
            recommendation="Nothing",
            severity=Severity.LOW,
            confidence=1.0,
            component=None,
            evidence=(),
            engine=self.engine,
            engine_version=self.engine_version,
        )


def _ask(wanted: Wanted) -> None:
    try:
        wanted()
    except GivenUp:
        leave("given-up")
        raise


registry.forget(AnalysisWorker.name)


@registry.register
class ObedientWorker(AnalysisWorker):
    """Answers requests as their logs say. Idempotent by request_id, as its parent."""

    def __init__(self) -> None:
        super().__init__(Obedient())
