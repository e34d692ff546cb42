"""What runs where, how far behind it is, and what it is told."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import UnfoldAction
from unfold.decorators import display

from .. import control, registry, worker_registry
from ..models import ConsumerControl, WorkerProcess
from .base import ReadOnlyAdmin, WorkerFilter
from .dialogs import dialog, dialog_action
from .orders import OverrideForm, ReasonForm, SkipForm, give

State = WorkerProcess.State
COLOURS = {
    State.RUNNING: "success",
    State.STARTING: "info",
    State.DRAINING: "info",
    State.PAUSED: "warning",
    State.WAITING: "warning",
    State.HALTED: "danger",
    State.FAILED: "danger",
    worker_registry.LOST: "danger",
    State.STOPPED: "default",
}
PAUSE = dialog("Pause", "Every process of this worker takes in nothing more until it is resumed.", ReasonForm)
RESUME = dialog("Resume", "Every process of this worker goes on.", ReasonForm)
START = dialog("Start again", "The supervisor that holds this worker down starts it again.", ReasonForm)
SKIP = dialog(
    "Skip a record", "The worker passes this record by: it goes to the dead letters unhandled.", SkipForm
)
OVERRIDE = dialog(
    "Let a flood through",
    "For so many minutes every invalid record becomes a dead letter, however many they are.",
    OverrideForm,
)


class ShownFilter(admin.SimpleListFilter):
    """Unless asked for all, only what matters now: rows that are written, and the last of each worker."""

    title, parameter_name = "processes", "show"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All of the last days."""
        return [("all", "All of the last days")]

    def choices(self, changelist: Any) -> Any:
        """The default has a name of its own."""
        for choice in super().choices(changelist):
            yield {**choice, "display": "Now"} if choice["display"] == "All" else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[WorkerProcess]) -> QuerySet[WorkerProcess]:
        """Rows that matter now."""
        if self.value() == "all":
            return queryset
        last = WorkerProcess.objects.order_by("worker", "-heartbeat_at").distinct("worker").values("pk")
        written = worker_registry.fresh().order_by().values("pk")
        return queryset.filter(Q(pk__in=last) | Q(pk__in=written))


@admin.register(WorkerProcess)
class WorkerProcessAdmin(ReadOnlyAdmin):
    """Worker processes. The order buttons act on the worker, that is on all of its processes."""

    list_display = (
        "worker",
        "shown_state",
        "behind",
        "in_hand",
        "shown_partitions",
        "heartbeat",
        "last_commit_at",
        "process",
        "shown_reason",
    )
    list_filter = (ShownFilter, WorkerFilter)
    ordering = ("worker", "-heartbeat_at")
    actions_row = actions_detail = ("pause", "resume", "start", "skip", "override")
    fieldsets = (
        (None, {"fields": ("worker", "meaning", "shown_state", "reason", "orders")}),
        ("Work", {"fields": ("group", "partition_list", "behind", "in_hand", "last_commit_at")}),
        ("Process", {"fields": ("process", "version", "metrics", "started_at", "heartbeat_at", "heartbeat")}),
    )
    readonly_fields = (
        "meaning",
        "shown_state",
        "orders",
        "partition_list",
        "behind",
        "process",
        "metrics",
        "heartbeat",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows with the age of their heartbeat."""
        return worker_registry.with_age().order_by(*self.ordering)

    # --- columns ----------------------------------------------------------------------------------------

    @display(description="State", label=COLOURS)
    def shown_state(self, row: Any) -> str:
        """Its own word, or `lost`."""
        return worker_registry.state_of(row)

    @display(description="Reason")
    def shown_reason(self, row: WorkerProcess) -> str:
        """The beginning of it."""
        return row.reason[:120] or "-"

    @display(description="Behind", ordering="lag_records")
    def behind(self, row: WorkerProcess) -> str:
        """In records and in time."""
        if row.lag_records is None:
            return "-"
        age = f", {_span(timedelta(seconds=row.lag_seconds))}" if row.lag_seconds else ""
        return f"{row.lag_records:,} records{age}"

    @display(description="Partitions")
    def shown_partitions(self, row: WorkerProcess) -> str:
        """How many; the page of the process lists them."""
        return str(len(row.partitions)) if row.group else "-"

    @display(description="Partitions")
    def partition_list(self, row: WorkerProcess) -> str:
        """All of them."""
        return ", ".join(row.partitions) or "-"

    @display(description="Heartbeat", ordering="heartbeat_at")
    def heartbeat(self, row: Any) -> str:
        """Its age."""
        return f"{_span(row.age)} ago"

    @display(description="Process")
    def process(self, row: WorkerProcess) -> str:
        """Where it runs."""
        return f"{row.pid} on {row.host}"

    @display(description="Metrics")
    def metrics(self, row: WorkerProcess) -> str:
        """Port of /metrics and /livez."""
        return f"port {row.metrics_port}" if row.metrics_port else "not served"

    @display(description="What it does")
    def meaning(self, row: WorkerProcess) -> str:
        """The first line of its docstring."""
        known = registry.workers(where=lambda worker: worker.name == row.worker)
        return registry.meaning(known[0]) if known else "not declared in this version"

    @display(description="Orders")
    def orders(self, row: WorkerProcess) -> SafeString:
        """What stands."""
        order = ConsumerControl.objects.filter(pk=row.worker).first()
        lines = [f"paused: {order.pause_reason}"] if order and order.paused else []
        if order and order.flood_override_until:
            lines.append(f"floods let through until {order.flood_override_until:%Y-%m-%d %H:%M} UTC")
        return format_html("{}", "; ".join(lines) or "none")

    # --- orders -----------------------------------------------------------------------------------------

    # Named by method: a dotted name would make a system check ask the database, which may not be there yet.

    def has_control_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """May pause, resume and start."""
        return request.user.has_perm(control.CONTROL)

    def has_skip_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """May skip records."""
        return request.user.has_perm(control.SKIP)

    def has_override_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """May let floods through."""
        return request.user.has_perm(control.OVERRIDE)

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Only orders that fit the worker's shape."""
        row = WorkerProcess.objects.filter(pk=object_id).first()
        allowed = super().get_actions_detail(request, object_id)
        of_records = ("_skip", "_override")
        return [each for each in allowed if (row and row.group) or not each.action_name.endswith(of_records)]

    @dialog_action(description="Pause", icon="pause", permissions=["control"], dialog=PAUSE)
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Pause the worker."""
        return give(request, form, PAUSE, control.consumer_pause, _worker(object_id))

    @dialog_action(description="Resume", icon="play_arrow", permissions=["control"], dialog=RESUME)
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Resume the worker."""
        return give(request, form, RESUME, control.consumer_resume, _worker(object_id))

    @dialog_action(description="Start again", icon="restart_alt", permissions=["control"], dialog=START)
    def start(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Start a halted worker."""
        return give(request, form, START, control.consumer_start, _worker(object_id))

    @dialog_action(description="Skip a record", icon="skip_next", permissions=["skip"], dialog=SKIP)
    def skip(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Skip one record."""
        return give(request, form, SKIP, control.record_skip, _worker(object_id))

    @dialog_action(description="Let a flood through", icon="flood", permissions=["override"], dialog=OVERRIDE)
    def override(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Let a flood through."""
        return give(request, form, OVERRIDE, control.flood_override, _worker(object_id))


def _worker(object_id: str) -> str:
    return get_object_or_404(WorkerProcess, pk=object_id).worker


def _span(span: timedelta) -> str:
    """A duration for people: its largest unit."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
