"""Which rules hold for which lines.

Rules are tried on a few lines of each template first, and only those that hold there on all of its lines: a
log of thousands of lines has a few dozen templates.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from heimdall_project.events.jobs import Severity

from ..mining import Mined, Template, mine
from .reading import Event, Line
from .rule import Depth, Rule
from .table import RULES

_SAMPLES = 8
_READ_CHARS = 2_000
# What looks like trouble and says the opposite.
_HARMLESS = re.compile(
    r"\b(?:no|0|zero|without(?: any)?) (?:errors?|failures?|failed|exceptions?|warnings?)\b"
    r"|\b(?:errors?|fail(?:ed|ures?)?|error_?code|exit_?code|retries)\s?[=:]\s?(?:0|none|null|false)\b"
    r"|\"logical replication launcher\" .{0,40}exited with exit code 1"
    r"|net_ratelimit: \d+ callbacks suppressed"
    r"|authentication disabled|negotiated timeout|timeout(?:s| set| is)? (?:to|of|=|:) ?\d+|\d+ failed, 0 "
)

UNRECOGNISED = Rule("unrecognised", re.compile(r"(?!)"), Depth.GENERIC, Severity.MEDIUM)
WARNED = Rule("warned", re.compile(r"(?!)"), Depth.GENERIC, Severity.LOW)


@dataclass(frozen=True, slots=True)
class Match:
    """A line that a rule holds for, and the event it is part of."""

    line: Line
    event: Event


@dataclass(frozen=True, slots=True)
class Matched:
    """The lines of each rule, in order, and the template of each event by its line."""

    by_rule: dict[Rule, list[Match]]
    templates: dict[int, Template]

    def template_of(self, event: Event) -> Template:
        """The template of an event's message."""
        return self.templates[event.line]


def match(events: Sequence[Event]) -> Matched:
    """Try all rules on all events. Errors and warnings that no rule knows come under rules of their own.

    What the log itself calls unremarkable counts only if it calls nothing else a failure or a warning.
    """
    mined = mine([event.head.message[:_READ_CHARS] for event in events])
    by_rule: defaultdict[Rule, list[Match]] = defaultdict(list)
    by_hint: defaultdict[Rule, list[Match]] = defaultdict(list)
    for template in mined.templates:
        members = [events[number - 1] for number in template.lines]
        candidates = _candidates(members)
        for event in members:
            for rule, line in _of_event(event, candidates):
                certain = rule.quiet or not event.is_quiet
                (by_rule if certain else by_hint)[rule].append(Match(line, event))
    if not by_rule:
        for rule, found in by_hint.items():
            by_rule[rule].extend(found)
    enough = {
        rule: sorted(matches, key=lambda each: each.line.number)
        for rule, matches in by_rule.items()
        if len(matches) >= rule.least
    }
    return Matched(enough, _by_line(events, mined))


def _by_line(events: Sequence[Event], mined: Mined) -> dict[int, Template]:
    return {
        event.line: mined.templates[index] for event, index in zip(events, mined.assignments, strict=True)
    }


def _candidates(members: Sequence[Event]) -> list[Rule]:
    """The rules that hold for some of the lines of one template."""
    samples = members[:: max(1, len(members) // _SAMPLES)]
    texts = [_searched(event.head.message) for event in samples]
    return [rule for rule in RULES if any(rule.pattern.search(text) for text in texts)]


def _of_event(event: Event, candidates: Sequence[Rule]) -> list[tuple[Rule, Line]]:
    """The rules of one event: those of its message, those of its trace, or none that is known."""
    found = [
        (rule, Line(event.line, event.head.message))
        for rule in candidates
        if _holds(rule, event.head.message)
    ]
    for line in event.body:
        text = _searched(line.text)
        found.extend((rule, line) for rule in RULES if rule.pattern.search(text))
    if any(rule.depth > Depth.GENERIC for rule, _ in found):
        found = [(rule, line) for rule, line in found if rule.depth > Depth.GENERIC]
    if not found and event.is_error:
        found = [(UNRECOGNISED, Line(event.line, event.head.message))]
    if not found and event.head.level == "WARNING":
        found = [(WARNED, Line(event.line, event.head.message))]
    return found


def _holds(rule: Rule, message: str) -> bool:
    return rule.pattern.search(_searched(message)) is not None


def _searched(text: str) -> str:
    return _HARMLESS.sub(" ", text[:_READ_CHARS].lower())
