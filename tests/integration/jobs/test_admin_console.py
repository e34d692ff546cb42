"""What stands above the list of jobs: figures that keep themselves up to date, filters, saved filters."""

import html
import json
import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from heimdall_project.accounts.models import User
from jobs.models import AnalysisAttempt, AnalysisJob, SavedFilter
from jobs.services import Hop, LogDraft, result_apply
from tests.factories import make_answer, make_job
from tests.people import People

pytestmark = pytest.mark.django_db
LIST = "/admin/jobs/analysisjob/"
KEEP, LIVE = f"{LIST}filters/keep/", f"{LIST}live/"


def page_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    assert response.status_code == HTTPStatus.OK, response.status_code
    return str(response.content.decode())


def ended(failure: str = "", **request: Any) -> AnalysisJob:
    job = make_job(**request)
    answer = make_answer(job.request_id, failure=failure) if failure else make_answer(job.request_id)
    result_apply(event=answer, hop=Hop("analysis.result", 0, job.pk))
    return job


def tile(shown: str, key: str) -> tuple[str, str]:
    """Address and number of a count."""
    found = re.search(rf'id="hd-(?:tile|bar)-{key}".*?href="([^"]*)".*?number">(\d+)<', shown, re.DOTALL)
    assert found, key
    return found[1].replace("&amp;", "&"), found[2]


def listed(shown: str) -> set[int]:
    return {int(pk) for pk in re.findall(r"/admin/jobs/analysisjob/(\d+)/change/", shown)}


# --- figures ----------------------------------------------------------------------------------------------


def test_counts_are_shown_and_each_leads_to_the_jobs_that_it_counts(people: People) -> None:
    client = page_of(people.vera)
    waiting, failed, done = make_job(), ended("bad_output"), ended()
    elsewhere = ended(log=LogDraft(content="x", service_name="payments & co", environment="production"))
    shown = text_of(client.get(LIST))
    for key, expected in (
        ("PENDING", {waiting.pk}),
        ("FAILED", {failed.pk}),
        ("SUCCEEDED", {done.pk, elsewhere.pk}),
        ("failure_class-0", {failed.pk}),
        ("service-1", {elsewhere.pk}),
    ):
        href, number = tile(shown, key)
        assert number == str(len(expected)), key
        assert listed(text_of(client.get(LIST + href))) == expected, key


def test_a_count_that_filters_already_takes_the_filter_away(people: People) -> None:
    ended("bad_output")
    client = page_of(people.vera)
    href, _ = tile(text_of(client.get(LIST)), "FAILED")
    assert tile(text_of(client.get(LIST + href)), "FAILED")[0] == "?"


def test_figures_come_anew_without_the_page_around_them(people: People) -> None:
    client = page_of(people.vera)
    assert tile(text_of(client.get(LIVE, headers={"HX-Request": "true"})), "PENDING")[1] == "0"
    make_job()
    shown = text_of(client.get(LIVE, headers={"HX-Request": "true"}))
    assert tile(shown, "PENDING")[1] == "1" and "<html" not in shown


def test_the_list_asks_for_them_only_while_it_is_seen(people: People) -> None:
    shown = text_of(page_of(people.vera).get(LIST))
    assert f'hx-get="{LIVE}"' in shown
    assert "every 5s [document.visibilityState === &#x27;visible&#x27;]" in shown.replace("'", "&#x27;")


def test_plots_carry_the_numbers_of_the_table(people: People) -> None:
    ended("timeout"), ended()
    shown = text_of(page_of(people.vera).get(LIST))
    series = json.loads(re.search(r'id="hd-series" type="application/json">(.*?)</script>', shown)[1])  # type: ignore[index]
    assert (sum(series["succeeded"]), sum(series["failed"]), sum(series["submitted"])) == (1, 1, 2)
    assert len(series["labels"]) in {60, 61} and "The same as a table" in shown
    assert "Last hour: 2 accepted, 2 ended, 1 of them failed" in shown


def test_another_span_of_time_is_chosen_and_remembered(people: People) -> None:
    client = page_of(people.vera)
    job = ended()
    long_ago = timezone.now() - timedelta(hours=5)
    AnalysisJob.objects.filter(pk=job.pk).update(created_at=long_ago, finished_at=long_ago)
    assert tile(text_of(client.get(LIST)), "SUCCEEDED")[1] == "0"
    assert client.get(f"{LIVE}?window=day").headers["Location"] == LIST
    assert tile(text_of(client.get(LIST)), "SUCCEEDED") == ("?status=SUCCEEDED&last=day", "1")
    assert "Last hour" in text_of(client.get(f"{LIVE}?window=year", headers={"HX-Request": "true"}))


