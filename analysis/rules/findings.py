"""What the log shows, ranked: the deepest and earliest failure before those that follow from it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heimdall_project.events.jobs import Severity

from ..mining import Template
from .components import component_of
from .matching import UNRECOGNISED, WARNED, Match, Matched, match
from .reading import Event, Reading
from .rule import Depth, Rule
from .targets import host_of, target_of

_CAUSED_BY = re.compile(r"\s*Caused by\b")
_EXCEPTION_NAME = re.compile(r"((?:[A-Za-z_$][\w$]{0,99}\.){0,12}[A-Z][\w$]{0,99}(?:Exception|Error))\b")
_AFTERMATH = 20
_SAME = 0.8
_MANY_TIMES = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of failure in this log: its rule, its lines in order, and who is involved."""

    rule: Rule
    matches: tuple[Match, ...]
    component: str | None
    target: str | None
    innermost: Match | None
    score: float

    @property
    def count(self) -> int:
        """How many lines show it."""
        return len(self.matches)

    @property
    def first(self) -> Match:
        """Its earliest line; the innermost cause of a trace, if the first event has one."""
        return self.matches[0]

    @property
    def last(self) -> Match:
        """Its latest line."""
        return self.matches[-1]


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings, the likely cause first, with what the report needs to know about the log."""

    ranked: tuple[Finding, ...]
    reading: Reading
    matched: Matched

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Without mere warnings."""
        return tuple(finding for finding in self.ranked if finding.rule is not WARNED)

    @property
    def lead(self) -> Finding:
        """What to name first: the likely cause, or the much wider trouble before it that it explains."""
        cause = self.failures[0]
        for other in self.failures[1:]:
            wider = other.count >= _MANY_TIMES * cause.count and other.rule.depth is Depth.SYMPTOM
            if wider and other.first.line.number < cause.first.line.number and _same_host(other, cause):
                return other
        return cause

    def template_of(self, found: Match) -> Template:
        """The template of the message that a line belongs to."""
        return self.matched.template_of(found.event)

    def is_over(self, finding: Finding) -> bool:
        """Whether the log goes on well after the last line of a finding, without any other failure."""
        last = max(each.last.event.line for each in self.failures)
        after = sum(event.line > last for event in self.reading.events)
        return finding.last.event.line <= last and after >= max(_AFTERMATH, len(self.reading.events) // 5)


def find(reading: Reading) -> Findings:
    """Match all rules and rank what they find."""
    matched = match(reading.events)
    order = sorted(matched.by_rule, key=lambda rule: matched.by_rule[rule][0].line.number)
    most = max((len(found) for found in matched.by_rule.values()), default=0)
    ranked = [_finding(rule, matched.by_rule[rule], order.index(rule), most) for rule in order]
    ranked.sort(key=lambda finding: (-finding.score, finding.first.line.number, finding.rule.name))
    return Findings(tuple(_without_repetition(ranked)), reading, matched)


def _without_repetition(ranked: Sequence[Finding]) -> Iterator[Finding]:
    """Leave out findings that mostly say again, in other words, what the same events say already."""
    seen: set[int] = set()
    for finding in ranked:
        events = {each.event.line for each in finding.matches}
        if len(events & seen) < _SAME * len(events):
            yield finding
        seen |= events


def _finding(rule: Rule, matches: Sequence[Match], position: int, most: int) -> Finding:
    innermost = next((each for each in matches if _is_innermost(each)), None)
    return Finding(
        rule=rule,
        matches=tuple(matches),
        component=component_of(rule, matches),
        target=target_of(rule.target, matches),
        innermost=innermost,
        score=_score(rule, matches, position, most, innermost),
    )


def _score(rule: Rule, matches: Sequence[Match], position: int, most: int, innermost: Match | None) -> float:
    """Depth decides first; then severity, level, place in a trace, time and number."""
    score = 10.0 * rule.depth
    score += 2.0 * list(Severity).index(rule.severity)
    score += max(_level(each.event) for each in matches)
    score += 6.0 if innermost else 0.0
    score += max(0.0, 6.0 - 2.0 * position)
    score += min(6.0, math.log2(len(matches) + 1))
    if rule is WARNED or rule is UNRECOGNISED:
        score -= 5.0 if rule is UNRECOGNISED else 20.0
    if len(matches) == 1 and most >= 50 and position > 0:
        score -= 12.0  # a single line among many others, and not the first
    return score


def _same_host(one: Finding, other: Finding) -> bool:
    if one.target is None or other.target is None:
        return False
    return host_of(one.target) == host_of(other.target)


def _level(event: Event) -> float:
    return {"CRITICAL": 8.0, "ERROR": 6.0, "WARNING": 3.0, None: 3.0}.get(event.head.level, -5.0)


def _is_innermost(found: Match) -> bool:
    """Whether the line is the last "Caused by" of its trace, or the exception that ends a Python one."""
    if found.line.number == found.event.line:
        return False
    causes = [line for line in found.event.body if _CAUSED_BY.match(line.text)]
    if causes:
        return causes[-1].number == found.line.number
    return found.line.text[:1].strip() != "" and _EXCEPTION_NAME.match(found.line.text) is not None


def exception_name(found: Match) -> str | None:
    """The class of the exception that a line names."""
    name = _EXCEPTION_NAME.search(found.line.text[:500])
    return name[1] if name else None
