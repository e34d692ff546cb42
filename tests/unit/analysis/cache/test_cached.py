"""An analyzer behind a cache: what is the same question, what is kept, what is given back."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from analysis.analyzer import Flawed, GivenUp, Language, Refused, verify_evidence
from analysis.cache.entries import MOST_BYTES
from analysis.cache.stores import MemoryCache
from heimdall_project.errors import TransientError
from heimdall_project.events.jobs import FailureClass

from .engine import LOG, Away, Clock, Engine, given, wrapped


def counted(outcome: str, store: str = "memory") -> float:
    labels = {"store": store, "outcome": outcome}
    return REGISTRY.get_sample_value("heimdall_analysis_cache_total", labels) or 0.0


def test_the_second_time_the_engine_is_not_asked_and_the_answer_says_so() -> None:
    engine, clock = Engine(), Clock()
    analyzer = wrapped(engine, clock=clock)
    hits = counted("hit")
    first = analyzer.analyze(given())
    computed_at = clock.now()
    clock.seconds += 10
    second = analyzer.analyze(given())
    assert (engine.asked, first.from_cache, second.from_cache) == (1, False, True)
    assert first.computed_at == second.computed_at == computed_at
    assert (second.severity, second.confidence, second.component) == (first.severity, 0.8, "orders")
    assert counted("hit") == hits + 1


def test_another_value_that_is_masked_is_the_same_question_and_citations_show_the_askers_own_line() -> None:
    engine = Engine()
    analyzer = wrapped(engine)
    analyzer.analyze(given())
    other = given(LOG.replace("a@example.com", "somebody.else@example.org"))
    answer = analyzer.analyze(other)
    assert engine.asked == 1
    assert answer.evidence[0].text == "user somebody.else@example.org waits"
    verify_evidence(other, answer)


def test_nothing_that_is_masked_is_kept() -> None:
    cache = MemoryCache(most=10, lifetime=60)
    analyzer = wrapped(Engine(), cache)
    fresh = analyzer.analyze(given())
    kept = b"".join(value for _, value in cache._kept.values())
    assert "a@example.com" in fresh.summary
    assert b"a@example.com" not in kept
    assert b"waits" in kept
    assert analyzer.analyze(given()).summary == "answer 1: user <email#1> waits"


@pytest.mark.parametrize(
    "log",
    [LOG + "\n", LOG.replace("\n", "\r\n"), LOG.replace("\n", "  \t\n")],
    ids=["end", "returns", "blanks"],
)
def test_the_ends_of_lines_are_no_difference(log: str) -> None:
    engine = Engine()
    analyzer = wrapped(engine)
    analyzer.analyze(given())
    verify_evidence(given(log), analyzer.analyze(given(log)))
    assert engine.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        given("\n" + LOG),
        given(LOG + "\n\n"),
        given(LOG.replace("2026-11-21", "2026-11-22")),
        given(LOG.upper()),
        given(service_name="payments"),
        given(environment="staging"),
        given(analysis_type="security"),
        given(language=Language.KO),
        given(client="user:2"),
    ],
    ids=["line", "lines", "time", "case", "service", "environment", "type", "language", "owner"],
)
def test_any_other_difference_is_another_question(other: Any) -> None:
    engine = Engine()
    analyzer = wrapped(engine)
    analyzer.analyze(given())
    assert not analyzer.analyze(other).from_cache
    assert engine.asked == 2


def test_fields_cannot_run_into_each_other() -> None:
    engine = Engine()
    analyzer = wrapped(engine)
    analyzer.analyze(given(service_name="a", environment='b", "c'))
    assert not analyzer.analyze(given(service_name='a", "b', environment="c")).from_cache


def test_another_version_of_the_engine_is_another_question() -> None:
    engine = Engine()
    cache = MemoryCache(most=10, lifetime=60)
    wrapped(engine, cache).analyze(given())
    assert not wrapped(replace(engine, engine_version="2"), cache).analyze(given()).from_cache


def test_owners_share_answers_only_where_the_settings_say_so() -> None:
    engine = Engine()
    analyzer = wrapped(engine, shared=True)
    analyzer.analyze(given(client="user:1"))
    assert analyzer.analyze(given(client="user:2")).from_cache


@pytest.mark.parametrize(
    "error",
    [
        Refused(FailureClass.BUDGET, "no tokens"),
        Flawed(FailureClass.BAD_OUTPUT, "no JSON"),
        TransientError("model"),
        GivenUp(),
        ValueError("broken"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failures_are_not_kept(error: Exception) -> None:
    engine = Engine(fails=error)
    analyzer = wrapped(engine)
    with pytest.raises(type(error)):
        analyzer.analyze(given())
    engine.fails = None
    assert not analyzer.analyze(given()).from_cache


def test_an_answer_that_cites_what_is_not_there_is_not_kept() -> None:
    class Liar(Engine):
        def analyze(self, *asked: Any) -> Any:
            answer = super().analyze(*asked)
            return replace(answer, evidence=(replace(answer.evidence[0], line=99),))

    cache = MemoryCache(most=10, lifetime=60)
    with pytest.raises(Exception, match="line 99 is cited"):
        wrapped(Liar(), cache).analyze(given())
    assert len(cache) == 0


def test_an_answer_of_a_stand_in_is_not_kept() -> None:
    class Fallback(Engine):
        def analyze(self, *asked: Any) -> Any:
            return replace(super().analyze(*asked), engine="rule-based")

    cache = MemoryCache(most=10, lifetime=60)
    wrapped(Fallback(), cache).analyze(given())
    assert len(cache) == 0


def test_an_answer_is_forgotten_when_its_time_is_over() -> None:
    engine, clock = Engine(), Clock()
    analyzer = wrapped(engine, clock=clock, lifetime=60)
    analyzer.analyze(given())
    clock.seconds += 61
    assert not analyzer.analyze(given()).from_cache


def test_the_memory_has_a_bound_and_the_entry_used_longest_ago_goes_first() -> None:
    cache = MemoryCache(most=2, lifetime=60)
    cache.put("a", b"1")
    cache.put("b", b"2")
    cache.get("a")
    cache.put("c", b"3")
    assert (cache.get("a"), cache.get("b"), cache.get("c"), len(cache)) == (b"1", None, b"3", 2)


def test_the_memory_is_safe_among_threads() -> None:
    cache = MemoryCache(most=5, lifetime=60)

    def work(number: int) -> None:
        for turn in range(500):
            cache.put(str((number + turn) % 9), b"x")
            cache.get(str(turn % 9))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) == 5


def test_without_the_store_everything_works_and_is_counted() -> None:
    engine = Engine()
    analyzer = wrapped(engine, Away())
    errors, not_kept = counted("error", "away"), counted("not_kept", "away")
    assert not analyzer.analyze(given()).from_cache
    assert (counted("error", "away"), counted("not_kept", "away")) == (errors + 1, not_kept + 1)


def test_equal_questions_at_the_same_time_are_asked_once() -> None:
    engine = Engine(hold=threading.Event())
    analyzer = wrapped(engine)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(analyzer.analyze(given()))) for _ in range(4)]
    shared = counted("shared")
    threads[0].start()
    assert engine.entered.wait(30)
    for thread in threads[1:]:
        thread.start()
    assert engine.hold is not None
    engine.hold.set()
    for thread in threads:
        thread.join()
    assert engine.asked == 1
    assert sorted(answer.from_cache for answer in answers) == [False, True, True, True]
    assert counted("shared") + counted("hit") >= shared + 3


def test_who_waits_for_an_equal_question_asks_when_that_fails() -> None:
    engine = Engine(hold=threading.Event(), fails=ValueError("broken"))
    analyzer = wrapped(engine)
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            analyzer.analyze(given())
        except ValueError as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert engine.hold is not None
    engine.hold.set()
    for thread in threads:
        thread.join()
    assert (engine.asked, len(failed)) == (3, 3)


def test_who_waits_for_an_equal_question_can_give_up() -> None:
    engine = Engine(hold=threading.Event())
    analyzer = wrapped(engine)
    leader = threading.Thread(target=lambda: analyzer.analyze(given()))
    leader.start()
    assert engine.entered.wait(30)

    def unwanted() -> None:
        raise GivenUp

    with pytest.raises(GivenUp):
        analyzer.analyze(given(), unwanted)
    assert engine.hold is not None
    engine.hold.set()
    leader.join()


def test_an_answer_that_is_too_long_is_given_and_not_kept() -> None:
    class Talker(Engine):
        def analyze(self, *asked: Any) -> Any:
            return replace(super().analyze(*asked), root_cause="x" * (MOST_BYTES + 1))

    cache = MemoryCache(most=10, lifetime=60)
    assert len(wrapped(Talker(), cache).analyze(given()).root_cause) == MOST_BYTES + 1
    assert len(cache) == 0
