"""The timelines of all jobs as one stream: nothing is left out silently, and nothing is told twice."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import Any

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from heimdall_project.api.stream import Event, Fetched
from heimdall_project.errors import Refused
from jobs import live
from jobs.live import JobNews, Position, job_news
from jobs.models import AnalysisJob, JobTransition
from jobs.selectors.horizon import Horizon
from jobs.services import LogDraft
from tests.factories import LOG, make_claim, make_job, make_user
from tests.people import People

pytestmark = pytest.mark.django_db(transaction=True)
LINE = """
INSERT INTO job_transitions (job_id, event, from_status, to_status, topic, actor, trace_id, note)
VALUES (%s, 'try_failed', 'PENDING', 'PENDING', '', 'test', '', '') RETURNING id
"""


@pytest.fixture(autouse=True)
def looks_anew(settings: Settings) -> None:
    """Each look asks the database."""
    settings.STREAM_POLL = 0


@pytest.fixture
def elsewhere() -> Iterator[psycopg.Connection[Any]]:
    """A second connection, whose transaction the test holds open."""
    with another() as opened:
        yield opened


@contextmanager
def another() -> Iterator[psycopg.Connection[Any]]:
    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname")}
    with psycopg.connect(**wanted) as opened:
        yield opened


def write(to: psycopg.Connection[Any], job: AnalysisJob) -> int:
    """A line that is not committed yet."""
    row = to.execute(LINE, (job.pk,)).fetchone()
    assert row is not None
    return int(row[0])


def news(user: Any, last_id: str | None = None, **query: list[str]) -> JobNews:
    """A stream that has begun."""
    feed = job_news(user, query)
    feed._horizon = Horizon()
    if last_id is None:
        [ready] = feed.fetch(None).events
        assert ready.name == "ready"
    return feed


def lines(fetched: Fetched) -> list[int]:
    return [event.data["id"] for event in fetched.events if event.data and "id" in event.data]


def names(fetched: Fetched) -> list[str]:
    return [event.name for event in fetched.events]


def test_what_happens_to_any_job_is_told(people: People) -> None:
    feed = news(people.vera)
    job = make_job(people.eve, priority="HIGH")
    make_claim(job)
    fetched = feed.fetch(None)
    assert names(fetched) == ["submitted", "claimed"]
    data = fetched.events[1].data
    assert (data["analysis_id"], data["to_status"], data["attempt"]) == (job.pk, "RUNNING", 1)
    assert (data["service_name"], data["priority"], data["moved"]) == ("orders", "HIGH", True)
    assert feed.fetch(None).events == []


def test_a_line_that_is_committed_late_is_not_skipped(
    people: People, elsewhere: psycopg.Connection[Any]
) -> None:
    job = make_job(people.eve)
    feed = news(people.vera)
    early = write(elsewhere, job)
    make_claim(job)
    later = JobTransition.objects.latest("pk").pk
    assert early < later
    assert lines(feed.fetch(None)) == []
    elsewhere.commit()
    assert lines(feed.fetch(None)) == [early, later]


def test_a_line_that_is_never_committed_holds_nothing_back_for_ever(
    people: People, elsewhere: psycopg.Connection[Any]
) -> None:
    job = make_job(people.eve)
    feed = news(people.vera)
    write(elsewhere, job)
    make_claim(job)
    assert lines(feed.fetch(None)) == []
    elsewhere.rollback()
    assert names(feed.fetch(None)) == ["claimed"]


def test_writers_who_follow_each_other_without_a_pause_do_not_stop_the_stream(people: People) -> None:
    job = make_job(people.eve)
    feed = news(people.vera)
    told: list[int] = []
    with another() as one, another() as other:
        written = [write(one, job)]
        told += lines(feed.fetch(None))
        written.append(write(other, job))
        one.commit()  # and the other is still open
        told += lines(feed.fetch(None))
        written.append(write(one, job))
        other.commit()
        told += lines(feed.fetch(None))
    assert told == written[:2]


def test_many_writers_at_once_lose_nothing_and_repeat_nothing(people: People) -> None:
    jobs = [make_job(people.eve) for _ in range(4)]
    feed, written, chance = news(people.vera), [], random.Random(7)

    def work(job: AnalysisJob, pauses: list[float]) -> None:
        with another() as own:
            for pause in pauses:
                written.append(write(own, job))
                time.sleep(pause)  # the transaction stays open for a moment
                own.commit()

    threads = [Thread(target=work, args=(job, [chance.random() / 50 for _ in range(40)])) for job in jobs]
    told: list[int] = []
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        told += lines(feed.fetch(None))
    told += lines(feed.fetch(None))
    assert told == sorted(written)


def test_a_transaction_that_stays_open_for_long_is_told_of(
    people: People, elsewhere: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    feed = job_news(people.vera, {})
    feed._horizon = Horizon(clock=lambda: now[0])
    feed.fetch(None)
    write(elsewhere, make_job(people.eve))
    feed.fetch(None), feed.fetch(None)
    now[0] = live.LONG_WAIT + 1
    assert names(feed.fetch(None)) == ["trouble"] and names(feed.fetch(None)) == []
    elsewhere.commit()
    now[0] += 1
    assert names(feed.fetch(None))[0] == "recovered"


def test_the_very_first_line_of_a_database_is_told(people: People) -> None:
    with connection.cursor() as sql:
        sql.execute("ALTER SEQUENCE job_transitions_id_seq RESTART")
    feed = news(people.vera)
    make_job(people.eve)
    assert lines(feed.fetch(None)) == [1]


def test_who_begins_while_a_line_is_not_committed_is_told_of_it(
    people: People, elsewhere: psycopg.Connection[Any]
) -> None:
    job, horizon = make_job(people.eve), Horizon()
    horizon.look()
    late = write(elsewhere, job)
    feed = job_news(people.vera, {})
    feed._horizon = horizon
    assert names(feed.fetch(None)) == ["ready"]
    elsewhere.commit()
    assert lines(feed.fetch(None)) == [late]


def test_a_database_that_was_put_back_settles_nothing_ahead_of_its_lines(
    people: People, elsewhere: psycopg.Connection[Any]
) -> None:
    """Its sequence stands where the backup had it: what was noted of the one before means nothing."""
    ticks = count()
    horizon = Horizon(clock=lambda: float(next(ticks)))
    continue_at(2_000_000)
    job = make_job(people.eve)
    horizon.look()
    continue_at(1_000_000)
    written = write(elsewhere, job)
    assert horizon.look().upto < written
    elsewhere.commit()
    assert horizon.look().upto == written


def continue_at(line: int) -> None:
    with connection.cursor() as sql:
        sql.execute("SELECT setval('job_transitions_id_seq', %s)", [line])


def test_it_goes_on_behind_the_last_position(people: People) -> None:
    first = news(people.vera)
    job = make_job(people.eve)
    seen = first.fetch(None).events[-1].id
    make_claim(job)
    again = news(people.vera, last_id=seen)
    assert names(again.fetch(seen)) == ["claimed"]


def test_only_what_the_caller_may_see_is_told(people: People) -> None:
    feed = news(people.eve)
    make_job(people.omar)
    mine = make_job(people.eve)
    assert [event.data["analysis_id"] for event in feed.fetch(None).events] == [mine.pk]


def test_lines_are_chosen_by_state_and_service(people: People) -> None:
    running, payments = news(people.vera, status=["RUNNING"]), news(people.vera, service=["payments"])
    make_claim(make_job(people.eve))
    make_job(people.eve, log=LogDraft(content=LOG, service_name="payments", environment="test"))
    assert names(running.fetch(None)) == ["claimed"]
    assert names(payments.fetch(None)) == ["submitted"]


@pytest.mark.parametrize(
    "query", [{"status": ["DONE"]}, {"service": ["x" * 129]}, {"service": ["a"] * 21}, {"service": ["\0"]}]
)
def test_filters_that_do_not_fit_are_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(Refused) as refused:
        job_news(make_user(), query)
    assert list(refused.value.errors) == list(query)


def test_a_client_that_fell_behind_is_told_and_catches_up(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 2)
    feed = news(people.vera)
    for _ in range(5):
        make_job(people.eve)
    first, second, third = (feed.fetch(None) for _ in range(3))
    assert names(first) == ["lagging", "submitted", "submitted"] and first.more
    assert names(second) == ["submitted"] * 2 and second.more
    assert names(third) == ["submitted"] and not third.more


def test_a_client_that_is_too_far_behind_is_told_to_read_anew_and_goes_on(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_BEHIND", 3)
    feed = news(people.vera)
    for _ in range(5):
        make_job(people.eve)
    [reset] = feed.fetch(None).events
    assert reset.name == "reset" and reset.id is not None and "Read the list anew" in reset.data["detail"]
    make_job(people.eve)
    assert names(feed.fetch(None)) == ["submitted"]


def test_a_position_behind_which_lines_may_have_been_purged_is_told(
    people: People, settings: Settings
) -> None:
    make_job(people.eve)
    old = str(Position(1, int(time.time() - settings.JOB_RETENTION)))
    assert names(news(people.vera, last_id=old).fetch(old)) == ["reset"]


@pytest.mark.parametrize(
    "strange", ["17", "x", "1@", "@1", "-1@5", "1@2@3", "٣@٣", "9" * 30 + "@1", f"{10**17}@{2 * 10**9}"]
)
def test_a_position_that_is_none_of_ours_is_told(people: People, strange: str) -> None:
    assert names(news(people.vera, last_id=strange).fetch(strange)) == ["reset"]


def test_a_client_for_whom_nothing_comes_keeps_a_fresh_position(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = news(people.eve)
    monkeypatch.setattr(live, "TOLD_EVERY", -1.0)
    make_job(people.omar)
    [moved] = feed.fetch(None).events
    assert moved.name == "" and moved.data is None
    assert Position.read(moved.id or "") == (JobTransition.objects.latest("pk").pk, int(time.time()))


def test_an_event_that_only_moves_the_position_dispatches_nothing() -> None:
    from heimdall_project.api.stream.events import frame

    assert frame(Event("7@9", "", None)) == b"id: 7@9\n\n"
