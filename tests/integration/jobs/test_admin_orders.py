"""Cancel and redrive in the admin: one job in a dialog, several after a preview."""

import html
import re
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from heimdall_project.accounts.models import AuditEvent, User
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import Hop, job_cancel, job_redrive, result_apply
from tests.factories import make_answer, make_claim, make_job
from tests.people import People

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/jobs/analysisjob/"
MANY = f"{LIST}redrive/"
HTMX = {"HX-Request": "true"}
WHY = {"reason": "the model is back", "_form_submitted": "on"}


def page_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def failed(failure: str = "model_unavailable", **request: Any) -> AnalysisJob:
    job = make_job(**request)
    make_claim(job)
    result_apply(
        event=make_answer(job.request_id, failure=failure), hop=Hop("analysis.result", 0, 1000 + job.pk)
    )
    job.refresh_from_db()
    return job


def order(job: AnalysisJob, name: str) -> str:
    return f"{LIST}{job.pk}/{name}/"


def acts() -> list[tuple[str, str, str]]:
    rows = AuditEvent.objects.acts().order_by("pk")
    return [(act.actor, act.action, act.target) for act in rows]


def status(job: AnalysisJob) -> str:
    return AnalysisJob.objects.values_list("status", flat=True).get(pk=job.pk)


# --- one --------------------------------------------------------------------------------------------------


