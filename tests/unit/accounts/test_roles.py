"""The table of roles."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.db.models.options import Options

from heimdall_project.accounts.roles import APPROVER, OPERATOR, RIGHTS, VIEWER, rights


def codenames(meta: "Options[Any]") -> list[str]:
    """Rights on a model: the usual ones and its own."""
    usual = [get_permission_codename(action, meta) for action in meta.default_permissions]
    return [*usual, *(codename for codename, _ in meta.permissions)]


def existing() -> set[str]:
    """Every right that some app declares."""
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in codenames(model._meta)
    }


def test_every_right_in_the_table_exists() -> None:
    there = existing()
    missing = [
        right
        for role in RIGHTS
        for right in RIGHTS[role]
        if not any(name == right or (right.endswith("*") and name.startswith(right[:-1])) for name in there)
    ]
    assert not missing


def test_each_role_has_the_rights_of_those_above_it() -> None:
    assert set(rights(VIEWER)) < set(rights(OPERATOR)) < set(rights(APPROVER))


def test_a_viewer_only_views() -> None:
    assert all(right.partition(".")[2].startswith("view_") for right in rights(VIEWER))


def test_every_right_of_our_own_is_given_to_some_role() -> None:
    ours = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        if model._meta.app_label in {"jobs", "streams", "analysis"}
        for codename, _ in model._meta.permissions
    }
    assert ours <= set(rights(APPROVER))
