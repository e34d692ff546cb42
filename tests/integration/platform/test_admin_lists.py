"""What every list of the admin has in common: its name, rows that are none, what is not there, errors."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client

from heimdall_project.accounts.models import User
from heimdall_project.accounts.pages import NO_ROWS, ListedAdmin
from tests.people import People

pytestmark = pytest.mark.django_db
PAGES = admin.site._registry


def address(page: Any) -> str:
    """Where the list of a model is."""
    return f"/admin/{page.opts.app_label}/{page.opts.model_name}/"


@pytest.fixture
def all_powerful(people: People) -> Iterator[Client]:
    """A browser of somebody who may do everything. What a view raises becomes a page, as in production."""
    User.objects.filter(pk=people.ada.pk).update(is_superuser=True)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=people.ada.pk))
    yield client


def test_every_class_of_the_admin_has_the_one_base() -> None:
    assert [str(page) for page in PAGES.values() if not isinstance(page, ListedAdmin)] == []


@pytest.mark.parametrize("chosen", ["\0", "1\0", "no number", "9" * 40, ""])
def test_chosen_rows_that_can_be_none_are_refused_in_words_by_every_list(
    all_powerful: Client, chosen: str
) -> None:
    tried = 0
    for page in PAGES.values():
        names = list(page.get_actions(all_powerful.get(address(page)).wsgi_request))
        for name in names:
            given = {"action": name, "_selected_action": chosen, "index": "0"}
            response = all_powerful.post(address(page), given, follow=True)
            assert response.status_code == 200, (page, name)
            assert NO_ROWS in response.content.decode(), (page, name)
            tried += 1
    assert tried > 5


def test_a_list_is_called_by_what_it_lists(all_powerful: Client) -> None:
    for page in PAGES.values():
        name = str(page.opts.verbose_name_plural)
        title = f"{name[:1].upper()}{name[1:]} | Heimdall"
        assert title in all_powerful.get(address(page)).content.decode().partition("</title>")[0]


@pytest.mark.parametrize("name", ["dlq_admin/deadletter", "accounts/auditevent", "streams/workerprocess"])
def test_a_row_that_is_not_there_leads_to_its_list(all_powerful: Client, name: str) -> None:
    response = all_powerful.get(f"/admin/{name}/99/change/", follow=True)
    assert response.redirect_chain == [(f"/admin/{name}/", 302)]
    assert "99 is not there, or not any more." in response.content.decode()


def test_rows_that_are_chosen_rightly_are_acted_upon(all_powerful: Client) -> None:
    Group.objects.create(name="gone")
    pk = Group.objects.get(name="gone").pk
    given = {"action": "delete_selected", "_selected_action": str(pk), "index": "0", "post": "yes"}
    all_powerful.post("/admin/auth/group/", given, follow=True)
    assert not Group.objects.filter(name="gone").exists()


def test_an_address_that_only_takes_forms_says_so_on_a_page(all_powerful: Client) -> None:
    response = all_powerful.get("/admin/dlq_admin/deadletter/1/payload/")
    assert response.status_code == 405 and response.headers["Allow"] == "POST"
    assert "press it there" in response.content.decode()


def test_times_in_lists_say_their_zone(all_powerful: Client) -> None:
    from heimdall_project.accounts.audit import audited

    with audited(actor=User.objects.get(username="ada"), action="a", target="b", reason="c"):
        pass
    assert " UTC</" in all_powerful.get("/admin/accounts/auditevent/").content.decode().replace("\n", "")


@pytest.mark.parametrize("query", ["q=%00", "actor=x%00", "%00=1"])
def test_an_address_with_a_nul_is_refused_by_every_list_on_a_page(all_powerful: Client, query: str) -> None:
    for page in PAGES.values():
        response = all_powerful.get(f"{address(page)}?{query}")
        assert response.status_code == 400 and "Back to the admin" in response.content.decode()
    assert all_powerful.get("/admin/streams/workerprocess/%00/change/").status_code == 400


@pytest.mark.parametrize("name", ["dlq_admin/redrivebatch/99/approve", "streams/workerprocess/x/pause"])
def test_what_is_not_there_can_be_told_nothing(all_powerful: Client, name: str) -> None:
    assert all_powerful.get(f"/admin/{name}/").status_code == 404
