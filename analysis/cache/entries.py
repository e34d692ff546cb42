"""What is kept of an answer, and the check of what comes back: a store is not trusted.

No text of the log is kept: citations hold their numbers, and get their text from the asker's own log. What
the answer itself says is masked before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from heimdall_project.events.jobs import Severity, Usage

from ..analyzer import Analysis, Evidence, cited_text, numbered_lines

FORM = 1
"""Number of this form; an entry of another one is none."""
MOST_BYTES = 65_536
"""A longer entry is not kept, and not read."""
_SKEW = timedelta(minutes=5)

type _Text = Annotated[str, Meta(max_length=20_000)]
type _Line = Annotated[int, Meta(ge=1)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """An answer without its log."""

    form: int
    key: str
    summary: Annotated[str, Meta(min_length=1, max_length=20_000)]
    root_cause: _Text
    recommendation: _Text
    severity: Severity
    confidence: Annotated[float, Meta(ge=0.0, le=1.0)]
    component: Annotated[str, Meta(max_length=500)] | None
    evidence: Annotated[tuple[tuple[_Line, _Text], ...], Meta(max_length=100)]
    engine: str
    engine_version: str
    usage: Usage | None
    computed_at: datetime

    def answer(self, log_content: str) -> Analysis | None:
        """The answer for a log; None if it cites a line that this log does not have."""
        lines = numbered_lines(log_content)
        if any(line > len(lines) for line, _ in self.evidence):
            return None
        cited = tuple(Evidence(line, cited_text(lines[line - 1]), claim) for line, claim in self.evidence)
        return Analysis(
            summary=self.summary,
            root_cause=self.root_cause,
            recommendation=self.recommendation,
            severity=self.severity,
            confidence=self.confidence,
            component=self.component,
            evidence=cited,
            engine=self.engine,
            engine_version=self.engine_version,
            usage=self.usage,
            computed_at=self.computed_at,
            from_cache=True,
        )


def entry_of(key: str, analysis: Analysis, *, now: datetime, mask: Callable[[str], str]) -> Entry:
    """What is kept of an answer."""
    masked = replace(
        analysis,
        summary=mask(analysis.summary),
        root_cause=mask(analysis.root_cause),
        recommendation=mask(analysis.recommendation),
        component=mask(analysis.component) if analysis.component else analysis.component,
    )
    return Entry(
        form=FORM,
        key=key,
        summary=masked.summary,
        root_cause=masked.root_cause,
        recommendation=masked.recommendation,
        severity=masked.severity,
        confidence=masked.confidence,
        component=masked.component,
        evidence=tuple((cited.line, mask(cited.claim)) for cited in analysis.evidence),
        engine=masked.engine,
        engine_version=masked.engine_version,
        usage=masked.usage,
        computed_at=analysis.computed_at or now,
    )


def encoded(entry: Entry) -> bytes:
    """The bytes that a store keeps."""
    return msgspec.json.encode(entry)


def decoded(value: bytes, key: str, *, now: datetime, lifetime: float) -> Entry | None:
    """The entry, or None for anything that is not a living entry of this key in this form."""
    if len(value) > MOST_BYTES:
        return None
    try:
        entry = msgspec.json.decode(value, type=Entry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if entry.form != FORM or entry.key != key or entry.computed_at.tzinfo is None:
        return None
    age = now.astimezone(UTC) - entry.computed_at
    return entry if -_SKEW <= age <= timedelta(seconds=lifetime) else None
