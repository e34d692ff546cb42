"""Settings of the writer against each other, and what it makes of them."""

import pytest
from pytest_django import Settings

from heimdall_project.streams.shape import Shape
from ingestion.checks import writer
from ingestion.consumers import ClickHouseWriter


def found(settings: Settings, **changes: float) -> list[str | None]:
    for name, value in changes.items():
        setattr(settings, name, value)
    return [message.id for message in writer(None)]


def test_the_defaults_fit_each_other(settings: Settings) -> None:
    assert found(settings) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"WRITER_INSERT_TIMEOUT": 20.0}, ["ingestion.E001"]),
        ({"WRITER_INSERT_TIMEOUT": 60.0, "WORKER_DRAIN_BUDGET": 90.0}, ["ingestion.E002"]),
        ({"CLICKHOUSE_CONNECT_TIMEOUT": 40.0}, ["ingestion.E002"]),
        ({"WRITER_MAX_BUFFER": 9_999}, ["ingestion.E003"]),
        ({"WRITER_MAX_BUFFER_MEGABYTES": 4.0}, ["ingestion.E004"]),
    ],
)
def test_what_does_not_fit_is_told_with_a_way_out(
    settings: Settings, changes: dict[str, float], told: list[str]
) -> None:
    assert found(settings, **changes) == told
    assert all(message.hint for message in writer(None))


def test_the_writer_is_bounded_by_its_settings(settings: Settings) -> None:
    settings.WRITER_BATCH_ROWS, settings.WRITER_PARALLEL = 50, 3
    settings.WRITER_MAX_BUFFER, settings.WRITER_MAX_BUFFER_MEGABYTES = 70, 5.0
    shape = Shape.of(ClickHouseWriter())
    assert (shape.policy.records, shape.width, shape.capacity, shape.bytes) == (50, 3, 70, 5_000_000)
