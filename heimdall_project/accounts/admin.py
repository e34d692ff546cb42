"""Accounts and the audit trail for people in the admin."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from .models import AuditEvent, AuditQuerySet, User
from .pages import ListedAdmin

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin, ListedAdmin):  # type: ignore[type-arg]
    """Users. What they did is in the audit trail, and stays when they go."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "roles", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("groups", "is_active", "is_staff", "is_superuser")
    list_filter_submit = True
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Users with their groups, in two queries."""
        return super().get_queryset(request).prefetch_related("groups")

    @display(description="Roles", label=True)
    def roles(self, user: User) -> list[str]:
        """Names of the groups."""
        return [group.name for group in user.groups.all()] or ["none"]


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin, ListedAdmin):
    """Groups. Those of the role table are brought back in line with it after each migrate."""


class StateFilter(admin.SimpleListFilter):
    """By what came of an act."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states."""
        return [("ok", "Done"), ("failed", "Failed"), ("running", "Running"), ("unknown", "Unknown")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Acts in the chosen state."""
        return queryset.filter(Q(("state", self.value()))) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ListedAdmin):
    """The audit trail: one line an act. There is nothing to change here, whoever asks."""

    list_display = ("at", "actor", "action", "target", "shown_state", "reason")
    list_filter = (StateFilter, "action", "actor", ("at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("actor", "action", "target", "reason", "request_id")
    search_help_text = "Search by actor, action, target, reason or request id"
    ordering = ("-at", "-pk")
    fieldsets = (
        (None, {"fields": ("shown_state", "actor", "action", "target", "reason")}),
        ("When and from where", {"fields": ("at", "ended_at", "request_id", "remote_address")}),
        ("Details", {"fields": ("intended", "came_of_it", "error_class")}),
    )
    readonly_fields = ("shown_state", "ended_at", "intended", "came_of_it", "error_class")
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> AuditQuerySet:
        """Acts, each with its state."""
        return AuditEvent.objects.acts()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Acts are added by acting."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        """Never."""
        return False

    @display(
        description="State",
        label={"ok": "success", "failed": "danger", "running": "info", "unknown": "warning"},
    )
    def shown_state(self, act: AuditEvent) -> str:
        """What came of it."""
        return act.state

    @display(description="Ended")
    def ended_at(self, act: AuditEvent) -> str | None:
        """When the outcome was written."""
        return localize(localtime(act.outcome.at)) if _ended(act) else None

    @display(description="Intended")
    def intended(self, act: AuditEvent) -> SafeString:
        """Details of the intent."""
        return _pretty(act.detail)

    @display(description="Came of it")
    def came_of_it(self, act: AuditEvent) -> SafeString | None:
        """Details of the outcome."""
        return _pretty(act.outcome.detail) if _ended(act) else None

    @display(description="Error")
    def error_class(self, act: AuditEvent) -> str:
        """Class of the error, where it failed."""
        return act.outcome.error if _ended(act) else ""


def _ended(act: AuditEvent) -> bool:
    return hasattr(act, "outcome")


def _pretty(detail: Any) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(detail, indent=2, ensure_ascii=False))
