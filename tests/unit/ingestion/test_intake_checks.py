"""Settings of the intake that do not fit each other."""

from pytest_django import Settings

from ingestion.checks import intake


def found() -> list[str | None]:
    return [each.id for each in intake(None)]


def test_the_defaults_fit() -> None:
    assert found() == []


def test_a_batch_that_would_always_be_too_many_is_named(settings: Settings) -> None:
    settings.INGEST_MAX_EVENTS = 100
    assert found() == ["ingestion.E010"]


def test_a_wait_that_outlasts_a_stop_is_named(settings: Settings) -> None:
    settings.INGEST_ACK_TIMEOUT = 30.0
    assert found() == ["ingestion.E011"]
