"""Where is my job: the sentence at the head of its page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.admin.where import Crew, Limits, Where, where
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.states import Event

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIMITS = Limits(queue_deadline=86_400, attempts=3)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def crews(members: int = 1, lag: int | None = None) -> dict[str, Crew]:
    names = {"relay": "outbox-relay", "worker": "analysis-worker", "sweeper": "job-sweeper"}
    return {part: Crew(name, members, lag) for part, name in names.items()}


def said(status: str, last: Any = None, crew: Any = None, attempt: Any = None, **fields: Any) -> Where:
    job = AnalysisJob(**{"status": status, "created_at": ago(minutes=13), "updated_at": NOW} | fields)
    current = AnalysisAttempt(
        **{"number": 1, "worker": "host:1", "created_at": job.created_at} | (attempt or {})
    )
    found = where(job, current, last or {}, crews() if crew is None else crew, LIMITS, NOW)
    return Where(found.text.replace("\u00a0", " "), found.following.replace("\u00a0", " "), found.is_troubled)


def test_a_pending_job_waits_for_the_relay() -> None:
    told = said("PENDING")
    assert told.text == "Accepted, and waiting for the broker for 13 min; outbox-relay has 1 member."
    assert not told.is_troubled


def test_without_a_relay_somebody_must_start_it() -> None:
    told = said("PENDING", crew=crews(0))
    assert "no outbox-relay runs" in told.text and "run_consumer outbox-relay" in told.following
    assert told.is_troubled


def test_a_retry_says_when_it_is_sent_and_why() -> None:
    attempt = {"number": 2, "due_at": NOW + timedelta(seconds=4), "reason": "the lease lapsed"}
    told = said("PENDING", attempt=attempt)
    assert told.text == "Waiting to be tried again: attempt 2 is sent in 4.0 s: the lease lapsed."
    assert "sent now" in said("PENDING", attempt={**attempt, "due_at": ago(seconds=1)}).text


def test_a_queued_job_tells_workers_lag_and_deadline() -> None:
    last = {Event.PUBLISHED: (ago(minutes=12), "outbox-relay", "")}
    told = said("QUEUED", last, crews(2, 340))
    assert told.text == (
        "Waiting for a worker for 12 min; analysis-worker has 2 members, lag 340; deadline in 23 h."
    )


def test_without_a_worker_somebody_must_start_one() -> None:
    told = said("QUEUED", crew=crews(0))
    assert "no analysis-worker runs" in told.text and told.is_troubled
    assert told.following == "Start one: manage.py run_consumer analysis-worker."


def test_a_deadline_that_has_passed_is_not_told_as_one_ahead() -> None:
    attempt = {"created_at": ago(days=2)}
    assert "its deadline has passed" in said("QUEUED", attempt=attempt).text


def test_a_running_job_tells_worker_try_and_lease() -> None:
    attempt = {"started_at": ago(seconds=12), "lease_expires_at": NOW + timedelta(seconds=48), "round_try": 2}
    told = said("RUNNING", attempt=attempt)
    assert told.text == "host:1 has been analysing the log for 12 s (attempt 1, try 2 of 3)."
    assert "48 s more" in told.following and not told.is_troubled


@pytest.mark.parametrize(("members", "is_troubled"), [(1, False), (0, True)])
def test_a_silent_worker_is_the_sweepers(members: int, is_troubled: bool) -> None:
    attempt = {"started_at": ago(minutes=2), "lease_expires_at": ago(seconds=30)}
    told = said("RUNNING", attempt=attempt, crew=crews(members))
    assert "silent since its lease lapsed 30 s ago" in told.following
    assert told.is_troubled is is_troubled


@pytest.mark.parametrize(
    ("status", "fields", "text"),
    [
        ("SUCCEEDED", {}, "Succeeded 10 min ago, 3 min after it was accepted."),
        ("SUCCEEDED", {"from_cache": True}, "3 min after it was accepted, served from cache."),
        ("FAILED", {"failure_class": "budget"}, "Failed 10 min ago, 3 min after it was accepted: budget."),
        ("FAILED", {"failure_class": "of old"}, "accepted: of old."),
    ],
)
def test_an_end_tells_when_and_how_long(status: str, fields: dict[str, Any], text: str) -> None:
    assert text in said(status, crew={}, finished_at=ago(minutes=10), **fields).text


@pytest.mark.parametrize(("failure", "following"), [("timeout", "can be sent"), ("no_evidence", "same way")])
def test_a_failed_job_says_whether_sending_it_again_helps(failure: str, following: str) -> None:
    assert following in said("FAILED", crew={}, finished_at=NOW, failure_class=failure).following


def test_a_cancelled_job_tells_by_whom_and_why() -> None:
    last = {Event.CANCELLED: (ago(minutes=5), "omar", "asked twice")}
    told = said("CANCELLED", last, {}, finished_at=ago(minutes=5))
    assert told == Where("Cancelled 5 min ago by omar: asked twice.", "It can be sent again.")
