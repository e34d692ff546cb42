"""What the page of one cause shows."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.timezone import localtime

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.wording import age, visible

from .. import selectors
from ..models import Cluster
from ..selectors.figures import Grain
from ..states import State
from . import console_view, crews, spark, wording

KIND_COLOURS = {disposition: kind.colour for disposition, kind in wording.KINDS.items()}
NEWEST = 10
"""Letters that are named."""
HOURS = 48


class Count(NamedTuple):
    """Letters of the cause in one state."""

    title: str
    number: str
    colour: str
    href: str


def page(cluster: Cluster, user: User, now: datetime) -> dict[str, Any]:
    """Everything that the template needs, for this user."""
    place = (cluster.topic, cluster.group)
    trend = selectors.cluster_trends(cluster_ids=[cluster.pk], grain=Grain.HOUR, until=now, buckets=HOURS)[
        cluster.pk
    ]
    opened = selectors.batches_open()
    about = selectors.batches_by_cluster(opened).get(cluster.pk, [])
    batches = [console_view.shown(batch, user) for batch in about]
    hours = [localtime(now) - timedelta(hours=HOURS - 1 - n) for n in range(HOURS)]
    titles = [f"{hour:%a %H}:00: {count:,}" for hour, count in zip(hours, trend, strict=True)]
    return {
        "cluster": cluster,
        "row": console_view.row(cluster, trend, crews.crews([place])[place], batches, user, now),
        "counts": _counts(cluster),
        "bars": spark.bars(trend, titles),
        "numbers": [(hour, count) for hour, count in zip(hours, trend, strict=True) if count][::-1],
        "highest": max(trend),
        "begins": hours[0],
        "first_ago": age((now - cluster.first_seen).total_seconds()),
        "last_ago": age((now - cluster.last_seen).total_seconds()),
        "resolved_by": cluster.resolved_by,
        "batches": batches,
        "letters": [_letter(each, now) for each in selectors.letters_of(cluster, most=NEWEST)],
        "ledger": ledger_link(cluster.topic, cluster.group),
    }


def ledger_link(topic: str, group: str) -> str:
    """Where the books of a topic and group are."""
    return f"{reverse('admin:streams_ledgerentry_live')}?window=day&pair={topic}:{group}"


def _counts(cluster: Cluster) -> list[Count]:
    letters = reverse("admin:dlq_admin_deadletter_changelist")
    return [
        Count(
            title=wording.STATE_WORDS[state],
            number=f"{getattr(cluster, state.value.lower()):,}",
            colour=wording.STATE_COLOURS[state],
            href=f"{letters}?cluster={cluster.pk}&state={state.value}",
        )
        for state in State
    ]


def _letter(letter: Any, now: datetime) -> dict[str, Any]:
    return {
        "letter": letter,
        "colour": wording.STATE_COLOURS[letter.state],
        "message": visible(letter.error_message),
        "key": visible(letter.key_text),
        "ago": age((now - letter.failed_at).total_seconds()),
    }
