"""Accepted logins beside failed ones: the one question that password guessing raises."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .findings import Finding, Findings
from .matching import Match
from .reading import Line
from .targets import sources

RULE = "password_guessing"
_ACCEPTED = re.compile(r"accepted (?:password|publickey|keyboard-interactive)|login (?:succeeded|successful)")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted login, and whether it came from an address that also failed."""

    match: Match
    same_source: bool


def accepted_login(findings: Findings, finding: Finding) -> Accepted | None:
    """The accepted login that matters most: one from an attacking address before any other."""
    if finding.rule.name != RULE:
        return None
    attackers = sources(finding.matches)
    found: Accepted | None = None
    for event in findings.reading.events:
        if _ACCEPTED.search(event.head.message[:500].lower()):
            match = Match(Line(event.line, event.head.message), event)
            same = any(address in attackers for address in sources([match]))
            if same:
                return Accepted(match, same_source=True)
            found = found or Accepted(match, same_source=False)
    return found
