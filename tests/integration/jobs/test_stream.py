"""A job's timeline as an event stream."""

import pytest

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


@pytest.mark.parametrize("strange", ["", "x", "-1", "9" * 40])
def test_a_strange_position_brings_everything(strange: str) -> None:
    job = make_job()
    assert len(job_timeline(job.owner, job.pk).fetch(strange).events) == 1


def test_the_timeline_of_another_owner_is_not_there() -> None:
    with pytest.raises(NotFound):
        job_timeline(make_user(), make_job().pk)
