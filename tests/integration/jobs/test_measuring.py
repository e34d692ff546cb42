"""Gauges of open jobs, as the sweeper measures them."""

from threading import Event

import pytest
from prometheus_client import REGISTRY

from jobs.consumers import JobSweeper
from jobs.services import jobs_measure
from tests.factories import make_claim, make_job

pytestmark = pytest.mark.django_db


def measured(name: str, status: str) -> float:
    value = REGISTRY.get_sample_value(f"heimdall_jobs_{name}", {"status": status})
    assert value is not None
    return value


def test_open_jobs_are_counted_by_state_with_the_age_of_the_oldest() -> None:
    make_claim(make_job())
    make_job(), make_job()
    jobs_measure()
    assert {state: measured("open", state) for state in ("PENDING", "QUEUED", "RUNNING")} == {
        "PENDING": 2.0,
        "QUEUED": 0.0,
        "RUNNING": 1.0,
    }
    assert measured("oldest_open_seconds", "PENDING") > 0 == measured("oldest_open_seconds", "QUEUED")


def test_the_sweeper_measures_now_and_then() -> None:
    sweeper = JobSweeper()
    sweeper.step(Event())
    make_job()
    sweeper.step(Event())
    assert measured("open", "PENDING") == 0.0
    sweeper._measure_at = 0.0
    sweeper.step(Event())
    assert measured("open", "PENDING") == 1.0
