"""Deleting what nobody needs any more: bytes first, rows later, a bounded number at a time.

By itself only what is closed goes, once its retention is over. What is open goes only if a person asks for
exactly that, in words; what is under way, or approved, or in a batch never does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Unprocessable
from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point

from ..models import Cluster, ClusterTrend, DeadLetter, LetterPayload
from ..states import WAITING, State
from .counting import Move, clusters_count
from .permitted import CLEAN_UP, permitted, reason_of

CLEAN_MOST = 10_000
"""Letters that one call, or one round of the cleanup, takes."""
AT_ONCE = 1000
OPEN_IN_WORDS = "delete dead letters that are open"
"""What a person has to write, so that letters go about which nobody has decided."""
MINUTES_KEPT = timedelta(days=2)
"""Buckets of a minute are for the last hour; those of an hour stay as long as rows do."""
_WAITING = sorted(state.value for state in WAITING)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What is old: bytes and rows of letters that came to their end before these moments."""

    payloads_before: datetime
    rows_before: datetime
    open_too: bool = False
    """Letters about which nobody has decided count as well, by when they failed last."""


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What went, or would go in a dry run."""

    payloads: int
    rows: int
    more: bool
    """Whether there is more than one call takes."""


def bounds_by_retention() -> Bounds:
    """What is old by the settings."""
    now = timezone.now()
    return Bounds(
        payloads_before=now - timedelta(seconds=settings.DLQ_PAYLOAD_RETENTION),
        rows_before=now - timedelta(seconds=settings.DLQ_ROW_RETENTION),
    )


def letters_clean_up(
    *, actor: User | None, reason: str, bounds: Bounds, dry_run: bool = False, in_words: str = ""
) -> Cleaned:
    """Delete bytes and rows of old letters, `CLEAN_MOST` of each at most.

    Each part is an act of its own in the audit trail, and its number is written in the transaction that
    deletes: whenever the process ends, the trail tells what is gone. An act without outcome took nothing.
    `actor` None is the system. Raises Forbidden, and Unprocessable for no reason, for moments that are not in
    the past, and for open letters that were not asked for in words.
    """
    if actor is not None:
        permitted(actor, CLEAN_UP)
        reason = reason_of(reason)
    _refuse(bounds, in_words)
    found = Cleaned(
        payloads=_payloads(bounds)[: CLEAN_MOST + 1].count(),
        rows=_rows(bounds)[: CLEAN_MOST + 1].count(),
        more=False,
    )
    more = max(found.payloads, found.rows) > CLEAN_MOST
    found = Cleaned(payloads=min(found.payloads, CLEAN_MOST), rows=min(found.rows, CLEAN_MOST), more=more)
    if dry_run or not (found.payloads or found.rows):
        return found
    by = _By(actor, reason, bounds)
    rows = _in_parts("row", found.rows, _delete_rows, by)
    payloads = _in_parts("payload", found.payloads, _delete_payloads, by)
    return Cleaned(payloads=payloads, rows=rows, more=more)


def trend_forget(*, bounds: Bounds) -> int:
    """Delete buckets of the trend that no figure shows any more; answers how many."""
    minutes = Q(grain=ClusterTrend.Grain.MINUTE, at__lt=timezone.now() - MINUTES_KEPT)
    hours = Q(grain=ClusterTrend.Grain.HOUR, at__lt=bounds.rows_before)
    old = ClusterTrend.objects.filter(minutes | hours).order_by("at").values("pk")[:CLEAN_MOST]
    gone, _ = ClusterTrend.objects.filter(pk__in=old).delete()
    return gone


def _refuse(bounds: Bounds, in_words: str) -> None:
    now = timezone.now()
    late = {
        name: "must be in the past"
        for name in ("payloads_before", "rows_before")
        if getattr(bounds, name) > now
    }
    if late:
        raise Unprocessable("There is no cleaning up of what is to come.", errors=late)
    if bounds.open_too and in_words != OPEN_IN_WORDS:
        raise Unprocessable(
            "Letters about which nobody has decided are not deleted by the way.",
            errors={"in_words": f'write "{OPEN_IN_WORDS}"'},
        )


# --- what is old ------------------------------------------------------------------------------------------


def _old(before: datetime, *, open_too: bool) -> QuerySet[DeadLetter]:
    old = Q(closed_at__lt=before)
    if open_too:
        old |= Q(state__in=_WAITING, batch=None, failed_at__lt=before, moved_at__lt=before)
    return DeadLetter.objects.filter(old)


def _rows(bounds: Bounds) -> QuerySet[DeadLetter]:
    return _old(bounds.rows_before, open_too=bounds.open_too).order_by(_since(bounds), "pk")


def _payloads(bounds: Bounds) -> QuerySet[DeadLetter]:
    has = Exists(LetterPayload.objects.filter(letter=OuterRef("pk")))
    old = _old(bounds.payloads_before, open_too=bounds.open_too)
    since = _since(bounds)
    return old.filter(has, **{f"{since}__gte": bounds.rows_before}).order_by(since, "pk")


def _since(bounds: Bounds) -> str:
    """Where the time stands by which the oldest go first; of closed letters alone an index has it."""
    return "moved_at" if bounds.open_too else "closed_at"


# --- a part after the other ---------------------------------------------------------------------------------


class _By(NamedTuple):
    """Who deletes what, and why."""

    actor: User | None
    reason: str
    bounds: Bounds

    def told(self) -> dict[str, object]:
        """For the intent."""
        return {
            "payloads_before": self.bounds.payloads_before.isoformat(),
            "rows_before": self.bounds.rows_before.isoformat(),
            "open_too": self.bounds.open_too,
        }


def _in_parts(what: str, found: int, delete: Callable[[Bounds], int], by: _By) -> int:
    """Delete as many as were found; fewer, if others took some or are at work on them."""
    gone = 0
    for _ in range(0, found, AT_ONCE):
        part = _part(what, delete, by)
        metrics.LETTERS_CLEANED.labels(what).inc(part)
        gone += part
        if part < AT_ONCE:
            break
    return gone


def _part(what: str, delete: Callable[[Bounds], int], by: _By) -> int:
    with audited(
        actor=by.actor, action="dlq.cleanup", target="dead letters", reason=by.reason, detail=by.told()
    ) as act:
        with transaction.atomic():
            act.detail[f"{what}s"] = gone = delete(by.bounds)
            act.settle()
        crash_point("dlq.after_cleanup")
    return gone


def _delete_payloads(bounds: Bounds) -> int:
    """Bytes of some letters, in the caller's transaction; who is at work on one keeps them."""
    locked = _payloads(bounds).select_for_update(no_key=True, of=("self",), skip_locked=True)
    chosen = list(locked.values_list("pk", flat=True)[:AT_ONCE])
    LetterPayload.objects.filter(pk__in=chosen).delete()
    return len(chosen)


