"""What the page of one dead letter shows."""

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import capfirst

from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.streams.admin.base import place
from heimdall_project.streams.admin.wording import age, duration, visible, visible_prose

from .. import selectors
from ..models import DeadLetter, LetterLine
from ..services.deciding import why_not_with_others
from ..services.payloads import RIGHT as READ
from ..services.permitted import APPROVE, DISCARD, PROPOSE
from ..states import SENDABLE, WAITING, State
from . import wording
from .cluster_view import ledger_link

ACTS = 50
"""Acts of operators that are shown."""


class Line(NamedTuple):
    """A line of the history as it is shown."""

    told: LetterLine
    words: str
    note: str
    since: str
    colour: str

    @property
    def moved(self) -> bool:
        """Whether the state changed."""
        return self.told.from_state != self.told.to_state


class Where(NamedTuple):
    """Where a letter stands, in words."""

    text: str
    following: str = ""
    is_troubled: bool = False


class Link(NamedTuple):
    """Another page about the same thing."""

    title: str
    href: str


def page(letter: DeadLetter, user: User, now: datetime) -> dict[str, Any]:
    """Everything that the template needs, for this user."""
    told = list(selectors.history_of(letter))
    return {
        "letter": letter,
        "place": visible(place(letter)),
        "letter_place": f"{letter.letter_topic}[{letter.letter_partition}]@{letter.letter_offset}",
        "state_colour": wording.STATE_COLOURS[letter.state],
        "state_words": wording.STATE_WORDS[letter.state],
        "kind": wording.kind_of(letter.cluster.disposition),
        "error": visible(letter.cluster.error_class),
        "message": visible_prose(letter.error_message),
        "where": where(letter, user, now),
        "proof": wording.PROVEN_WORDS if letter.proven else wording.UNPROVEN_WORDS,
        "rivals": list(selectors.rivals_of(letter)[: selectors.RIVALS_SHOWN]),
        "lines": _lines(told),
        "parts": [(item, wording.ITEM_COLOURS[item.state]) for item in selectors.batches_of_letter(letter)],
        "links": _links(letter, user),
        "acts": _acts(letter, user),
        "may_read": user.has_perm(READ),
        "may_propose": may_be_proposed(letter, user),
        "key": visible(letter.key_text),
        "first_failed_at": _first(letter),
    }


def may_be_proposed(letter: DeadLetter, user: User) -> bool:
    """Whether this person could make it part of a new batch."""
    is_free = letter.batch_id is None and letter.state in SENDABLE
    return is_free and user.has_perm(PROPOSE) and not why_not_with_others(letter)


def where(letter: DeadLetter, user: User, now: datetime) -> Where:
    """Say where it stands, since when, and what comes next for this user."""
    since = age((now - letter.moved_at).total_seconds())
    since = "a moment" if since == "just now" else since
    state = State(letter.state)
    if state in WAITING:
        again = f"Failed {letter.attempt} times, and waits" if letter.attempt > 1 else "Waits"
        why = why_not_with_others(letter)
        text = f"{again} for a decision for {since}."
        return Where(text, why or _choice(user), bool(why))
    if state is State.APPROVED:
        batch = f", in batch {letter.batch_id}," if letter.batch_id else ""
        following = "" if letter.batch_id else "Another person than who approved it sends it again."
        return Where(f"Approved{batch} {since} ago.", following)
    if state is State.REPROCESSING:
        return Where(f"Being sent again for {since}.")
    if state is State.PUBLISHED:
        return Where(f"Sent again {since} ago; its consumer has not said yet that it handled it.")
    words = {State.RESOLVED: "Handled by its consumer", State.DISCARDED: "Discarded"}
    return Where(f"{words[state]} {since} ago. Nothing is left to be done.")


_CHOICES = ((PROPOSE, "propose a redrive"), (APPROVE, "approve it for another"), (DISCARD, "discard it"))


def _choice(user: User) -> str:
    """What this person can decide."""
    able = [words for right, words in _CHOICES if user.has_perm(right)]
    if not able:
        return "Your role cannot decide."
    said = " or ".join(filter(None, (", ".join(able[:-1]), able[-1])))
    return f"{capfirst(said)}."


def _first(letter: DeadLetter) -> datetime | None:
    """When it failed first, unless that is when it failed."""
    first = letter.first_failed_at
    return first if first and abs((letter.failed_at - first).total_seconds()) >= 1 else None


def _lines(told: list[LetterLine]) -> list[Line]:
    lines, before = [], None
    for line in told:
        gap = f"+{duration((line.at - before).total_seconds())}" if before else ""
        words = wording.EVENT_WORDS.get(line.event, line.event)
        lines.append(
            Line(line, words, visible(line.note), gap, wording.STATE_COLOURS.get(line.to_state, "default"))
        )
        before = line.at
    return lines


def _links(letter: DeadLetter, user: User) -> list[Link]:
    found = []
    name = letter.event_id or letter.correlation_id
    if name and letter.topic.startswith("analysis.") and user.has_perm("jobs.view_analysisjob"):
        address = reverse("admin:jobs_analysisjob_changelist")
        found.append(Link("The job", f"{address}?{urlencode({'q': name})}"))
    if letter.correlation_id:
        address = reverse("admin:dlq_admin_deadletter_changelist")
        found.append(
            Link("Letters of this correlation", f"{address}?{urlencode({'q': letter.correlation_id})}")
        )
    if letter.group and user.has_perm("streams.view_ledgerentry"):
        found.append(Link("The ledger of its topic", ledger_link(letter.topic, letter.group)))
    if letter.worker and user.has_perm("streams.view_workerprocess"):
        address = reverse("admin:streams_workerprocess_changelist")
        found.append(Link("Its worker", f"{address}?{urlencode({'worker': letter.worker})}"))
    return found


def _acts(letter: DeadLetter, user: User) -> list[tuple[AuditEvent, str]] | None:
    """What people did to it, for those who may see the audit trail."""
    if not user.has_perm("accounts.view_auditevent"):
        return None
    acts = AuditEvent.objects.acts().filter(target=str(letter)).order_by("-at", "-pk")[:ACTS]
    return [(act, wording.ACT_COLOURS[act.state]) for act in acts]
