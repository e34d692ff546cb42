"""`ensure_topics` on a real broker."""

from collections.abc import Iterator
from io import StringIO
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from heimdall_project.streams import broker, topics
from tests.probe_workers.harness import eventually


@pytest.fixture(autouse=True)
def installation_of_its_own(settings: LazySettings) -> Iterator[None]:
    settings.KAFKA_TOPIC_PREFIX = f"ensure-{uuid4().hex[:8]}."
    yield
    names = [spec.name for spec in topics.specs()]
    if existing := list(broker.admin().describe(names)):
        broker.admin().delete(existing)


def ensure(*options: str) -> str:
    output = StringIO()
    call_command("ensure_topics", *options, stdout=output, skip_checks=True)
    return output.getvalue()


def test_a_check_reports_what_is_missing_and_creates_nothing() -> None:
    with pytest.raises(CommandError) as failed:
        ensure("--check")
    assert failed.value.returncode == 1
    assert broker.admin().describe([topics.Topic.ANALYSIS_REQUEST]) == {}


def test_a_dry_run_says_what_would_be_done() -> None:
    assert "would be created" in ensure("--dry-run")
    assert broker.admin().describe([topics.Topic.ANALYSIS_REQUEST]) == {}


def test_missing_topics_are_created_as_declared_and_a_second_run_changes_nothing() -> None:
    assert f"created {topics.physical('analysis.request')} with 3 partitions" in ensure()
    assert "as declared" in ensure("--check")
    assert "created" not in ensure()


def test_drifted_configuration_is_reported_and_put_right_when_asked() -> None:
    ensure()
    broker.admin().alter_config(topics.Topic.LOG_EVENTS, {"retention.ms": "60000"})
    eventually(lambda: "60000" in ensure(), "the drift in the report")
    with pytest.raises(CommandError, match="1 differences"):
        ensure("--check")
    ensure("--fix")
    eventually(lambda: "as declared" in ensure(), "the end of the drift")
