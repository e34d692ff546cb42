"""Logs that were put together: who wrote a line, and which lines belong together."""

import pytest

from analysis.analyzer import AnalysisInput
from analysis.providers.rule_based import RuleBasedAnalyzer
from analysis.rules.origins import origins
from analysis.rules.reading import read


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["db-1   | a", "web-12 | b"], ["db", "web"]),
        (["[pod/orders-77-x/orders] a", "[pod/orders-77-x/proxy] b"], ["orders", "proxy"]),
        (["==> /var/log/nginx/error.log <==", "a", "==> b.log <==", "b"], ["nginx", "nginx", "b", "b"]),
        (["==> /var/log/app.log <==", "a"], [None, None]),
        (["==> /var/log/postgresql/postgresql-16-main.log <==", "a"], ["postgresql", "postgresql"]),
        (["a | b", "c", "d", "e"], [None, None, None, None]),
        (["", " "], [None, None]),
    ],
)  # fmt: skip
def test_a_mark_before_most_lines_names_who_wrote_them(lines: list[str], names: list[str | None]) -> None:
    assert [origin.name for origin in origins(lines)] == names


def test_lines_of_a_trace_stay_with_the_service_that_wrote_it() -> None:
    log = "\n".join(
        (
            "a-1 | 2026-11-21 10:00:00 ERROR x.Y: broken",
            "b-1 | 2026-11-21 10:00:00 ERROR v.W: refused",
            "a-1 | java.lang.IllegalStateException: no",
            "b-1 | java.net.ConnectException: Connection refused",
        )
    )
    first, second = read(log).events
    assert [line.number for line in first.body] == [3]
    assert [line.number for line in second.body] == [4]


def test_citations_show_the_lines_as_they_were_given() -> None:
    log = "db-1  | no space left on device\nweb-1 | 2026-11-21 10:00:01 ERROR web.x: timed out"
    answer = RuleBasedAnalyzer().analyze(AnalysisInput(log, "shop", "production"))
    assert answer.component == "db"
    assert answer.evidence[0].text == "db-1  | no space left on device"
