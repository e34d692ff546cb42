"""Dependencies are asked side by side, within the time limit, and a hanging one only once."""

from threading import Event

import pytest

from heimdall_project.health import verdict
from heimdall_project.observability.readiness import Answer, NotWell, Probe, ask_all


def test_an_answer_carries_its_facts_and_a_failure_only_its_class() -> None:
    def broken(_: float) -> None:
        raise ConnectionError("postgres://user:hunter2@db is down")

    answers = ask_all(5, probes=[Probe("a", lambda _: {"unsent": 3}), Probe("b", broken)])
    assert (answers["a"].ok, answers["a"].facts) == (True, {"unsent": 3})
    assert (answers["b"].ok, answers["b"].error) == (False, "ConnectionError")


def test_a_dependency_that_hangs_is_given_up_in_time_and_not_asked_again() -> None:
    release, asked = Event(), []

    def hanging(_: float) -> None:
        asked.append(1)
        release.wait(30)

    probe = Probe("hanging", hanging)
    answers = [ask_all(0.05, probes=[probe])["hanging"] for _ in range(3)]
    release.set()
    assert [answer.error for answer in answers] == ["no answer in time"] * 3
    assert len(asked) == 1


def test_a_dependency_that_is_not_well_says_how() -> None:
    def unwell(_: float) -> None:
        raise NotWell("events wait", oldest=90)

    answer = ask_all(5, probes=[Probe("outbox", unwell)])["outbox"]
    assert (answer.ok, answer.error, answer.facts) == (False, "events wait", {"oldest": 90})


@pytest.mark.parametrize(
    ("failing", "expected"),
    [(set(), ("ready", 200)), ({"kafka"}, ("degraded", 200)), ({"kafka", "db"}, ("unavailable", 503))],
)
def test_only_what_is_required_makes_the_whole_unavailable(
    failing: set[str], expected: tuple[str, int]
) -> None:
    answers = {name: Answer(ok=name not in failing, seconds=0.0) for name in ("db", "kafka", "redis")}
    assert verdict(answers, required={"db"}) == expected
