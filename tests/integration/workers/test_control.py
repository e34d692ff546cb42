"""Orders of operators: who may give them, what they leave behind."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import Conflict, Forbidden, NotFound, Unprocessable
from heimdall_project.streams import control
from heimdall_project.streams.models import ConsumerControl, ConsumerCursor, SkipRequest, WorkerProcess
from heimdall_project.streams.orders import Beat
from heimdall_project.streams.worker_registry import Registration
from tests.people import People

pytestmark = pytest.mark.django_db
WORKER = "job-results"
PLACE: dict[str, Any] = {"topic": "analysis.result", "partition": 1, "offset": 17}


def trail() -> list[tuple[str, str, str | None]]:
    """Kind, actor and result of every audit row, in order."""
    return list(AuditEvent.objects.order_by("pk").values_list("kind", "actor", "result"))


def test_pause_and_resume_stand_until_the_next_order(people: People) -> None:
    control.consumer_pause(actor=people.omar, worker=WORKER, reason="database maintenance")
    assert ConsumerControl.objects.get().pause_reason == "database maintenance"
    control.consumer_resume(actor=people.omar, worker=WORKER, reason="done")
    assert not ConsumerControl.objects.get().paused


def test_every_order_leaves_an_intent_and_an_outcome(people: People) -> None:
    control.consumer_pause(actor=people.omar, worker=WORKER, reason="maintenance")
    assert trail() == [("intent", "omar", None), ("outcome", "omar", "ok")]


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 501])
def test_an_order_needs_a_reason(people: People, reason: str) -> None:
    with pytest.raises(Unprocessable):
        control.consumer_pause(actor=people.omar, worker=WORKER, reason=reason)
    assert not ConsumerControl.objects.exists()


ORDERS: list[tuple[Callable[..., None], dict[str, Any]]] = [
    (control.consumer_pause, {}),
    (control.consumer_resume, {}),
    (control.consumer_start, {}),
    (control.record_skip, PLACE),
    (control.flood_override, {"minutes": 5}),
    (control.topic_begin_anew, {"topic": "analysis.result"}),
]


@pytest.mark.parametrize(("order", "more"), ORDERS)
def test_who_may_only_see_may_order_nothing(
    people: People, order: Callable[..., None], more: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        order(actor=people.vera, worker=WORKER, reason="because", **more)
    assert trail() == []


def test_an_operator_may_not_let_a_flood_through_and_an_approver_may(people: People) -> None:
    with pytest.raises(Forbidden):
        control.flood_override(actor=people.omar, worker=WORKER, minutes=5, reason="known bad producer")
    control.flood_override(actor=people.ada, worker=WORKER, minutes=5, reason="known bad producer")
    assert ConsumerControl.objects.get().flood_override_until


def test_an_operator_may_not_close_the_books_of_a_topic(people: People) -> None:
    with pytest.raises(Forbidden):
        control.topic_begin_anew(actor=people.omar, worker=WORKER, topic="analysis.result", reason="x")


def test_a_worker_begins_anew_only_in_topics_that_it_reads(people: People) -> None:
    with pytest.raises(Unprocessable):
        control.topic_begin_anew(actor=people.ada, worker=WORKER, topic="log-events", reason="x")


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1])
def test_an_override_has_an_end(people: People, minutes: int) -> None:
    with pytest.raises(Unprocessable):
        control.flood_override(actor=people.ada, worker=WORKER, minutes=minutes, reason="x")


def test_a_worker_that_nobody_declared_takes_no_orders(people: People) -> None:
    with pytest.raises(NotFound, match="there are:"):
        control.consumer_pause(actor=people.omar, worker="nobody", reason="x")


def test_a_record_is_skipped_once(people: People) -> None:
    control.record_skip(actor=people.ada, worker=WORKER, reason="poison", **PLACE)
    assert (row := SkipRequest.objects.get()) and (row.offset, row.requested_by) == (17, "ada")
    with pytest.raises(Conflict):
        control.record_skip(actor=people.ada, worker=WORKER, reason="poison", **PLACE)


def test_a_record_that_was_passed_already_cannot_be_skipped(people: People) -> None:
    ConsumerCursor.objects.create(
        group=f"heimdall.{WORKER}", topic=PLACE["topic"], partition=1, start_offset=0, next_offset=18
    )
    with pytest.raises(Conflict, match="past"):
        control.record_skip(actor=people.ada, worker=WORKER, reason="poison", **PLACE)
    assert trail()[-1] == ("outcome", "ada", "failed")


@pytest.mark.parametrize("wrong", [{"topic": "log-events"}, {"partition": 3}, {"offset": -1}])
def test_a_record_that_cannot_be_is_refused_by_field(people: People, wrong: dict[str, Any]) -> None:
    with pytest.raises(Unprocessable) as refused:
        control.record_skip(actor=people.ada, worker=WORKER, reason="x", **(PLACE | wrong))
    assert set(refused.value.errors) == set(wrong)


def test_a_loop_has_no_records_to_skip(people: People) -> None:
    with pytest.raises(Unprocessable, match="reads no topic"):
        control.record_skip(actor=people.ada, worker="outbox-relay", reason="x", **PLACE)


def test_only_a_worker_that_is_held_down_can_be_started(people: People) -> None:
    with pytest.raises(Conflict, match="No supervisor holds"):
        control.consumer_start(actor=people.omar, worker=WORKER, reason="repaired")
    Registration(WORKER).beat(Beat(state=WorkerProcess.State.HALTED))
    control.consumer_start(actor=people.omar, worker=WORKER, reason="repaired")
    assert ConsumerControl.objects.get().start_requested_at


def test_the_command_acts_as_a_person(people: People) -> None:
    output = StringIO()
    call_command("consumer", "pause", WORKER, "--user=omar", "--reason=maintenance", stdout=output)
    assert ConsumerControl.objects.get().paused and "given" in output.getvalue()
    assert trail()[0] == ("intent", "omar", None)


def test_the_command_refuses_as_the_service_does(people: People) -> None:
    with pytest.raises(CommandError, match=r"vera may not do this"):
        call_command("consumer", "pause", WORKER, "--user=vera", "--reason=x")
    with pytest.raises(CommandError, match=r"offset: must not be negative"):
        place = ["--topic=analysis.result", "--partition=0", "--offset=-1"]
        call_command("consumer", "skip", WORKER, "--user=ada", "--reason=x", *place)
    with pytest.raises(CommandError, match="no active user"):
        call_command("consumer", "pause", WORKER, "--user=nobody", "--reason=x")