@pytest.mark.parametrize("path", [LIVE, LIST])
def test_figures_are_for_those_who_may_see_jobs(people: People, path: str) -> None:
    User.objects.filter(pk=people.eve.pk).update(is_staff=True)
    assert page_of(people.eve).get(path, headers={"HX-Request": "true"}).status_code == HTTPStatus.FORBIDDEN
    assert Client().get(path).status_code == HTTPStatus.FOUND


def test_an_empty_list_says_what_to_do(people: People) -> None:
    shown = text_of(page_of(people.omar).get(LIST))
    assert "analysis/request" in shown and "seed_demo" in shown
    shown = text_of(page_of(people.omar).get(f"{LIST}?status=FAILED"))
    assert "Nothing fits the search" in shown


# --- filters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "FAILED"}, "f"),
        ({"status": "open"}, "o"),
        ({"failure_class": "budget"}, "f"),
        ({"service": "payments"}, "f"),
        ({"environment": "staging"}, "f"),
        ({"priority": "CRITICAL"}, "o"),
        ({"owner": "omar"}, "o"),
        ({"from_cache": "true"}, "s"),
        ({"from_cache": "false"}, ""),
        ({"last": "hour"}, "ofs"),
        ({"last": "never"}, ""),
        ({"status": "FAILED", "service": "orders"}, ""),
        ({"owner": "nobody"}, ""),
        ({"q": "payments"}, "f"),
    ],
)
def test_jobs_are_filtered_by(people: People, query: dict[str, str], expected: str) -> None:
    log = LogDraft(content="x", service_name="payments", environment="staging")
    jobs = {
        "o": make_job(people.omar, priority="CRITICAL"),
        "f": ended("budget", log=log),
        "s": ended(),
    }
    AnalysisJob.objects.filter(pk=jobs["s"].pk).update(from_cache=True)
    shown = text_of(page_of(people.vera).get(f"{LIST}?{urlencode(query)}"))
    assert listed(shown) == {jobs[name].pk for name in expected}


@pytest.mark.parametrize(
    "by", ["number", "hash", "request", "old request", "correlation", "trace", "service"]
)
def test_jobs_are_found_by_what_they_are_called(people: People, by: str) -> None:
    make_job()
    log = LogDraft(content="x", service_name="payments", environment="staging")
    job = make_job(log=log, correlation_id="corr-7")
    trace, old = "0af7651916cd43dd8448eb211c80319c", job.request_id
    again = uuid4()
    AnalysisAttempt.objects.create(job=job, number=2, request_id=again)
    AnalysisJob.objects.filter(pk=job.pk).update(trace_id=trace, request_id=again)
    terms = {"number": job.pk, "hash": f"#{job.pk}", "request": again, "old request": old}
    terms |= {"correlation": "corr-7", "trace": trace, "service": "payments"}
    shown = text_of(page_of(people.vera).get(LIST, {"q": f" {terms[by]} "}))
    assert listed(shown) == {job.pk}


@pytest.mark.parametrize("term", ["nothing", "9" * 40, "-1", "%", "' or 1=1", "²"])
def test_what_nothing_is_called_finds_nothing(people: People, term: str) -> None:
    make_job()
    assert listed(text_of(page_of(people.vera).get(LIST, {"q": term}))) == set()


def test_choices_are_what_there_is(people: People) -> None:
    make_job(people.omar)
    make_job(people.ada, log=LogDraft(content="x", service_name="payments", environment="staging"))
    shown = text_of(page_of(people.vera).get(LIST))
    for value in ("orders", "payments", "production", "staging", "omar", "ada", "model_unavailable"):
        assert f'<option value="{value}">' in shown
    assert '<option value="vera">' not in shown


# --- saved filters ----------------------------------------------------------------------------------------


def keep(client: Client, name: str, query: str, **more: str) -> Any:
    response = client.post(KEEP, {"name": name, "query": query, **more}, follow=True)
    assert response.status_code == HTTPStatus.OK
    return response


