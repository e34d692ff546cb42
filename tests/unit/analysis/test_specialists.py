"""Specialists and their coordinator: who speaks, what is a root, what only follows, what was asked for."""

import pytest

from analysis.analyzer import Analysis, AnalysisInput, Language
from analysis.providers.rule_based import RuleBasedAnalyzer
from analysis.rules.findings import find
from analysis.rules.matching import UNRECOGNISED, WARNED
from analysis.rules.reading import read
from analysis.rules.specialists import Domain, consult
from analysis.rules.specialists.causes import EXPLAINS
from analysis.rules.specialists.domains import RULES_OF
from analysis.rules.table import RULES

STAMP = "2026-11-21 10:00:{:02d} "
TIMEOUTS = [STAMP.format(5 + n) + "ERROR shop.Orders: request to inventory:8080 timed out" for n in range(3)]
DISK = STAMP.format(1) + "ERROR stock.Store: cannot write: No space left on device /var/lib/stock"
GUESSES = [
    f"Nov 21 10:00:{n:02d} host sshd[{n}]: Failed password for root from 203.0.113.9 port 4{n} ssh2"
    for n in range(12)
]


def explain(*lines: str, kind: str = "error", language: Language = Language.EN) -> Analysis:
    given = AnalysisInput("\n".join(lines), "shop", "production", analysis_type=kind, language=language)
    return RuleBasedAnalyzer().analyze(given)


def test_every_rule_is_the_business_of_one_specialist() -> None:
    of = [name for names in RULES_OF.values() for name in names]
    assert sorted(of) == sorted(rule.name for rule in (*RULES, UNRECOGNISED, WARNED))


def test_causes_are_told_by_names_of_rules_and_nothing_explains_itself() -> None:
    names = {rule.name for rule in RULES}
    assert set(EXPLAINS) <= names
    for cause, effects in EXPLAINS.items():
        assert effects <= names
        assert cause not in effects


def test_a_root_beats_its_symptoms_and_the_others_say_that_theirs_follow() -> None:
    answer = explain(DISK, *TIMEOUTS)
    assert answer.component == "stock.Store"
    assert "Found by the database specialist." in answer.root_cause
    assert "What the network specialist sees follows from it." in answer.root_cause


def test_a_link_that_went_down_before_explains_what_cannot_be_reached() -> None:
    answer = explain(
        "Nov 21 10:00:01 node-1 kernel: eth0: NIC Link is Down",
        STAMP.format(3) + "ERROR etl.Load: No route to host from node-1 to nn-1:8020 failed",
    )
    assert answer.component == "kernel"


def test_what_began_before_the_link_went_down_is_not_explained_by_it() -> None:
    answer = explain(
        STAMP.format(3) + "ERROR etl.Load: No route to host from node-1 to nn-1:8020 failed",
        "Nov 21 10:00:09 node-1 kernel: eth0: NIC Link is Down",
    )
    assert answer.component == "etl.Load"


def test_a_finding_that_the_root_does_not_explain_is_told_besides() -> None:
    answer = explain(*GUESSES, *TIMEOUTS, DISK)
    assert "Not explained by it, the security specialist finds: many failed logins" in answer.root_cause


def test_a_database_that_does_not_answer_is_the_business_of_the_database_specialist() -> None:
    heard = consult(find(read(STAMP.format(1) + "ERROR shop.Orders: connection refused by db-1:5432")))
    assert heard is not None
    assert heard.root.domain is Domain.DATABASE


@pytest.mark.parametrize(
    ("kind", "component"),
    [
        ("error", "stock.Store"),
        ("anything else", "stock.Store"),
        ("database", "stock.Store"),
        ("network", "shop.Orders"),
        ("performance", "shop.Orders"),
        ("security", "sshd"),
        ("SECURITY", "sshd"),
    ],
)
def test_the_type_of_the_analysis_picks_what_comes_first(kind: str, component: str) -> None:
    assert explain(DISK, *TIMEOUTS, *GUESSES, kind=kind).component == component


def test_a_type_of_which_there_is_nothing_is_said_so_and_the_failure_told() -> None:
    answer = explain(DISK, kind="security")
    assert answer.component == "stock.Store"
    assert "Asked for security, nothing of that kind was found" in answer.root_cause
    assert "요청한 유형(security)" in explain(DISK, kind="security", language=Language.KO).root_cause


def test_a_healthy_log_has_no_specialists() -> None:
    assert consult(find(read("2026-11-21 10:00:00 INFO shop: fine"))) is None
    assert "specialist" not in explain("2026-11-21 10:00:00 INFO shop: fine", kind="security").root_cause
