"""The deterministic analyzer: templates, a table of rules, and honest words where neither knows."""

from __future__ import annotations

from ..analyzer import Analysis, AnalysisInput, Wanted, always, verify_evidence
from ..rules.findings import find
from ..rules.reading import read
from ..rules.report import Report


class RuleBasedAnalyzer:
    """Explains a log by rules. The same input gives the same answer; text in the log is only ever data."""

    is_quick = True
    engine = "rule-based"
    engine_version = "1"

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """Explain the log. Pure; raises nothing for any text."""
        findings = find(read(given.log_content))
        report = Report(given, findings, engine=self.engine, version=self.engine_version)
        analysis = report.write()
        verify_evidence(given, analysis)
        return analysis
