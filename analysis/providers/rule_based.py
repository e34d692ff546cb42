"""The deterministic analyzer: templates, rules, four specialists, and honest words where none knows."""

from __future__ import annotations

from ..analyzer import Analysis, AnalysisInput, Wanted, always, verify_evidence
from ..rules.findings import find
from ..rules.reading import read
from ..rules.report import Report
from ..rules.specialists import consult


class RuleBasedAnalyzer:
    """Explains a log by rules. The same input gives the same answer; text in the log is only ever data."""

    is_quick = True
    engine = "rule-based"
    engine_version = "2"

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """Explain the log. Pure; raises nothing for any text."""
        findings = find(read(given.log_content))
        consultation = consult(findings, given.analysis_type)
        report = Report(given, findings, consultation, engine=self.engine, version=self.engine_version)
        analysis = report.write()
        verify_evidence(given, analysis)
        return analysis
