"""What the page of one batch shows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.text import capfirst

from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.streams.admin.wording import age, visible

from .. import selectors
from ..batch_states import ENDED, BatchState, ItemState, item_stage
from ..models import BatchItem, DeadLetter, RedriveBatch
from ..ramp import Progress
from ..services import batch_try, progress_of
from ..services.payloads import RIGHT as READ
from ..services.permitted import APPROVE, BREAK_GLASS, PROPOSE
from . import crews, wording
from .dry_running import TRIED, dry_run
from .notices import REDRIVER

ITEMS = 200
"""Letters that are named."""
ACTS = 50
MESSAGE = 200
"""Characters of what a letter failed with."""


class Count(NamedTuple):
    """Letters of the batch that stand alike."""

    key: str
    title: str
    number: str
    colour: str
    asked: str
    """States of items, for a link to those."""


class Item(NamedTuple):
    """What became of one letter."""

    item: BatchItem
    colour: str
    note: str
    message: str
    letter: DeadLetter | None
    """None: it is not kept any more."""


def page(batch: RedriveBatch, user: User, now: datetime, *, asked: str = "") -> dict[str, Any]:
    """Everything that the template needs, for this user. `asked` narrows the items to a state."""
    progress, state = progress_of(batch), BatchState(batch.state)
    chosen = asked if asked in set(ItemState) else ""
    items = selectors.items_of(batch)
    if chosen:
        alike = BatchItem.objects.filter(batch=batch, stage=item_stage(chosen), state=chosen)
        items = alike.order_by("pk")[:ITEMS]
    rows = list(items[:ITEMS])
    return {
        "batch": batch,
        "look": wording.batch_look(batch.state, failed=progress.failed, any_handled=progress.resolved > 0),
        "reason": visible(batch.reason),
        "note": visible(batch.note),
        "where": where(batch, progress, user, now),
        "counts": counts(batch, progress),
        "progress": progress,
        "ended": progress.resolved + progress.failed,
        "ended_said": f"{progress.resolved + progress.failed:,}",
        "size_said": f"{progress.size:,}",
        "is_open": batch.state not in ENDED or progress.under_way > 0,
        "lag_most": f"{batch.most_lag:,}",
        "failures_most": f"{100 * batch.most_failures:g} %",
        "items": _items(rows),
        "chosen": chosen,
        "cut": len(rows) == ITEMS,
        "acts": _acts(batch, user),
        "report": reverse("dlq-batch-report", args=[batch.pk]),
        "transform": batch.change,
        "dry_run": dry_run(batch_try(batch_id=batch.pk, most=TRIED))
        if state is BatchState.PROPOSED
        else None,
        "may_read": user.has_perm(READ),
    }


def _items(rows: Sequence[BatchItem]) -> list[Item]:
    """Items with their letters, as far as these are kept: the cleanup takes letters and leaves items."""
    found = DeadLetter.objects.filter(pk__in=[row.letter_id for row in rows]).select_related("cluster")
    letters = found.in_bulk()
    return [_item(row, letters.get(row.letter_id)) for row in rows]


def _item(row: BatchItem, letter: DeadLetter | None) -> Item:
    message = visible(letter.error_message)[:MESSAGE] if letter else ""
    return Item(row, wording.ITEM_COLOURS[row.state], visible(row.note), message, letter)


def counts(batch: RedriveBatch, progress: Progress) -> list[Count]:
    """How its letters fared."""
    return [
        Count("waiting", "Waiting", f"{progress.waiting:,}", "default", ItemState.WAITING),
        Count("under_way", "Under way", f"{progress.under_way:,}", "primary", ItemState.PUBLISHED),
        Count("resolved", "Resolved", f"{progress.resolved:,}", "success", ItemState.RESOLVED),
        Count("failed", "Failed again", f"{progress.failed:,}", "danger", ItemState.FAILED),
        Count("skipped", "Skipped", f"{batch.size - progress.size:,}", "default", ItemState.SKIPPED),
    ]


class Where(NamedTuple):
    """Where a batch stands, in words."""

    text: str
    following: str = ""
    is_troubled: bool = False


def where(batch: RedriveBatch, progress: Progress, user: User, now: datetime) -> Where:
    """Say where it stands, and who does what next."""
    state = BatchState(batch.state)
    if state is BatchState.PROPOSED:
        return _proposed(batch, user, now)
    if state is BatchState.RUNNING:
        text = (
            f"It runs: {visible(batch.note).rstrip('.')}."
            if batch.note
            else "Its letters are being sent again."
        )
        if REDRIVER not in crews.running({REDRIVER}):
            return Where(
                text, f"{REDRIVER} does not run: start it with manage.py run_consumer {REDRIVER}.", True
            )
        return Where(text)
    if state in {BatchState.PAUSED, BatchState.STOPPED}:
        word = "It stopped itself" if state is BatchState.STOPPED else "It is paused"
        act = "resume or cancel it" if user.has_perm(PROPOSE) else "an operator resumes or cancels it"
        following = f"Look at what failed; then {act}." if progress.failed else f"{capfirst(act)}."
        by_now = f"{progress.failed:,} of {progress.resolved + progress.failed:,} failed again"
        since = f" By now {by_now}." if progress.failed and by_now != batch.note else ""
        return Where(f"{word}: {visible(batch.note).rstrip('.')}.{since}", following, True)
    ago = _ago(now, batch.ended_at)
    if state is BatchState.DONE:
        failed = f", {progress.failed:,} failed again" if progress.failed else ""
        return Where(f"Ended {ago}: {progress.resolved:,} handled by their consumers{failed}.")
    word = "Cancelled" if state is BatchState.CANCELLED else "Rejected"
    still = f"{progress.under_way:,} that were sent are still watched: give them up if they never end."
    return Where(f"{word} {ago} by {visible(batch.note)}", still if progress.under_way else "")


def _proposed(batch: RedriveBatch, user: User, now: datetime) -> Where:
    since = age((now - batch.proposed_at).total_seconds())
    since = "a moment" if since == "just now" else since
    another = "a third person" if batch.approved_by_id else "another person"
    text = f"Waits for the approval of {another} for {since}."
    if user.pk == batch.proposed_by_id:
        if settings.DLQ_BREAK_GLASS and user.has_perm(BREAK_GLASS) and not batch.needs_second:
            return Where(
                text, "You proposed it. If nobody else is there, you may break the glass: approve alone."
            )
        return Where(text, "You proposed it, so you cannot approve it.")
    if user.pk == batch.approved_by_id:
        return Where(
            text, "You approved it already; its consumer is unsafe to repeat, so a third person has to."
        )
    if not user.has_perm(APPROVE):
        return Where(text, "Your role cannot approve.")
    return Where(text, "Look at the set and the reason; then approve or reject it.", True)


def _ago(now: datetime, at: datetime | None) -> str:
    said = age((now - (at or now)).total_seconds())
    return said if said == "just now" else f"{said} ago"


def _acts(batch: RedriveBatch, user: User) -> list[tuple[AuditEvent, str]] | None:
    """What people did to it, for those who may see the audit trail."""
    if not user.has_perm("accounts.view_auditevent"):
        return None
    acts = AuditEvent.objects.acts().filter(target=str(batch)).order_by("-at", "-pk")[:ACTS]
    return [(act, wording.ACT_COLOURS[act.state]) for act in acts]
