"""Cancelling and redriving from the shell."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from heimdall_project.accounts.models import AuditEvent
from jobs.models import AnalysisJob
from tests.factories import make_job
from tests.integration.jobs.test_redrive import failed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]


def run(*words: Any, **options: Any) -> str:
    out = StringIO()
    call_command(*map(str, words), stdout=out, stderr=out, **options)
    return out.getvalue()


def redrive(*words: Any) -> str:
    return run("redrive_jobs", *words, "--as", "omar", "--reason", "it is back")


def statuses() -> list[str]:
    return list(AnalysisJob.objects.order_by("pk").values_list("status", flat=True))


def test_jobs_are_cancelled_in_a_persons_name() -> None:
    job, again = make_job(), make_job()
    said = run("cancel_job", job.pk, again.pk, "--as", "omar", "--reason", "mistake")
    assert statuses() == ["CANCELLED", "CANCELLED"] and f"job {job.pk}: cancelled" in said
    assert set(AuditEvent.objects.values_list("actor", flat=True)) == {"omar"}


def test_a_job_that_cannot_be_cancelled_is_named_and_the_others_are_cancelled() -> None:
    ended, open_ = failed(), make_job()
    with pytest.raises(CommandError, match="1 of 2"):
        run("cancel_job", ended.pk, open_.pk, "--as", "omar", "--reason", "mistake")
    assert statuses() == ["FAILED", "CANCELLED"]


def test_nobody_acts_without_a_name() -> None:
    with pytest.raises(CommandError, match="no active user"):
        run("cancel_job", 1, "--as", "nobody", "--reason", "mistake")


def test_a_dry_run_shows_what_would_be_sent_again_and_sends_nothing() -> None:
    failed("model_unavailable")
    failed("budget")
    said = redrive("--status", "FAILED", "--dry-run")
    assert "Model unavailable" in said and "Budget" in said and "2  jobs can be sent again" in said
    assert statuses() == ["FAILED", "FAILED"] and not AuditEvent.objects.exists()


def test_filters_choose_and_all_that_is_chosen_is_sent_again() -> None:
    failed("model_unavailable")
    failed("budget")
    said = redrive("--failure-class", "budget", "--yes")
    assert "1 of 1: 1 sent again" in said
    assert statuses() == ["FAILED", "PENDING"]


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["--service", "orders"], True),
        (["--service", "nothing"], False),
        (["--since", "yesterday"], None),
        (["--since", "2000-01-01T00:00:00Z", "--until", "2999-01-01T00:00:00"], True),
        (["--until", "2000-01-01T00:00:00Z"], False),
    ],
)
def test_service_and_time_choose(words: list[str], chosen: bool | None) -> None:
    failed()
    if chosen is None:
        with pytest.raises(CommandError, match="is no time"):
            redrive(*words, "--yes")
    else:
        redrive(*words, "--yes")
        assert statuses() == ["PENDING" if chosen else "FAILED"]


def test_ids_choose_and_what_cannot_be_sent_again_is_left_alone() -> None:
    job, open_ = failed(), make_job()
    assert "left alone: PENDING" in redrive(job.pk, open_.pk, "--yes")
    assert statuses() == ["PENDING", "PENDING"]


def test_it_asks_before_it_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    failed()
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(CommandError, match="Nothing"):
        redrive("--status", "FAILED")
    assert statuses() == ["FAILED"]
    monkeypatch.setattr("builtins.input", lambda _: "y")
    redrive("--status", "FAILED")
    assert statuses() == ["PENDING"]


def test_where_nobody_is_there_to_be_asked_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    failed()
    monkeypatch.setattr("sys.stdin", StringIO(""))
    with pytest.raises(CommandError, match="--yes"):
        redrive("--status", "FAILED")
    assert statuses() == ["FAILED"]


def test_without_a_filter_nothing_is_chosen() -> None:
    failed()
    with pytest.raises(CommandError, match="Say which jobs"):
        redrive("--yes")


def test_a_redrive_by_name_repeats_nothing() -> None:
    failed()
    redrive("--status", "FAILED", "--yes", "--redrive-id", "r-1")
    AnalysisJob.objects.update(status="FAILED", failure_class="budget", finished_at="2026-11-21T12:00:00Z")
    redrive("--status", "FAILED", "--yes", "--redrive-id", "r-1")
    assert statuses() == ["FAILED"]


def test_who_may_not_is_told_so() -> None:
    failed()
    with pytest.raises(CommandError, match="redrive_analysisjob"):
        run("redrive_jobs", "--status", "FAILED", "--yes", "--as", "vera", "--reason", "why not")
