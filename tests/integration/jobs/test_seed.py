"""Demo data."""

import io

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from heimdall_project.accounts.models import User
from heimdall_project.demo import demo_logs
from jobs.models import AnalysisJob, LogEntry

pytestmark = pytest.mark.django_db


def seed(*arguments: str) -> str:
    out = io.StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def test_it_is_refused_outside_of_development() -> None:
    with pytest.raises(CommandError, match="DEBUG"):
        seed()
    assert not User.objects.exists()


def test_it_makes_users_and_a_few_hundred_log_entries_once(settings: Settings) -> None:
    settings.DEBUG = True
    assert f"{len(demo_logs())} stored, 0 were there already" in seed()
    assert f"0 stored, {len(demo_logs())} were there already" in seed()
    assert LogEntry.objects.values("service_name").distinct().count() == 8
    assert LogEntry.objects.count() >= 300


def test_the_logs_are_the_same_every_time_and_leave_no_placeholder() -> None:
    assert demo_logs(each=3) == demo_logs(each=3)
    assert "{{" not in "".join(log.content for log in demo_logs(each=10))


def test_it_asks_for_jobs_where_told(settings: Settings) -> None:
    settings.DEBUG = True
    assert "Jobs" not in seed()
    assert "Jobs: 5 submitted" in seed("--jobs", "5")
    assert set(AnalysisJob.objects.values_list("owner__username", "status")) == {("operator", "PENDING")}
    assert AnalysisJob.objects.values("priority").distinct().count() == 4
    with pytest.raises(CommandError, match="from 0"):
        seed("--jobs", "1000000")
