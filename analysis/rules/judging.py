"""How bad it is and how sure we are: the numbers of a report."""

from __future__ import annotations

from heimdall_project.events.jobs import Severity

from .findings import Finding, Findings
from .matching import UNRECOGNISED
from .rule import Depth

_SCALE = list(Severity)
_NOT_PRODUCTION = frozenset(("dev", "development", "test", "testing", "local", "sandbox"))
UNRECOGNISED_CONFIDENCE = 0.35
WARNED_CONFIDENCE = 0.3
NOTHING_CONFIDENCE = 0.2
EMPTY_CONFIDENCE = 0.1


def severity_of(finding: Finding, *, environment: str, over: bool) -> Severity:
    """How bad it is: the rule's word, raised for critical lines, lowered where little is at stake."""
    level = _SCALE.index(finding.rule.severity)
    events = [each.event for each in finding.matches]
    if finding.rule.depth >= Depth.DEPENDENCY and any(event.head.level == "CRITICAL" for event in events):
        level += 1
    if all(event.is_quiet for event in events):
        level = min(level, _SCALE.index(Severity.MEDIUM if finding.rule.quiet else Severity.LOW))
    corrected = sum(
        "correct" in each.line.text and "uncorrect" not in each.line.text for each in finding.matches
    )
    if over or 2 * corrected > finding.count:
        level -= 1
    if environment.lower() in _NOT_PRODUCTION:
        level = min(level, _SCALE.index(Severity.HIGH))
    return _SCALE[max(0, min(level, len(_SCALE) - 1))]


def confidence_of(findings: Findings) -> float:
    """How much the log supports the first finding, 0..1."""
    first, *others = findings.failures
    if first.rule is UNRECOGNISED:
        return UNRECOGNISED_CONFIDENCE
    value = 0.35 + 0.08 * first.rule.depth
    value += 0.1 if first.component else 0.0
    value += 0.08 if any(each.event.is_error for each in first.matches) else 0.0
    value += 0.05 if first.count > 2 else 0.0
    value += 0.06 if first.innermost else 0.0
    if others and first.score - others[0].score < 5.0 and others[0].rule.depth >= first.rule.depth:
        value -= 0.12
    if not findings.reading.complete:
        value -= 0.1
    if all(each.event.is_quiet for each in first.matches):
        value -= 0.15
    return round(max(0.1, min(value, 0.95)), 2)
