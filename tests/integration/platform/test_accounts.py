"""Roles, demo users, and who may sign in."""

import base64

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group, Permission
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings
from structlog.testing import capture_logs

from heimdall_project.accounts.demo import DEMO_USERS, PASSWORD, ensure_demo_users
from heimdall_project.accounts.models import User
from heimdall_project.accounts.roles import sync_roles
from tests.people import PASSWORD as OWN_PASSWORD
from tests.people import People

pytestmark = pytest.mark.django_db


def basic(username: str, password: str) -> dict[str, str]:
    """Headers of basic authentication."""
    return {"authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def codes_found() -> list[str]:
    """Ids of the checks that run with migrate."""
    return [
        str(message.id) for message in run_checks(databases=["default"]) if str(message.id).startswith("acc")
    ]


def test_migrating_has_made_the_roles() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {
        "viewer",
        "operator",
        "approver",
        "break-glass",
    }


def test_roles_are_brought_in_line_with_the_table_and_twice_is_once() -> None:
    viewer = Group.objects.get(name="viewer")
    before = set(viewer.permissions.values_list("codename", flat=True))
    viewer.permissions.set([Permission.objects.get(codename="delete_user")])

    sync_roles()
    sync_roles()
    assert set(viewer.permissions.values_list("codename", flat=True)) == before


def test_people_may_do_what_their_role_says(people: People) -> None:
    look, skip, override = "jobs.view_analysisjob", "streams.skip_record", "streams.override_flood"
    assert [people.vera.has_perm(right) for right in (look, skip, override)] == [True, False, False]
    assert [people.omar.has_perm(right) for right in (look, skip, override)] == [True, True, False]
    assert [people.ada.has_perm(right) for right in (look, skip, override)] == [True, True, True]
    assert not people.eve.has_perm(look)


def test_demo_users_are_made_once_and_repaired(settings: Settings) -> None:
    settings.DEBUG = True
    ensure_demo_users()
    operator = User.objects.get(username="operator")
    operator.set_password("another")
    operator.is_active = False
    operator.save()

    ensure_demo_users()
    assert User.objects.count() == len(DEMO_USERS)
    assert authenticate(username="operator", password=PASSWORD) == operator


def test_outside_of_development_demo_users_are_not_made() -> None:
    with pytest.raises(ImproperlyConfigured, match="DEBUG=true"):
        ensure_demo_users()


def test_a_demo_user_that_came_along_into_production_cannot_sign_in_anywhere(settings: Settings) -> None:
    settings.DEBUG = True
    ensure_demo_users()
    assert Client().get("/api/v1/jobs", headers=basic("viewer", PASSWORD)).status_code == 200

    settings.DEBUG = False
    assert not Client().login(username="admin", password=PASSWORD)
    assert Client().get("/api/v1/jobs", headers=basic("admin", PASSWORD)).status_code == 401
    assert Client().get("/api/v1/jobs", headers=basic("viewer", PASSWORD)).status_code == 401


def test_a_demo_user_that_came_along_into_production_is_an_error_until_its_password_is_changed(
    settings: Settings,
) -> None:
    settings.DEBUG = True
    ensure_demo_users()
    assert codes_found() == []
    settings.DEBUG = False
    assert codes_found() == ["accounts.E001"]
    User.objects.update(is_active=False)
    assert codes_found() == []


def test_credentials_are_asked_for_and_wrong_ones_refused(people: People) -> None:
    refused = Client().get("/api/v1/jobs")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="heimdall"')
    assert Client().get("/api/v1/jobs", headers=basic("vera", "wrong")).status_code == 401
    assert Client().get("/api/v1/jobs", headers=basic("vera\0", "\0")).status_code == 401
    assert Client().get("/api/v1/jobs", headers={"authorization": "Basic %%%"}).status_code == 401


def test_a_remembered_password_opens_nothing_once_it_is_changed_or_its_user_is_gone(people: People) -> None:
    credentials = basic("vera", OWN_PASSWORD)
    assert Client().get("/api/v1/jobs", headers=credentials).status_code == 200
    people.vera.set_password("another-long-password")
    people.vera.save()
    assert Client().get("/api/v1/jobs", headers=credentials).status_code == 401
    again = basic("vera", "another-long-password")
    assert Client().get("/api/v1/jobs", headers=again).status_code == 200
    User.objects.filter(pk=people.vera.pk).update(is_active=False)
    assert Client().get("/api/v1/jobs", headers=again).status_code == 401


def test_a_session_works_for_reading_and_wants_its_csrf_token_for_writing(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.omar)
    assert client.get("/api/v1/jobs").status_code == 200
    refused = client.post("/api/v1/analysis/request", b"{}", content_type="application/json")
    assert refused.status_code == 403
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_the_access_log_names_whoever_was_authenticated_and_asks_for_nobody(people: People) -> None:
    signed_in = Client()
    signed_in.force_login(people.omar)
    with capture_logs() as lines:
        Client().get("/api/v1/jobs", headers=basic("vera", OWN_PASSWORD))
        signed_in.get("/admin/")
        Client().get("/api/v1/jobs")
        signed_in.get("/nowhere")

    assert [line["user"] for line in lines if line.get("action") == "http_request"] == [
        "vera",
        "omar",
        "",
        "",
    ]
