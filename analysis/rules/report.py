"""From findings to the text that a person reads."""

from __future__ import annotations

from dataclasses import dataclass

from heimdall_project.events.jobs import Severity

from ..analyzer import Analysis, AnalysisInput
from . import judging
from .citing import Citations
from .components import frame_of, safe, short
from .findings import Finding, Findings, exception_name
from .logins import Accepted, accepted_login
from .matching import UNRECOGNISED
from .phrases import PHRASES
from .reading import MOST_LINES
from .rule import Depth, Target
from .specialists import Consultation
from .targets import sources
from .texts import WORDINGS

TEXT_CHARS = 2_000
_OTHERS = 3


@dataclass(slots=True)
class _Texts:
    """The sentences of the three parts."""

    summary: list[str]
    cause: list[str]
    advice: list[str]


class Report:
    """Writes one analysis in one language."""

    def __init__(
        self,
        given: AnalysisInput,
        findings: Findings,
        consultation: Consultation | None,
        *,
        engine: str,
        version: str,
    ) -> None:
        self.given = given
        self.findings = consultation.findings if consultation else findings
        self.consultation = consultation
        self.engine = engine
        self.version = version
        self.say = PHRASES[given.language]
        self.words = WORDINGS[given.language]
        self.citations = Citations(given.log_content)

    def write(self) -> Analysis:
        """The whole answer."""
        if self.findings.failures:
            return self._failure()
        if self.findings.ranked:
            return self._warnings(self.findings.ranked[0])
        return self._nothing()

    def _failure(self) -> Analysis:
        first, lead = self.findings.failures[0], self.findings.lead
        over = self.findings.is_over(first)
        self._cite(lead, self.say.claim_first)
        accepted = accepted_login(self.findings, first)
        texts = _Texts(
            summary=[f"{self._who(lead)}: {self._what(lead)}.", self._extent(lead)],
            cause=[self.words[first.rule.name].cause, *self._named(first), *self._innermost(first)],
            advice=[self.words[first.rule.name].advice, self.say.read_from.format(line=self._start())],
        )
        texts.summary.extend(self._details(first, lead, accepted))
        texts.cause.extend(self._chain(first, lead))
        texts.cause.extend(self._specialists(first))
        if over:
            left = self.findings.reading.lines - first.last.line.number
            texts.cause.append(self.say.over.format(lines=left))
        self.citations.add(lead.last.line.number, self.say.claim_last)
        severity = max(
            (
                judging.severity_of(each, environment=self.given.environment, over=over)
                for each in (first, lead)
            ),
            key=list(Severity).index,
        )
        if accepted and accepted.same_source:
            severity = Severity.CRITICAL
        return self._analysis(texts, severity, judging.confidence_of(self.findings), lead.component)

    def _warnings(self, warned: Finding) -> Analysis:
        words = self.words[warned.rule.name]
        kinds: dict[str, list[int]] = {}
        for each in warned.matches:
            kinds.setdefault(self.findings.template_of(each).id, []).append(each.line.number)
        for lines in sorted(kinds.values(), key=lambda lines: (-len(lines), lines[0]))[:_OTHERS]:
            self.citations.add(lines[0], self.say.claim_warning.format(count=self._counted(len(lines))))
        summary = [f"{self._who(warned)}: {words.what}.", self._extent(warned)]
        texts = _Texts(summary, [words.cause], [words.advice])
        return self._analysis(texts, Severity.LOW, judging.WARNED_CONFIDENCE, warned.component)

    def _nothing(self) -> Analysis:
        say, who = self.say, self._service()
        if not self.findings.reading.events:
            texts = _Texts([say.empty.format(who=who)], [say.empty_cause], [say.empty_advice])
            return self._analysis(texts, Severity.LOW, judging.EMPTY_CONFIDENCE, None)
        lines = min(self.findings.reading.lines, MOST_LINES)
        summary = [say.nothing.format(who=who, lines=lines)]
        texts = _Texts(summary, [say.nothing_cause], [say.nothing_advice])
        return self._analysis(texts, Severity.LOW, judging.NOTHING_CONFIDENCE, None)

    def _analysis(
        self, texts: _Texts, severity: Severity, confidence: float, component: str | None
    ) -> Analysis:
        reading = self.findings.reading
        if not reading.complete:
            texts.summary.append(self.say.partial.format(read=MOST_LINES, lines=reading.lines))
        return Analysis(
            summary=" ".join(texts.summary)[:TEXT_CHARS],
            root_cause=" ".join(texts.cause)[:TEXT_CHARS],
            recommendation=" ".join(texts.advice)[:TEXT_CHARS],
            severity=severity,
            confidence=confidence,
            component=component,
            evidence=self.citations.evidence(),
            engine=self.engine,
            engine_version=self.version,
        )

    def _service(self) -> str:
        return safe(self.given.service_name) or "log"

    def _who(self, finding: Finding) -> str:
        return short(finding.component) if finding.component else self._service()

    def _what(self, finding: Finding) -> str:
        target = finding.target or self.say.unknown[finding.rule.target]
        if finding.target and finding.rule.target is Target.SOURCE:
            target = self.say.mostly_from.format(target=target)
        return self.words[finding.rule.name].what.format(target=target)

    def _cite(self, finding: Finding, claim: str) -> None:
        self.citations.add(finding.first.line.number, claim.format(what=self._what(finding)))

    def _extent(self, finding: Finding) -> str:
        stamp = finding.first.event.head.timestamp
        time = self.say.at_time.format(time=safe(stamp)) if stamp else ""
        template = self.say.one_line if finding.count == 1 else self.say.many_lines
        first, last = finding.first.line.number, finding.last.line.number
        return template.format(count=finding.count, first=first, last=last, time=time)

    def _details(self, first: Finding, lead: Finding, accepted: Accepted | None) -> list[str]:
        """What else the summary must not leave out."""
        details = []
        if lead is not first:
            line = first.first.line.number
            details.append(self.say.reason.format(line=line, what=self._what(first)))
            self._cite(first, self.say.claim_reason)
        if accepted:
            line = accepted.match.line.number
            text = self.say.accepted_same if accepted.same_source else self.say.accepted
            details.append(text.format(line=line))
            self.citations.add(line, self.say.claim_accepted)
        if first.rule is UNRECOGNISED:
            details.append(self._unrecognised(first))
        return details

    def _unrecognised(self, finding: Finding) -> str:
        """Quote the earliest kind of error and cite the rarest."""
        kinds = [self.findings.template_of(each) for each in finding.matches]
        rarest = min(range(len(kinds)), key=lambda n: (kinds[n].count, n))
        if kinds[rarest].id != kinds[0].id:
            self.citations.add(finding.matches[rarest].line.number, self.say.claim_rare)
        return self.say.unrecognised.format(template=safe(kinds[0].text.replace("<*>", "..")))

    def _named(self, finding: Finding) -> list[str]:
        """What else the lines name, where the phrase has no place for it."""
        if finding.rule.target is Target.SOURCE:
            count = len(sources(finding.matches))
            return [self.say.distinct_sources.format(count=count)] if count > 1 else []
        if finding.target and "{target}" not in self.words[finding.rule.name].what:
            return [self.say.mostly.format(target=finding.target)]
        return []

    def _innermost(self, finding: Finding) -> list[str]:
        found = finding.innermost
        name = exception_name(found) if found else None
        if not found or not name:
            return []
        self.citations.add(found.line.number, self.say.claim_innermost)
        texts = [self.say.innermost.format(name=safe(name), line=found.line.number)]
        frame = frame_of(found.event)
        if frame and frame != finding.component:
            texts.append(self.say.raised_in.format(frame=frame))
        return texts

    def _chain(self, first: Finding, lead: Finding) -> list[str]:
        """The other failures, by time: what follows is a consequence of it, what precedes perhaps a sign."""
        others = [each for each in self.findings.failures[1:] if each is not lead][:_OTHERS]
        others = [each for each in others if each.rule is not UNRECOGNISED]
        start, depth = first.first.line.number, first.rule.depth
        after = [each for each in others if each.first.line.number >= start and each.rule.depth <= depth]
        before = [each for each in others if each not in after]
        texts = []
        for group, text, claim in (
            (after, self.say.follows, self.say.claim_follows),
            (before, self.say.precedes, self.say.claim_precedes),
        ):
            if group:
                texts.append(text.format(items="; ".join(map(self._item, group))))
            for each in group:
                self._cite(each, claim)
        return texts

    def _specialists(self, first: Finding) -> list[str]:
        """Who of the specialists says so, what the others say to it."""
        heard = self.consultation
        if heard is None or first.rule is UNRECOGNISED:
            return []
        names = self.say.domains
        texts = [self.say.spoke.format(domain=names[heard.root.domain])]
        if heard.unanswered:
            texts.append(self.say.unanswered.format(kind=safe(heard.unanswered)))
        for other in heard.others:
            if other.follows:
                texts.append(self.say.agrees.format(domain=names[other.domain]))
            elif other.finding.rule.depth >= Depth.DEPENDENCY:
                item = self._item(other.finding)
                texts.append(self.say.besides.format(domain=names[other.domain], item=item))
                self._cite(other.finding, self.say.claim_besides)
        return texts

    def _item(self, finding: Finding) -> str:
        line = finding.first.line.number
        return self.say.item.format(what=self._what(finding), line=line, count=self._counted(finding.count))

    def _counted(self, count: int) -> str:
        return self.say.line if count == 1 else self.say.lines.format(count=count)

    def _start(self) -> int:
        """Where to start reading: the earliest failure of the log."""
        return min(each.first.event.line for each in self.findings.failures[: _OTHERS + 1])
