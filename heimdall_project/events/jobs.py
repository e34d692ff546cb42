"""Contracts of the analysis loop: read lax, write strict.

Existing producers send decimals as strings and times without zone (then UTC); existing consumers need
`log_content`, `correlation_id`, `service_name` and `environment`, so these are always written.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from .times import utc

type RowId = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What a bigint column holds."""


class Priority(StrEnum):
    """How urgent a job is."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 (low) to 3 (critical)."""
        return list(Priority).index(self)


class Severity(StrEnum):
    """How bad what the log shows is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class FailureClass(StrEnum):
    """Why a job failed; each has its own retry rule."""

    MODEL_UNAVAILABLE = "model_unavailable"
    MODEL_TIMEOUT = "model_timeout"
    BAD_OUTPUT = "bad_output"
    INPUT_TOO_LARGE = "input_too_large"
    NO_EVIDENCE = "no_evidence"
    BUDGET = "budget"
    INVALID_REQUEST = "invalid_request"
    TIMEOUT = "timeout"
    UNEXPECTED = "unexpected"


class AnalysisRequested(msgspec.Struct, kw_only=True):
    """`analysis.request`, key log_id: analyse this log."""

    request_id: UUID
    timestamp: datetime
    log_id: RowId
    log_content: str
    service_name: str
    environment: str
    correlation_id: str
    analysis_type: str = "error"
    priority: Priority = Priority.NORMAL
    callback_topic: str = "analysis.result"
    metadata: dict[str, Any] = {}
    language: str | None = None
    """Answer language; None leaves it to the worker."""

    def __post_init__(self) -> None:
        self.timestamp = utc(self.timestamp)


class AnalysisResult(msgspec.Struct, kw_only=True):
    """What the analysis found."""

    summary: str
    root_cause: str
    recommendation: str
    severity: Severity
    confidence: Annotated[float, Meta(ge=0.0, le=1.0)]
    component: str | None = None
    evidence: list[dict[str, Any]] = []
    """Cited lines: {"line": int, "text": str, "claim": str}."""


class Failure(msgspec.Struct, kw_only=True):
    """Why there is no result."""

    failure_class: FailureClass
    message: str


class Usage(msgspec.Struct, kw_only=True):
    """Tokens that a model counted for an answer, all of its calls together."""

    prompt_tokens: Annotated[int, Meta(ge=0)]
    completion_tokens: Annotated[int, Meta(ge=0)]


class AnalysisCompleted(msgspec.Struct, kw_only=True, omit_defaults=False):
    """`analysis.result`, key log_id: the answer, or why there is none."""

    request_id: UUID
    timestamp: datetime
    log_id: RowId
    correlation_id: str | None = None
    analysis_result: AnalysisResult | None = None
    failure: Failure | None = None
    bifrost_analysis_id: RowId | None = None
    model: str | None = None
    duration_seconds: Annotated[float, Meta(ge=0.0, le=1e9)] | None = None
    served_from_cache: bool = False
    """The result was computed for another request with the same input."""
    computed_at: datetime | None = None
    usage: Usage | None = None

    def __post_init__(self) -> None:
        self.timestamp = utc(self.timestamp)
        self.computed_at = utc(self.computed_at) if self.computed_at else None
        if self.analysis_result is None and self.failure is None:
            raise ValueError("either `analysis_result` or `failure` is required")
