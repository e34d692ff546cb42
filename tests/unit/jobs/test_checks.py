"""Settings of jobs that do not fit each other are named before anything runs."""

from typing import Any

import pytest
from pytest_django import Settings

from jobs.checks import sizes, times

DAY = 86_400.0


def test_the_shipped_settings_fit_each_other() -> None:
    assert sizes(None) == [] and times(None) == []


@pytest.mark.parametrize(
    ("changed", "check", "found"),
    [
        ({"LOG_CONTENT_MAX_BYTES": 1_048_576, "KAFKA_MAX_RECORD_BYTES": 1_048_576}, sizes, "jobs.E001"),
        ({"JOB_QUEUE_DEADLINE": 7 * DAY}, times, "jobs.E002"),
        ({"JOB_RETENTION": 7 * DAY}, times, "jobs.E003"),
    ],
)
def test_what_does_not_fit_has_an_id_and_a_hint(
    settings: Settings, changed: dict[str, Any], check: Any, found: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    [problem] = check(None)
    assert problem.id == found and problem.hint and all(name in problem.msg for name in changed)