def test_a_failed_job_is_sent_again_from_its_page(people: People) -> None:
    client, job = page_of(people.omar), failed()
    assert order(job, "redrive") in client.get(order(job, "change")).content.decode()
    shown = client.get(order(job, "redrive"), headers=HTMX).content.decode()
    assert "Redrive when it answers again" in shown and "<html" not in shown
    redrive_id = re.search(r'name="redrive_id" value="([^"]+)"', shown)[1]  # type: ignore[index]
    answer = client.post(order(job, "redrive"), {**WHY, "redrive_id": redrive_id}, headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    assert status(job) == "PENDING"
    attempt = AnalysisAttempt.objects.get(job=job, number=2)
    assert (attempt.reason, attempt.begun_by) == ("the model is back", "omar")
    assert acts() == [("omar", "job.redrive", f"job {job.pk}")]
    assert f"Job {job.pk} is sent again: attempt 2." in client.get(order(job, "change")).content.decode()


def test_a_redrive_that_is_sent_twice_begins_one_attempt(people: People) -> None:
    client, job = page_of(people.omar), failed()
    given = {**WHY, "redrive_id": str(uuid4())}
    for _ in range(2):
        answer = client.post(order(job, "redrive"), given, headers=HTMX)
        assert answer.headers["HX-Refresh"] == "true"
    assert AnalysisAttempt.objects.filter(job=job).count() == 2
    assert len(acts()) == 1


def test_an_open_job_is_cancelled_from_its_page(people: People) -> None:
    client, job = page_of(people.omar), make_job()
    answer = client.post(order(job, "cancel"), WHY, headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    assert status(job) == "CANCELLED"
    assert acts() == [("omar", "job.cancel", f"job {job.pk}")]
    client.post(order(job, "cancel"), WHY, headers=HTMX)
    assert "was cancelled before" in client.get(order(job, "change")).content.decode()


def test_a_dialog_opened_in_a_tab_of_its_own_is_a_whole_page(people: People) -> None:
    client, job = page_of(people.omar), make_job()
    shown = client.get(order(job, "cancel")).content.decode()
    assert "<html" in shown and "hx-post" not in shown
    assert client.post(order(job, "cancel"), WHY).headers["Location"] == order(job, "change")
    assert status(job) == "CANCELLED"


@pytest.mark.parametrize("name", ["cancel", "redrive"])
def test_without_a_reason_nothing_happens(people: People, name: str) -> None:
    job = make_job() if name == "cancel" else failed()
    before = status(job)
    given = {"_form_submitted": "on", "reason": "  ", "redrive_id": "x"}
    answer = page_of(people.omar).post(order(job, name), given, headers=HTMX)
    assert "This field is required" in answer.content.decode()
    assert (status(job), acts()) == (before, [])


@pytest.mark.parametrize("name", ["cancel", "redrive"])
def test_asking_to_see_the_dialog_does_nothing(people: People, name: str) -> None:
    job = make_job() if name == "cancel" else failed()
    before = status(job)
    page_of(people.omar).get(order(job, name), WHY)
    assert (status(job), acts()) == (before, [])


def test_a_page_that_is_out_of_date_is_told_so(people: People) -> None:
    client, job, running = page_of(people.omar), failed(), make_job()
    job_redrive(job_id=job.pk, actor=people.ada, reason="first")
    given = {**WHY, "redrive_id": "second"}
    assert "has not ended" in client.post(order(job, "redrive"), given, headers=HTMX).content.decode()
    result_apply(event=make_answer(running.request_id), hop=Hop("analysis.result", 0, 9))
    said = client.post(order(running, "cancel"), WHY, headers=HTMX).content.decode()
    assert "The job has ended: SUCCEEDED." in said
    assert AnalysisAttempt.objects.filter(job=job).count() == 2


@pytest.mark.parametrize("name", ["cancel", "redrive"])
def test_a_viewer_is_offered_nothing_and_may_do_nothing(people: People, name: str) -> None:
    client, job = page_of(people.vera), make_job() if name == "cancel" else failed()
    before = status(job)
    assert order(job, name) not in client.get(order(job, "change")).content.decode()
    assert "_chosen" not in client.get(LIST).content.decode()
    for answer in (client.get(order(job, name)), client.post(order(job, name), WHY)):
        assert answer.status_code == HTTPStatus.FORBIDDEN
    assert client.post(f"{LIST}{name}/", WHY).status_code == HTTPStatus.FORBIDDEN
    assert status(job) == before


def test_an_owner_cancels_an_own_job_without_the_right(people: People) -> None:
    job = make_job(people.vera)
    client = page_of(people.vera)
    assert order(job, "cancel") in client.get(order(job, "change")).content.decode()
    client.post(order(job, "cancel"), WHY)
    assert status(job) == "CANCELLED"


def test_only_what_the_state_allows_is_offered(people: People) -> None:
    client = page_of(people.omar)
    done = make_job()
    result_apply(event=make_answer(done.request_id), hop=Hop("analysis.result", 0, 8))
    for job, offered in ((make_job(), {"cancel"}), (failed(), {"redrive"}), (done, set())):
        shown = client.get(order(job, "change")).content.decode()
        assert {name for name in ("cancel", "redrive") if order(job, name) in shown} == offered


@pytest.mark.parametrize("object_id", ["999999", "abc", "9" * 40])
def test_a_job_that_is_not_there_is_not_found(people: People, object_id: str) -> None:
    given = {**WHY, "redrive_id": "x"}
    answer = page_of(people.omar).post(f"{LIST}{object_id}/redrive/", given)
    assert answer.status_code == HTTPStatus.NOT_FOUND


# --- several ----------------------------------------------------------------------------------------------


def fields_of(shown: str, **more: Any) -> dict[str, Any]:
    """What the form of a preview would send, with the groups that it has ticked."""
    values: dict[str, Any] = {"reason": "the model is back"}
    for tag in re.findall(r"<input[^>]*>", shown):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if not name or not value or ('type="checkbox"' in tag and "checked" not in tag):
            continue
        if name[1] == "group" or name[1].startswith("job.") or name[1] == "redrive_id":
            values.setdefault(name[1], []).append(html.unescape(value[1]))
    return values | more


def choose(client: Client, action: str, *jobs: AnalysisJob) -> str:
    given = {"action": action, "_selected_action": [job.pk for job in jobs], "index": "0"}
    answer = client.post(LIST, given, follow=True)
    assert answer.status_code == HTTPStatus.OK
    return str(answer.content.decode())


def test_a_preview_says_what_is_sent_again_and_why_each_failed(people: People) -> None:
    client = page_of(people.omar)
    jobs = [failed(), failed(), failed("input_too_large"), make_job()]
    shown = choose(client, "redrive_chosen", *jobs)
    for expected in (
        "Model unavailable",
        "2 jobs",
        "it went wrong",
        "Redrive when it answers again",
        "would fail again",
        "Left alone",
        "Has not ended: PENDING",
    ):
        assert expected in shown
    assert [status(job) for job in jobs] == ["FAILED"] * 3 + ["PENDING"] and acts() == []


def test_ticked_groups_are_sent_again_and_the_others_left(people: People) -> None:
    client, jobs = page_of(people.omar), [failed(), failed(), failed("input_too_large")]
    answer = client.post(MANY, fields_of(choose(client, "redrive_chosen", *jobs)))
    shown = answer.content.decode()
    assert "Sent again." in shown and "2 jobs" in shown
    assert [status(job) for job in jobs] == ["PENDING", "PENDING", "FAILED"]
    assert acts() == [("omar", "job.redrive", f"job {job.pk}") for job in jobs[1::-1]]


def test_sent_twice_it_happens_once(people: People) -> None:
    client, jobs = page_of(people.omar), [failed(), failed()]
    given = fields_of(choose(client, "redrive_chosen", *jobs))
    for _ in range(2):
        assert "Sent again." in client.post(MANY, given).content.decode()
    assert AnalysisAttempt.objects.count() == 4 and len(acts()) == 2


def test_jobs_that_moved_on_since_the_preview_are_left_and_named(people: People) -> None:
    client, jobs = page_of(people.omar), [failed(), failed(), failed()]
    given = fields_of(choose(client, "redrive_chosen", *jobs))
    again = job_redrive(job_id=jobs[0].pk, actor=people.ada, reason="first").attempt
    result_apply(event=make_answer(again.request_id, failure="budget"), hop=Hop("analysis.result", 0, 5))
    job_redrive(job_id=jobs[1].pk, actor=people.ada, reason="first")
    shown = client.post(MANY, given).content.decode()
    assert "moved on since the preview" in shown and "Sent again." in shown
    assert [AnalysisAttempt.objects.filter(job=job).count() for job in jobs] == [2, 2, 2]
    assert [status(job) for job in jobs] == ["FAILED", "PENDING", "PENDING"]


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"group": []}, {"job.model_unavailable": ["x", "1"]}])
def test_what_does_not_fit_is_said_and_does_nothing(people: People, wrong: dict[str, Any]) -> None:
    client, job = page_of(people.omar), failed()
    answer = client.post(MANY, fields_of(choose(client, "redrive_chosen", job), **wrong))
    assert answer.status_code in {HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY}
    assert "Sent again." not in answer.content.decode()
    assert (status(job), acts()) == ("FAILED", [])


