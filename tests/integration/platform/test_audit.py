"""The audit trail: two rows an act, for good."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import AuditEvent
from heimdall_project.observability.logging import bound
from tests.people import People

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_an_act_leaves_its_intent_and_its_outcome(people: People) -> None:
    with audited(actor=people.omar, action="consumer.pause", target="writer", reason="broken index") as act:
        act.detail["partitions"] = 6

    intent, outcome = AuditEvent.objects.order_by("pk")
    assert (intent.kind, intent.actor, intent.reason, intent.result) == (
        "intent",
        "omar",
        "broken index",
        None,
    )
    assert (outcome.intent, outcome.result, outcome.detail) == (intent, "ok", {"partitions": 6})


def test_a_failed_act_is_recorded_with_its_error_and_still_raises(people: People) -> None:
    with pytest.raises(LookupError), audited(actor=people.omar, action="job.redrive", target="7"):
        raise LookupError("gone")

    act = AuditEvent.objects.acts().get()
    assert (act.state, act.outcome.error) == ("failed", "LookupError")


def test_the_request_and_its_address_are_taken_from_the_log_context() -> None:
    with bound(request_id="r-1", remote_address="10.0.0.7"), audited(actor=None, action="a", target="t"):
        pass

    row = AuditEvent.objects.acts().get()
    assert (row.actor, row.actor_id, row.request_id, row.remote_address) == (
        "system",
        None,
        "r-1",
        "10.0.0.7",
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET reason = 'another'",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
    ],
)
def test_rows_of_the_audit_trail_cannot_be_changed_or_taken_away(statement: str) -> None:
    with audited(actor=None, action="a", target="t"):
        pass

    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEvent.objects.count() == 2


def test_an_intent_has_one_outcome_at_most() -> None:
    with audited(actor=None, action="a", target="t"):
        pass
    outcome = AuditEvent.objects.get(kind="outcome")
    outcome.pk = None

    with pytest.raises(IntegrityError):
        outcome.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_an_act_cannot_hide_in_a_transaction_that_may_be_rolled_back() -> None:
    done = False
    with pytest.raises(RuntimeError), transaction.atomic(), audited(actor=None, action="a", target="t"):
        done = True

    assert not done, "the act was let in before its intent could be committed"
    assert not AuditEvent.objects.exists()


def test_an_intent_without_outcome_reads_as_running_and_a_minute_later_as_unknown() -> None:
    AuditEvent.objects.create(kind="intent", actor="omar", action="a", target="fresh")
    AuditEvent.objects.create(
        kind="intent", actor="omar", action="a", target="old", at="2020-01-01T00:00:00Z"
    )

    states = {act.target: act.state for act in AuditEvent.objects.acts()}
    assert states == {"fresh": "running", "old": "unknown"}
