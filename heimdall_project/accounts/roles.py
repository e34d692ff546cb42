"""Roles are groups, and this table says what each may do.

Each role includes the one above it, but for those that stand apart. A name is `app.codename`; `app.view_*`
stands for every view right of that app. Groups are brought in line with the table after each migrate, and
only with it: a right that an administrator adds to one of these groups by hand is taken away again, so make
a group of its own for it.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

VIEWER, OPERATOR, APPROVER = "viewer", "operator", "approver"
BREAK_GLASS = "break-glass"

RIGHTS: Mapping[str, tuple[str, ...]] = {
    VIEWER: (
        "accounts.view_auditevent",
        "jobs.view_*",
        "analysis.view_*",
        "ingestion.view_*",
        "dlq_admin.view_*",
        "streams.view_*",
    ),
    OPERATOR: (
        "jobs.add_analysisjob",
        "jobs.add_logentry",
        "jobs.cancel_analysisjob",
        "jobs.redrive_analysisjob",
        "ingestion.add_pageview",
        "dlq_admin.discard_deadletter",
        "dlq_admin.propose_redrive",
        "dlq_admin.read_payload",
        "streams.control_consumer",
        "streams.skip_record",
    ),
    APPROVER: (
        "dlq_admin.approve_redrive",
        "dlq_admin.cleanup_deadletter",
        "dlq_admin.read_secrets",
        "streams.begin_anew",
        "streams.override_flood",
    ),
}
"""Role to the rights that it has beyond those of the roles above it, in order."""
APART: Mapping[str, tuple[str, ...]] = {BREAK_GLASS: ("dlq_admin.break_glass",)}
"""Roles that include no other and are included in none: given beside another one, to few."""


def rights(role: str) -> list[str]:
    """All rights of a role, inherited ones included, as written in the table."""
    if role in APART:
        return list(APART[role])
    order = list(RIGHTS)
    return [right for each in order[: order.index(role) + 1] for right in RIGHTS[each]]


def sync_roles(**_: Any) -> None:
    """Receiver of `post_migrate`: make the groups and give them their rights. Idempotent."""
    with transaction.atomic():
        for role in (*RIGHTS, *APART):
            group, _made = Group.objects.get_or_create(name=role)
            group.permissions.set(Permission.objects.filter(_matching(rights(role))))


def _matching(names: list[str]) -> Q:
    wanted = Q(pk__in=[])
    for name in names:
        app, _, codename = name.partition(".")
        by_name = Q(codename__startswith=codename[:-1]) if codename.endswith("*") else Q(codename=codename)
        wanted |= Q(content_type__app_label=app) & by_name
    return wanted
