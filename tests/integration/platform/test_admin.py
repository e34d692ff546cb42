"""The admin: its first page, the audit trail, and who sees what."""

import re

import pytest
from django.test import Client

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import AuditEvent
from tests.people import PASSWORD, People

pytestmark = pytest.mark.django_db
TRAIL = "/admin/accounts/auditevent/"


def client_of(user: object) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def test_the_audit_trail_shows_one_line_an_act_with_what_came_of_it(people: People) -> None:
    with audited(actor=people.omar, action="consumer.pause", target="writer", reason="broken index"):
        pass

    response = client_of(people.vera).get(TRAIL)
    assert response.context["cl"].result_count == 1
    assert "broken index" in response.content.decode()
    assert re.search(r">\s*ok\s*<", response.content.decode())


@pytest.mark.parametrize(("state", "shown"), [("ok", 1), ("unknown", 0), ("failed", 0)])
def test_acts_are_found_by_state_and_by_words(people: People, state: str, shown: int) -> None:
    with audited(actor=people.omar, action="consumer.pause", target="writer", reason="broken index"):
        pass

    response = client_of(people.vera).get(TRAIL, {"state": state, "q": "index"})
    assert response.context["cl"].result_count == shown


def test_an_act_can_be_read_in_full_and_not_be_changed_by_anybody(people: People) -> None:
    people.ada.is_superuser = True
    people.ada.save()
    with audited(actor=people.omar, action="job.redrive", target="7", detail={"attempt": 2}) as act:
        act.detail["job"] = 7

    client = client_of(people.ada)
    page = client.get(f"{TRAIL}{act.intent_id}/change/")
    assert page.status_code == 200 and "&quot;attempt&quot;: 2" in page.content.decode()
    assert client.post(f"{TRAIL}{act.intent_id}/change/", {"reason": "x"}).status_code == 403
    assert client.post(f"{TRAIL}{act.intent_id}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{TRAIL}add/").status_code == 403
    assert AuditEvent.objects.count() == 2


def test_the_first_page_shows_to_each_what_they_may_see(people: People) -> None:
    full = client_of(people.vera).get("/admin/").content.decode()
    assert "Unfinished jobs" in full and "Latest acts of operators" in full and "Workers" in full
    people.eve.is_staff = True
    people.eve.save()
    empty = client_of(people.eve).get("/admin/").content.decode()
    assert "Your account has no rights yet" in empty and "Unfinished jobs" not in empty


def test_every_link_of_the_menu_leads_to_a_page(people: People) -> None:
    people.ada.is_superuser = True
    people.ada.save()
    client = client_of(people.ada)
    links = set(re.findall(r'href="(/admin/[a-z]+/[a-z]+/)"', client.get("/admin/").content.decode()))
    assert len(links) > 10
    assert {client.get(link).status_code for link in links} == {200}


def test_an_address_that_does_not_exist_is_a_page_for_people(people: People) -> None:
    response = client_of(people.vera).get("/admin/accounts/nothing/")
    assert response.status_code == 404 and "Back to the admin" in response.content.decode()


def test_who_opens_the_login_page_itself_lands_on_the_overview(people: People) -> None:
    form = {"username": "vera", "password": PASSWORD}
    response = Client().post("/admin/login/", form, follow=True)
    assert response.redirect_chain == [("/admin/", 302)] and "Overview" in response.content.decode()


def test_an_empty_list_offers_to_reset_filters_only_where_some_are_set(people: People) -> None:
    empty = client_of(people.vera).get(TRAIL).content.decode()
    assert "Nothing here yet" in empty and "Reset filters" not in empty
    filtered = client_of(people.vera).get(TRAIL, {"state": "ok"}).content.decode()
    assert "Nothing fits" in filtered and "Reset filters" in filtered
