"""What the console shows: what is broken, since when, how bad, and what to do."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import localtime

from heimdall_project.accounts.models import User
from heimdall_project.streams import control
from heimdall_project.streams.admin.wording import age, visible
from heimdall_project.streams.admin.workers import COLOURS

from .. import selectors
from ..batch_states import BatchState
from ..models import Cluster, RedriveBatch
from ..ramp import Progress
from ..selectors import LetterCounts
from ..selectors.figures import Grain
from ..services import progress_of
from ..services.permitted import APPROVE, PROPOSE
from ..states import WAITING, Disposition, State
from . import crews, notices, spark, wording
from .situation import Act, Crew, Open, Pending, Step, next_step

MOST = 30
"""Causes on the page; the list of causes has all."""
HOURS = 24


class Button(NamedTuple):
    """The next step as something to press."""

    label: str
    href: str
    icon: str
    is_dialog: bool = False


class Row(NamedTuple):
    """One cause."""

    cluster: Cluster
    title: str
    message: str
    kind: wording.Kind
    open: int
    since: str
    last: str
    spark: spark.Spark
    crew: Crew | None
    crew_colour: str
    step: Step
    button: Button
    is_held: bool = False
    """Its step is that of several causes, and stands above them."""

    @property
    def is_strong(self) -> bool:
        """Whether the step is to be taken now. Letters that would fail again as they are can wait."""
        if self.is_held:
            return False
        helps = self.step.act is not Act.PROPOSE or self.cluster.disposition == Disposition.RETRIES_EXHAUSTED
        return self.step.is_urgent and helps


class Tile(NamedTuple):
    """How many letters stand in a state."""

    state: str
    title: str
    number: str
    note: str
    colour: str
    href: str


class Shown(NamedTuple):
    """An open batch."""

    batch: RedriveBatch
    colour: str
    progress: Progress
    ended: int
    per_cent: int
    is_yours: bool
    """Whether who looks is to approve it."""


def panel(user: User, now: datetime) -> dict[str, Any]:
    """All of it, for this user."""
    counts = selectors.letter_counts()
    clusters = selectors.clusters_open(most=MOST)
    batches = [shown(batch, user) for batch in selectors.batches_open()]
    hour = timedelta(hours=1)
    came, before = (
        selectors.failures_since(since=now - n * hour, until=now - (n - 1) * hour) for n in (1, 2)
    )
    found = _rows(clusters, batches, user, now)
    held = notices.held_up(found)
    rows = [each._replace(is_held=each.step.text in held) for each in found]
    return {
        "headline": headline(counts, came, before, now),
        "is_well": not counts.open_clusters,
        "is_empty": not counts.total,
        "tiles": _tiles(counts),
        "rows": sorted(rows, key=lambda row: not row.is_strong),
        "more": max(0, counts.open_clusters - len(clusters)),
        "batches": batches,
        "notices": [*held.values(), *notices.at_rest(batches)],
        "at": localtime(now),
    }


def headline(counts: LetterCounts, came: int, before: int, now: datetime) -> str:
    """How things stand, in a sentence or two."""
    if not counts.open_clusters:
        return "Nothing is broken: no dead letter waits for anybody."
    waiting = sum(counts.by_state[state] for state in WAITING)
    causes = "1 cause is open" if counts.open_clusters == 1 else f"{counts.open_clusters:,} causes are open"
    letters = "1 letter waits" if waiting == 1 else f"{waiting:,} letters wait"
    since = ""
    if waiting and counts.oldest_waiting_at:
        since = f", the oldest for {_age(now - counts.oldest_waiting_at)}"
    lately = (
        f"{came:,} came in the last hour, {before:,} in the one before"
        if came or before
        else ("none came in the last two hours")
    )
    return f"{causes}: {letters} for a decision{since}. {capfirst(lately)}."


def _age(span: timedelta) -> str:
    said = age(span.total_seconds())
    return "a moment" if said == "just now" else said


def _tiles(counts: LetterCounts) -> list[Tile]:
    letters = reverse("admin:dlq_admin_deadletter_changelist")
    return [
        Tile(
            state=state.value,
            title=wording.STATE_WORDS[state],
            number=f"{counts.by_state[state]:,}",
            note=wording.STATE_NOTES[state],
            colour=wording.STATE_COLOURS[state],
            href=f"{letters}?state={state.value}",
        )
        for state in State
    ]


def shown(batch: RedriveBatch, user: User) -> Shown:
    """A batch as the console shows it to this user."""
    progress = progress_of(batch)
    ended = progress.resolved + progress.failed
    return Shown(
        batch=batch,
        colour=wording.BATCH_COLOURS[batch.state],
        progress=progress,
        ended=ended,
        per_cent=round(100 * ended / progress.size) if progress.size else 0,
        is_yours=batch.state == BatchState.PROPOSED
        and user.has_perm(APPROVE)
        and user.pk not in {batch.proposed_by_id, batch.approved_by_id},
    )


def _rows(clusters: Sequence[Cluster], batches: Sequence[Shown], user: User, now: datetime) -> list[Row]:
    trends = selectors.cluster_trends(
        cluster_ids=[each.pk for each in clusters], grain=Grain.HOUR, until=now, buckets=HOURS
    )
    about = selectors.batches_by_cluster([each.batch for each in batches])
    by_number = {each.batch.pk: each for each in batches}
    found = crews.crews((each.topic, each.group) for each in clusters)
    return [
        row(
            cluster,
            trends[cluster.pk],
            found[cluster.topic, cluster.group],
            [by_number[batch.pk] for batch in about.get(cluster.pk, ())],
            user,
            now,
        )
        for cluster in clusters
    ]


def row(
    cluster: Cluster,
    trend: Sequence[int],
    crew: Crew | None,
    batches: Sequence[Shown],
    user: User,
    now: datetime,
) -> Row:
    """One cause with its next step."""
    step = next_step(
        open_of(cluster), crew, [_pending(each, user) for each in batches], approves=user.has_perm(APPROVE)
    )
    return Row(
        cluster=cluster,
        title=visible(cluster.error_class) or wording.kind_of(cluster.disposition).title,
        message=visible(cluster.message),
        kind=wording.kind_of(cluster.disposition),
        open=cluster.total - cluster.resolved - cluster.discarded,
        since=age((now - cluster.first_seen).total_seconds()),
        last=age((now - cluster.last_seen).total_seconds()),
        spark=spark.spark(trend, spark.told(trend)),
        crew=crew,
        crew_colour=COLOURS.get(crew.state, "default") if crew else "default",
        step=step,
        button=button(step, cluster, crew, user),
    )


def open_of(cluster: Cluster) -> Open:
    """The letters of a cause with which something is left to be done."""
    return Open(
        undecided=cluster.pending + cluster.failed_again,
        approved=cluster.approved,
        failed_again=cluster.failed_again,
        under_way=cluster.reprocessing + cluster.published,
        disposition=cluster.disposition,
    )


def _pending(each: Shown, user: User) -> Pending:
    batch = each.batch
    return Pending(
        number=batch.pk,
        state=batch.state,
        size=batch.size,
        done=each.ended,
        note=visible(batch.note),
        is_own=batch.proposed_by_id == user.pk,
        is_approved=batch.approved_by_id == user.pk,
    )


_OF_WORKER: Mapping[Act, tuple[str, str]] = {
    Act.RESUME: ("Resume", "play_arrow"),
    Act.START: ("Start", "restart_alt"),
}
_OF_BATCH: Mapping[Act, tuple[str, str]] = {
    Act.APPROVE: ("Review", "rule"),
    Act.WATCH: ("Watch", "monitoring"),
    Act.LOOK_AT_BATCH: ("Look at", "visibility"),
}


def button(step: Step, cluster: Cluster, crew: Crew | None, user: User) -> Button:
    """The step as a link; where the right is missing, one that only looks."""
    if step.act in _OF_BATCH:
        verb, icon = _OF_BATCH[step.act]
        href = reverse("admin:dlq_admin_redrivebatch_change", args=[step.batch])
        return Button(f"{verb} batch {step.batch}", href, icon)
    if step.act in _OF_WORKER and crew and crew.row and user.has_perm(control.CONTROL):
        verb, icon = _OF_WORKER[step.act]
        href = reverse(f"admin:streams_workerprocess_{step.act.value}", args=[crew.row])
        return Button(f"{verb} {crew.worker}", href, icon, is_dialog=True)
    if step.act is Act.LOOK_AT_WORKER or step.act in _OF_WORKER:
        return Button("Look at workers", reverse("admin:streams_workerprocess_changelist"), "memory")
    if step.act is Act.PROPOSE and user.has_perm(PROPOSE):
        href = f"{reverse('admin:dlq_admin_deadletter_propose')}?cluster={cluster.pk}"
        return Button("Propose redrive", href, "replay")
    if step.act is Act.SEND and user.has_perm(PROPOSE):
        href = (
            f"{reverse('admin:dlq_admin_deadletter_send_many')}?cluster={cluster.pk}&state={State.APPROVED}"
        )
        return Button("Send again", href, "send")
    return Button("Look at it", reverse("admin:dlq_admin_cluster_change", args=[cluster.pk]), "visibility")