def test_what_was_typed_is_not_lost_where_it_is_refused(people: People) -> None:
    client, job = page_of(people.omar), failed()
    given = fields_of(choose(client, "redrive_chosen", job), reason="x" * 501)
    answer = client.post(MANY, given)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    shown = answer.content.decode()
    assert "must have 1 to 500 characters" in shown and "x" * 501 in shown
    assert "Sent again." in client.post(MANY, fields_of(shown)).content.decode()


def test_all_that_a_filter_finds_is_sent_again(people: People) -> None:
    client, jobs = page_of(people.omar), [failed(), failed("budget"), make_job()]
    listed = client.get(f"{LIST}?failure_class=budget").content.decode()
    assert f'href="{MANY}?failure_class=budget"' in listed
    shown = client.get(f"{MANY}?failure_class=budget").content.decode()
    client.post(MANY, fields_of(shown))
    assert [status(job) for job in jobs] == ["FAILED", "PENDING", "PENDING"]
    assert AnalysisAttempt.objects.count() == 4


def test_a_preview_is_bounded(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.admin.many.MOST", 2)
    for _ in range(3):
        failed()
    shown = page_of(people.omar).get(f"{MANY}?status=FAILED").content.decode()
    assert "these are the newest 2" in shown
    assert len(fields_of(shown)["job.model_unavailable"]) == 2


def test_several_are_cancelled_and_those_that_ended_are_named(people: People) -> None:
    client, jobs = page_of(people.omar), [make_job(), make_job(), failed()]
    shown = choose(client, "cancel_chosen", *jobs)
    assert "Left alone" in shown
    given = fields_of(shown)
    result_apply(event=make_answer(jobs[0].request_id), hop=Hop("analysis.result", 0, 4))
    said = client.post(f"{LIST}cancel/", given).content.decode()
    assert "Cancelled." in said and "The job has ended: SUCCEEDED." in said
    assert [status(job) for job in jobs] == ["SUCCEEDED", "CANCELLED", "FAILED"]


def test_a_reason_is_needed_to_cancel_several(people: People) -> None:
    client, job = page_of(people.omar), make_job()
    answer = client.post(f"{LIST}cancel/", fields_of(choose(client, "cancel_chosen", job), reason=""))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and status(job) == "PENDING"


def test_hostile_messages_are_shown_as_text(people: People) -> None:
    job = failed()
    AnalysisJob.objects.filter(pk=job.pk).update(failure_message="<script>alert(1)</script>\u202e")
    shown = page_of(people.omar).get(f"{MANY}?ids={job.pk}").content.decode()
    assert "<script>alert" not in shown and "\u202e" not in shown


@pytest.mark.parametrize("ids", ["", "x", "0", "9" * 30, "1,,2", "-1"])
def test_addresses_that_name_nothing_show_nothing(people: People, ids: str) -> None:
    shown = page_of(people.omar).get(MANY, {"ids": ids, "status": "FAILED"}).content.decode()
    assert "There is nothing to redrive here" in shown


def test_a_query_that_the_list_does_not_know_finds_nothing(people: People) -> None:
    failed()
    assert "There is nothing to redrive" in page_of(people.omar).get(f"{MANY}?nothing=such").content.decode()


def test_a_job_cancelled_before_can_be_sent_again_with_others(people: People) -> None:
    client, job = page_of(people.omar), make_job()
    job_cancel(job_id=job.pk, actor=people.ada, reason="a mistake")
    shown = choose(client, "redrive_chosen", job)
    assert "Cancelled by a person" in shown
    client.post(MANY, fields_of(shown))
    assert status(job) == "PENDING"