def _delete_rows(bounds: Bounds) -> int:
    """Some letters with all that hangs on them, and their counts; who is at work on one keeps it."""
    locked = _rows(bounds).select_for_update(no_key=True, of=("self",), skip_locked=True)
    chosen = list(locked.values_list("pk", "cluster_id", "state")[:AT_ONCE])
    if not chosen:
        return 0
    ids = [pk for pk, _, _ in chosen]
    # Counted first: it locks the clusters, in the order in which everybody does.
    clusters_count([Move(cluster, State(state), None, pk) for pk, cluster, state in chosen])
    Cluster.objects.filter(sample__in=ids).update(sample=None)
    with connection.cursor() as sql:
        sql.execute("SELECT set_config('heimdall.purging', 'dead_letter_history', TRUE)")
        for table in ("dead_letter_payloads", "dead_letter_history"):
            sql.execute(f"DELETE FROM {table} WHERE letter_id = ANY(%s)", [ids])  # noqa: S608 - two names of ours
        sql.execute("DELETE FROM dead_letters WHERE id = ANY(%s)", [ids])
        sql.execute("SELECT set_config('heimdall.purging', '', TRUE)")
    _sample_anew({cluster for _, cluster, _ in chosen})
    return len(ids)


def _sample_anew(clusters: set[int]) -> None:
    """Clusters whose sample went show another letter, if they have one."""
    for cluster in Cluster.objects.filter(pk__in=clusters, sample=None, total__gt=0).order_by("pk"):
        latest = DeadLetter.objects.filter(cluster=cluster).order_by("-failed_at", "-pk").first()
        Cluster.objects.filter(pk=cluster.pk).update(sample=latest)
