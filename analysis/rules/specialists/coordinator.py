"""The coordinator: hears every specialist, and says whose finding is the root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from heimdall_project.events.jobs import Severity

from ..findings import Finding, Findings
from ..logins import accepted_login
from ..matching import UNRECOGNISED
from ..rule import Depth
from .causes import explains
from .domains import Domain, domain_of

PERFORMANCE = frozenset(
    ("conntrack_full", "deadlock", "descriptors", "lock_wait", "out_of_memory", "pool_exhausted",
     "ports_exhausted", "rate_limited", "slow_query", "stalled", "store_memory", "threads_exhausted",
     "timeout")
)  # fmt: skip
"""The kinds of failure that `analysis_type` "performance" puts first."""
NOISE = frozenset(("password_guessing", "probing"))


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one specialist puts first, and whether the root explains it."""

    domain: Domain
    finding: Finding
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Consultation:
    """The root, what the other specialists say, and the findings with the root in front."""

    root: Opinion
    others: tuple[Opinion, ...]
    findings: Findings
    unanswered: str = ""
    """What was asked for and nobody has a finding of; "" if that is not so."""


def consult(findings: Findings, analysis_type: str = "error") -> Consultation | None:
    """Hear all specialists; None where nothing failed.

    ``analysis_type`` puts the findings of one domain, or those about performance, first. Any other type asks
    for whatever is the root.
    """
    failures = findings.failures
    if not failures:
        return None
    wanted = [finding for finding in failures if _is_of(finding, analysis_type)]
    among = wanted or failures
    signals = [each for each in among if not _is_noise(each, findings) and _is_grave(each)]
    first = signals[0] if signals and _is_noise(among[0], findings) else among[0]
    root = _root_of(first, among)
    others = []
    for domain in Domain:
        best = next((each for each in failures if domain_of(each) is domain and each is not root), None)
        if best and domain is not domain_of(root) and best.rule is not UNRECOGNISED:
            others.append(Opinion(domain, best, follows=explains(root, best)))
    ranked = (root, *(each for each in findings.ranked if each is not root))
    return Consultation(
        Opinion(domain_of(root), root),
        tuple(others),
        replace(findings, ranked=ranked),
        unanswered="" if wanted else analysis_type.lower(),
    )


def _is_of(finding: Finding, analysis_type: str) -> bool:
    kind = analysis_type.lower()
    if kind == "performance":
        return finding.rule.name in PERFORMANCE
    return kind not in tuple(Domain) or domain_of(finding) == kind


def _is_noise(finding: Finding, findings: Findings) -> bool:
    """Scans and guesses that got nowhere go on all day: they are no root of anything else that fails."""
    accepted = accepted_login(findings, finding)
    if accepted and accepted.same_source:
        return False
    return finding.rule.name in NOISE


def _is_grave(finding: Finding) -> bool:
    """Whether it is more than what goes wrong on any day."""
    return finding.rule.depth >= Depth.DEPENDENCY and finding.rule.severity in (
        Severity.HIGH,
        Severity.CRITICAL,
    )


def _root_of(finding: Finding, among: Sequence[Finding]) -> Finding:
    """Follow the causes upward: from the best finding to what explains it, and so on."""
    seen = {finding.rule}
    while True:
        causes = (each for each in among if each.rule not in seen and explains(each, finding))
        cause = next((each for each in causes if _is_before(each, finding)), None)
        if cause is None:
            return finding
        seen.add(cause.rule)
        finding = cause


def _is_before(cause: Finding, effect: Finding) -> bool:
    return cause.first.line.number <= effect.first.line.number
