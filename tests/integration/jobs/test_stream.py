"""A job's timeline as an event stream."""

import pytest
from django.db import connection

from heimdall_project.errors import NotFound
from jobs.services import Hop, result_apply
from jobs.stream import job_timeline
from tests.factories import make_answer, make_claim, make_job, make_user

pytestmark = pytest.mark.django_db


def test_lines_come_in_order_and_the_stream_goes_on_while_the_job_does() -> None:
    job = make_job()
    make_claim(job)
    fetched = job_timeline(job.owner, job.pk).fetch(None)
    assert [event.name for event in fetched.events] == ["submitted", "claimed"]
    assert not fetched.over


def test_it_is_over_when_the_job_has_ended() -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id), hop=Hop("analysis.result", 0, 1))
    fetched = job_timeline(job.owner, job.pk).fetch(None)
    assert fetched.over and fetched.events[-1].data["to_status"] == "SUCCEEDED"


def test_it_goes_on_behind_the_last_line_that_was_seen() -> None:
    job = make_job()
    feed = job_timeline(job.owner, job.pk)
    seen = feed.fetch(None).events[-1].id
    make_claim(job)
    assert [event.name for event in feed.fetch(seen).events] == ["claimed"]


@pytest.mark.parametrize("strange", ["x", "-1", "9" * 40, "٣"])
def test_a_strange_position_is_told_and_brings_everything(strange: str) -> None:
    job = make_job()
    fetched = job_timeline(job.owner, job.pk).fetch(strange)
    assert [event.name for event in fetched.events] == ["reset", "submitted"]


def test_the_timeline_of_another_owner_is_not_there() -> None:
    with pytest.raises(NotFound):
        job_timeline(make_user(), make_job().pk)


def test_a_position_that_is_not_on_the_timeline_is_told_before_all_of_it() -> None:
    job = make_job()
    feed = job_timeline(job.owner, job.pk)
    assert [event.name for event in feed.fetch("4000000000").events] == ["reset", "submitted"]
    assert [event.name for event in feed.fetch("4000000000").events] == []


def test_a_timeline_whose_beginning_was_purged_says_so() -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id), hop=Hop("analysis.result", 0, 1))
    with connection.cursor() as sql:
        sql.execute("SELECT set_config('heimdall.purging', 'job_transitions', TRUE)")
        sql.execute("DELETE FROM job_transitions WHERE job_id = %s AND event = 'submitted'", [job.pk])
    fetched = job_timeline(job.owner, job.pk).fetch(None)
    assert [event.name for event in fetched.events] == ["purged", "result_applied"]


def test_a_job_that_is_not_kept_any_more_ends_its_stream() -> None:
    job = make_job()
    feed = job_timeline(job.owner, job.pk)
    feed.job_id = 4_000_000_000
    fetched = feed.fetch(None)
    assert fetched.over and [event.name for event in fetched.events] == ["gone"]
