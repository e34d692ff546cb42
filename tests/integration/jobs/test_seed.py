"""Demo data."""

import io

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from heimdall_project.accounts.models import User
from heimdall_project.demo import demo_logs
from jobs.models import LogEntry

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = io.StringIO()
    call_command("seed_demo", stdout=out)
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
