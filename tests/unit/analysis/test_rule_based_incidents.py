"""What the rule-based analyzer says about short excerpts of known incidents, all of our own making."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.analyzer import Analysis, AnalysisInput, Language, verify_evidence
from analysis.providers.rule_based import RuleBasedAnalyzer

INCIDENTS = Path(__file__).parent / "incidents"


def explain(name: str, *, language: Language = Language.EN, environment: str = "production") -> Analysis:
    """The analysis of one excerpt."""
    content = (INCIDENTS / f"{name}.log").read_text("utf-8")
    given = AnalysisInput(content, f"{name}-service", environment, language=language)
    analysis = RuleBasedAnalyzer().analyze(given)
    verify_evidence(given, analysis)
    return analysis


@dataclass(frozen=True)
class Expected:
    """What the answer must hold."""

    component: str | None
    severity: str
    says: str
    cites: int


EXPECTED = {
    "pool_exhausted": Expected("c.e.shop.order.OrderRepository", "HIGH", "connection pool is exhausted", 9),
    "connection_refused": Expected("payments.ledger", "HIGH", "10.0.4.17:5432 (PostgreSQL) are refused", 8),
    "out_of_memory": Expected("search-indexer", "CRITICAL", "memory ran out", 3),
    "disk_full": Expected("postgres", "CRITICAL", "disk is full", 2),
    "dns": Expected("mailer.smtp", "HIGH", "smtp.internal.example.net cannot be resolved", 2),
    "tls_expired": Expected("billing-client", "HIGH", "TLS handshake with tax.example.com fails", 5),
    "brute_force": Expected("sshd", "CRITICAL", "mostly from 203.0.113.9", 12),
    "null_pointer": Expected("com.example.cart.PriceCalculator", "MEDIUM", "value that is not there", 3),
    "deadlock": Expected("postgres", "HIGH", "deadlock", 2),
    "crash_loop": Expected("report", "HIGH", "keeps ending and being restarted", 2),
    "missing_class": Expected("com.example.Launcher", "HIGH", "class, module or program is missing", 6),
    "rate_limited": Expected("geo-client", "MEDIUM", "api.geo.example.com limits our requests", 2),
    "upstream": Expected("nginx", "HIGH", "connections to 10.0.3.8:8080 are refused", 1),
    "kafka_quorum": Expected("kafka.server.ReplicaManager", "HIGH", "replicas cannot be served", 4),
    "permission": Expected("uploader.store", "MEDIUM", "access to /srv/data/uploads/77.bin is denied", 6),
    "cascade": Expected("com.example.stock.Repository", "CRITICAL", "disk is full", 2),
    "defect": Expected("shop.workers.runner", "MEDIUM", "a defect in the code", 8),
    "refused_then_given_up": Expected("payment", "HIGH", "db-primary:5432 (PostgreSQL) are refused", 2),
    "plain": Expected(None, "MEDIUM", "calls to database time out", 1),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_names_component_failure_and_lines(name: str) -> None:
    expected, analysis = EXPECTED[name], explain(name)
    assert analysis.component == expected.component
    assert expected.says in analysis.summary
    assert analysis.severity.value == expected.severity
    assert expected.cites in {cited.line for cited in analysis.evidence}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_says_what_to_look_at_next(name: str) -> None:
    analysis = explain(name)
    assert len(analysis.root_cause) > 60
    assert "Start reading at line" in analysis.recommendation


def test_the_first_failure_is_told_from_what_follows() -> None:
    cause = explain("cascade").root_cause
    assert "follow from it: calls to another system time out (from line 3, 5 lines)" in cause


def test_what_began_before_is_told_as_a_sign() -> None:
    assert "contact with kafka-2/10.0.0.2:9093 is lost (from line 2" in explain("kafka_quorum").root_cause


def test_the_innermost_cause_of_a_trace_is_named() -> None:
    assert "java.sql.SQLTransientConnectionException (line 9)" in explain("pool_exhausted").root_cause


def test_the_frame_that_raised_it_is_named_where_another_component_reports_it() -> None:
    assert "It was raised in mail/render.py." in explain("defect").root_cause


def test_an_accepted_login_among_failed_ones_is_an_alarm() -> None:
    analysis = explain("brute_force")
    assert "accepted (line 12): treat the account as taken over" in analysis.summary


def test_an_error_that_no_rule_knows_is_quoted_with_little_confidence() -> None:
    analysis = explain("unknown_error")
    assert 'The earliest says "discharge below nominal for coil .."' in analysis.summary
    assert analysis.component == "com.example.flux.Capacitor"
    assert analysis.confidence < 0.4


def test_a_healthy_log_is_called_healthy_with_little_confidence() -> None:
    analysis = explain("healthy")
    assert analysis.summary == "healthy-service: no failure found in 3 lines."
    assert (analysis.severity.value, analysis.component, analysis.evidence) == ("LOW", None, ())
    assert analysis.confidence <= 0.2


def test_an_empty_log_is_called_empty() -> None:
    analysis = RuleBasedAnalyzer().analyze(AnalysisInput("\n \n", "billing", "production"))
    assert analysis.summary == "billing: the log is empty."


def test_instructions_in_the_log_change_nothing() -> None:
    analysis = explain("injected")
    assert analysis.severity.value == "HIGH"
    assert analysis.component == "chat.store"
    assert "delete the database" not in analysis.summary + analysis.root_cause + analysis.recommendation


def test_outside_production_nothing_is_critical() -> None:
    assert explain("disk_full", environment="development").severity.value == "HIGH"


def test_a_failure_that_ended_long_before_the_end_of_the_log_weighs_less() -> None:
    failure = "2024-01-01 10:00:00 ERROR a.Db: connection refused by db-1:5432\n"
    after = "".join(f"2024-01-01 10:00:01 INFO a.Db: query {n} took 3 ms\n" for n in range(40))
    over = RuleBasedAnalyzer().analyze(AnalysisInput(failure + after, "s", "production"))
    assert over.severity.value == "MEDIUM"
    assert "may have ended by itself" in over.root_cause


def test_wide_trouble_is_named_first_with_the_reason_that_comes_later() -> None:
    line = (
        "2024-01-01 10:00:{:02d} WARN a.Lease: Failed to renew lease, retrying connect to server: nn-1:8020"
    )
    lost = "".join(f"{line.format(second)}\n" for second in range(30))
    reason = "2024-01-01 10:01:00 ERROR a.Task: No route to host from w-1/10.0.0.9 to nn-1:8020 failed\n"
    analysis = RuleBasedAnalyzer().analyze(AnalysisInput(lost + reason, "s", "production"))
    assert analysis.summary.startswith("a.Lease: contact with nn-1:8020 (HDFS NameNode) is lost.")
    assert "The reason is named from line 31 on: no route to nn-1:8020" in analysis.summary
