"""The audit trail: two rows an act, for good."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import AuditEvent, User
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


@pytest.mark.django_db(transaction=True)
def test_an_outcome_that_is_settled_is_there_if_and_only_if_what_was_done_is() -> None:
    with audited(actor=None, action="a", target="done") as act, transaction.atomic():
        User.objects.create_user("new")
        act.detail["people"] = 1
        act.settle()
    with (
        pytest.raises(LookupError),
        audited(actor=None, action="a", target="taken back") as act,
        transaction.atomic(),
    ):
        User.objects.create_user("newer")
        act.settle()
        raise LookupError("gone")

    done, taken_back = AuditEvent.objects.acts().order_by("pk")
    assert (done.state, done.outcome.detail, taken_back.state) == ("ok", {"people": 1}, "failed")
    assert User.objects.get().username == "new"


@pytest.mark.django_db(transaction=True)
def test_an_outcome_is_not_settled_outside_of_the_transaction_that_it_is_about() -> None:
    with pytest.raises(RuntimeError), audited(actor=None, action="a", target="t") as act:
        act.settle()


@pytest.mark.django_db(transaction=True)
def test_what_fails_behind_its_transaction_was_done() -> None:
    with pytest.raises(LookupError), audited(actor=None, action="a", target="t") as act:
        with transaction.atomic():
            act.settle()
        raise LookupError("gone")

    assert AuditEvent.objects.acts().get().state == "ok"


def test_an_intent_without_outcome_reads_as_running_and_a_minute_later_as_unknown() -> None:
    AuditEvent.objects.create(kind="intent", actor="omar", action="a", target="fresh")
    AuditEvent.objects.create(
        kind="intent", actor="omar", action="a", target="old", at="2020-01-01T00:00:00Z"
    )

    states = {act.target: act.state for act in AuditEvent.objects.acts()}
    assert states == {"fresh": "running", "old": "unknown"}
