"""What an analyzer is given, what it answers, and the check that its citations are real.

Everything here is pure. A provider may be a model or a table of rules; both must cite lines of the input, and
`verify_evidence` refuses an answer that cites a line which is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from heimdall_project.errors import HeimdallError, TransientError
from heimdall_project.events.jobs import FailureClass, Severity, Usage

CITED_CHARS = 500


class Language(StrEnum):
    """Languages an answer can be written in."""

    EN = "en"
    KO = "ko"

    @classmethod
    def of(cls, tag: str | None) -> Language:
        """The language of a BCP 47 tag (``ko-KR``); English for none and for any that we do not write."""
        return cls.KO if (tag or "").lower().split("-")[0] == "ko" else cls.EN


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the tokens of an answer are counted for. No part of the question: askers may share an answer."""

    client: str = ""
    """The owner of the job; all outside producers are one."""
    job: str = ""
    """All attempts of one job together."""


@dataclass(frozen=True, slots=True)
class AnalysisInput:
    """One log to explain. ``log_content`` is untrusted text: data, never instructions."""

    log_content: str
    service_name: str
    environment: str
    analysis_type: str = "error"
    language: Language = Language.EN
    account: Account = Account()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A cited line: its number from 1, its text as `cited_text` gives it, and what it shows."""

    line: int
    text: str
    claim: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer. ``confidence`` is 0..1; ``component`` is None if the log does not tell."""

    summary: str
    root_cause: str
    recommendation: str
    severity: Severity
    confidence: float
    component: str | None
    evidence: tuple[Evidence, ...]
    engine: str
    engine_version: str
    usage: Usage | None = None
    computed_at: datetime | None = None
    """When the engine computed it; None means just now."""
    from_cache: bool = False


class Refused(HeimdallError):
    """This request will never get an answer, however often it is tried: it fails at once with this class."""

    def __init__(self, failure_class: FailureClass, message: str) -> None:
        super().__init__(message)
        self.failure_class = failure_class


class Flawed(HeimdallError):
    """This try gave no usable answer: a bounded number of tries, then a failure of this class."""

    def __init__(self, failure_class: FailureClass, message: str) -> None:
        super().__init__(message)
        self.failure_class = failure_class


class ModelAway(TransientError):
    """The engine is away: down, missing, overloaded, or not letting us in. Waited for until the deadline."""

    def __init__(self, reason: str) -> None:
        super().__init__("model", reason)


class GivenUp(HeimdallError):
    """Nobody waits for the answer any more: the job was cancelled, or another attempt replaced this one."""


class Wanted(Protocol):
    """Asked by an engine between its steps, so that a cancelled job does not run to its end."""

    def __call__(self) -> None:
        """Raise GivenUp if nobody waits for the answer any more."""


def always() -> None:
    """A request that somebody waits for to the end."""


class Analyzer(Protocol):
    """Anything that can explain a log."""

    @property
    def engine(self) -> str:
        """The name that results carry."""

    @property
    def engine_version(self) -> str:
        """Changes whenever the same input may get another answer."""

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """Explain the log.

        Raises Refused, Flawed, GivenUp (out of `wanted`), ModelAway (the same request is offered again until
        the model's deadline), and TransientError where something else that it needs is down.
        """


def is_quick(analyzer: Analyzer) -> bool:
    """Whether it computes its answers here, asking no other machine: several logs are then handled together.

    An engine says so by an attribute of this name; one that says nothing is not.
    """
    return bool(getattr(analyzer, "is_quick", False))


class UnfoundedEvidence(HeimdallError):
    """An answer cites a line that does not exist, or with another text."""


def numbered_lines(log_content: str) -> list[str]:
    """The lines that citations count: split at line feeds, without carriage returns."""
    return [line.rstrip("\r") for line in log_content.split("\n")]


def cited_text(line: str) -> str:
    """What a citation of this line must say."""
    return line[:CITED_CHARS]


def verify_evidence(given: AnalysisInput, analysis: Analysis) -> None:
    """Raise UnfoundedEvidence unless every cited line exists and has the cited text."""
    lines = numbered_lines(given.log_content)
    for cited in analysis.evidence:
        if not 1 <= cited.line <= len(lines):
            raise UnfoundedEvidence(f"line {cited.line} is cited, the log has {len(lines)}")
        if cited.text != cited_text(lines[cited.line - 1]):
            raise UnfoundedEvidence(f"line {cited.line} does not say what is cited")