def test_a_filter_is_kept_and_shown_as_a_chip_to_its_owner_alone(people: People) -> None:
    client = page_of(people.omar)
    shown = text_of(keep(client, "  my   failures ", "?service=orders&p=3&status=FAILED&owner="))
    assert SavedFilter.objects.values_list("name", "query").get() == (
        "my failures",
        "service=orders&status=FAILED",
    )
    assert 'href="?service=orders&amp;status=FAILED"' in shown and "my failures" in shown
    assert "my failures" not in text_of(page_of(people.vera).get(LIST))


def test_a_shared_filter_is_offered_to_everybody_and_deleted_by_its_owner_alone(people: People) -> None:
    omar, vera = page_of(people.omar), page_of(people.vera)
    keep(omar, "all failures", "status=FAILED", shared="on")
    row = SavedFilter.objects.get()
    drop = f"{LIST}filters/{row.pk}/drop/"
    shown = text_of(vera.get(LIST))
    assert "all failures" in shown and "shared by omar" in shown and drop not in shown
    assert vera.post(drop).status_code == HTTPStatus.NOT_FOUND
    assert drop in text_of(omar.get(LIST))
    assert omar.get(drop).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert omar.post(drop, {"query": "status=FAILED"}).headers["Location"] == f"{LIST}?status=FAILED"
    assert not SavedFilter.objects.exists()
    assert omar.post(drop).status_code == HTTPStatus.NOT_FOUND


def test_the_same_name_replaces_the_filter(people: People) -> None:
    client = page_of(people.omar)
    keep(client, "mine", "status=FAILED"), keep(client, "mine", "status=RUNNING", shared="on")
    assert SavedFilter.objects.values_list("query", "shared").get() == ("status=RUNNING", True)


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", "status=FAILED", "needs a name"),
        ("x" * 61, "status=FAILED", "at most 60"),
        ("empty", "p=2&status=", "nothing to keep"),
        ("long", "q=" + "x" * 2000, "too long"),
    ],
)
def test_what_cannot_be_kept_is_said(people: People, name: str, query: str, said: str) -> None:
    client = page_of(people.omar)
    client.post(KEEP, {"name": name, "query": query})
    assert not SavedFilter.objects.exists()
    assert said in text_of(client.get(LIST))


def test_a_person_keeps_a_bounded_number(people: People) -> None:
    rows = [
        SavedFilter(owner=people.omar, name=f"f{n}", page="jobs.analysisjob", query="q=1") for n in range(50)
    ]
    SavedFilter.objects.bulk_create(rows)
    client = page_of(people.omar)
    assert "50 filters of this list already" in text_of(keep(client, "one more", "status=FAILED"))
    keep(client, "f7", "status=FAILED")
    assert SavedFilter.objects.count() == 50


def test_hostile_names_are_shown_as_text_and_lead_nowhere_else(people: People) -> None:
    shown = text_of(
        keep(page_of(people.omar), "<script>alert(1)</script>", "q=//evil.example/&status=FAILED")
    )
    assert "<script>alert" not in shown
    assert 'href="?q=%2F%2Fevil.example%2F&amp;status=FAILED"' in shown


def test_filters_are_kept_by_posting_and_by_those_who_may_see_jobs(people: People) -> None:
    assert page_of(people.omar).get(KEEP).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    User.objects.filter(pk=people.eve.pk).update(is_staff=True)
    answer = page_of(people.eve).post(KEEP, {"name": "x", "query": "status=FAILED"})
    assert answer.status_code == HTTPStatus.FORBIDDEN


# --- export -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "status=FAILED", "status=open", "service=orders&last=hour&owner=omar"])
def test_the_export_has_what_the_list_shows(people: People, query: str) -> None:
    log = LogDraft(content="x", service_name="payments", environment="production")
    make_job(people.omar), make_job(log=log), ended("budget"), ended(owner=people.omar)
    client = page_of(people.vera)
    shown = text_of(client.get(f"{LIST}?{query}"))
    href = html.unescape(re.search(r'href="(/api/v1/jobs/export[^"]*format=json)"', shown)[1])  # type: ignore[index]
    rows = b"".join(client.get(href)).decode().splitlines()
    assert {json.loads(row)["analysis_id"] for row in rows} == listed(shown) and rows


def test_a_filter_that_the_export_does_not_know_is_said(people: People) -> None:
    ended()
    shown = text_of(page_of(people.vera).get(f"{LIST}?q=orders"))
    assert "No export with the search" in shown and "jobs/export" not in shown
