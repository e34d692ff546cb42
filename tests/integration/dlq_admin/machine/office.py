"""What people do: whoever it is, whether they may or not, to whatever is there."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone

from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import (
    OPEN_IN_WORDS,
    Bounds,
    Pace,
    batch_approve,
    batch_cancel,
    batch_give_up,
    batch_pause,
    batch_propose,
    batch_reject,
    batch_resume,
    letter_discard,
    letter_edit,
    letter_reprocess,
    letters_approve,
    letters_clean_up,
    letters_reprocess,
)
from heimdall_project.accounts.models import User
from heimdall_project.accounts.roles import APPROVER, BREAK_GLASS, OPERATOR
from heimdall_project.errors import Refused
from heimdall_project.streams import transforms

from .plant import TOPIC

ROLES = {"omar": (OPERATOR,), "ada": (APPROVER,), "ann": (APPROVER,), "zoe": (OPERATOR, BREAK_GLASS)}
WHY = "to see"
MEND = "mend/1"


def mended(n: int) -> bytes:
    """A record that fits the contract."""
    return msgspec.json.encode(
        {
            "request_id": UUID(int=n),
            "timestamp": "2026-11-21T12:00:00Z",
            "log_id": n,
            "failure": {"failure_class": "timeout", "message": "m"},
        }
    )


def register_transform() -> None:
    """Offer a transform for the topic of the machine."""

    @transforms.transform(TOPIC, name="mend", version=1)
    def mend(event: dict[str, int]) -> dict[str, object]:
        """Makes an answer of a number."""
        answer: dict[str, object] = msgspec.json.decode(mended(event["n"]))
        return answer


class Office:
    """Four people. `who` and `which` are any numbers: they choose among what is there."""

    def __init__(self) -> None:
        self.names = list(ROLES)
        for name in self.names:
            User.objects.create_user(name)
        self.everybody_has_their_role()
        self.signed: set[tuple[str, str]] = set()
        """Who agreed to what, as they may: a hash of a set, or `letter attempt`."""
        self.deletes: frozenset[str] = frozenset()
        """States of letters that somebody asked to delete, so far."""

    def person(self, who: int) -> User:
        """One of them, with the rights of now."""
        return User.objects.get(username=self.names[who % len(self.names)])

    def approvers(self) -> set[str]:
        """Who may approve now."""
        return set(User.objects.filter(groups__name=APPROVER).values_list("username", flat=True))

    def everybody_has_their_role(self) -> None:
        """As in the beginning."""
        for name, roles in ROLES.items():
            User.objects.get(username=name).groups.set(Group.objects.filter(name__in=roles))

    def loses_role(self, who: int, which: int) -> None:
        """Somebody may do nothing any more, or gets the role back."""
        person = self.person(who)
        if person.groups.exists():
            person.groups.clear()
        else:
            self.everybody_has_their_role()

    # --- letters ------------------------------------------------------------------------------------------

    def approves_letters(self, who: int, which: int) -> None:
        """Agree to letters one by one."""
        actor = self.person(who)
        rows = self._letters(which)
        if actor.has_perm("dlq_admin.approve_redrive"):
            self.signed |= {(actor.username, f"{row.pk} {row.attempt}") for row in rows}
        letters_approve(letter_ids=[row.pk for row in rows], actor=actor, reason=WHY)

    def reprocesses_one(self, who: int, which: int) -> None:
        """Send one that was approved."""
        letter_reprocess(letter_id=self._letter(which), actor=self.person(who), reason=WHY)

    def reprocesses_many(self, who: int, which: int) -> None:
        """Send several that were approved."""
        ids = [row.pk for row in self._letters(which)]
        letters_reprocess(letter_ids=ids, actor=self.person(who), reason=WHY, pace=_pace(which))

    def discards(self, who: int, which: int) -> None:
        """Decide that one is not needed."""
        letter_discard(letter_id=self._letter(which), actor=self.person(who), reason=WHY)

    def edits(self, who: int, which: int) -> None:
        """Propose other bytes for one."""
        letter_edit(
            letter_id=self._letter(which), value=mended(1 + which), actor=self.person(who), reason=WHY
        )

    # --- batches ------------------------------------------------------------------------------------------

    def proposes(self, who: int, which: int) -> None:
        """A batch of some letters as they are."""
        self._propose(who, which, "")

    def proposes_mended(self, who: int, which: int) -> None:
        """A batch of what a transform makes of them."""
        self._propose(who, which, MEND)

    def approves(self, who: int, which: int) -> None:
        """Agree to a batch as it is now."""
        self._approve(who, which, break_glass=False)

    def approves_another_set(self, who: int, which: int) -> None:
        """Agree to what was looked at in another batch."""
        seen = self._batch(which // 3)
        self._approve(who, which, break_glass=False, set_hash=seen.set_hash if seen else "")

    def breaks_glass(self, who: int, which: int) -> None:
        """Agree to one's own batch."""
        self._approve(who, which, break_glass=True)

    def rejects(self, who: int, which: int) -> None:
        """Do not agree."""
        self._steer(batch_reject, who, which)

    def pauses(self, who: int, which: int) -> None:
        """Send no more for now."""
        self._steer(batch_pause, who, which)

    def resumes(self, who: int, which: int) -> None:
        """Go on."""
        self._steer(batch_resume, who, which)

    def cancels(self, who: int, which: int) -> None:
        """End it."""
        self._steer(batch_cancel, who, which)

    def gives_up(self, who: int, which: int) -> None:
        """Wait no longer for what was sent."""
        self._steer(batch_give_up, who, which)

    def ends(self, batch_id: int) -> None:
        """Cancel a batch of which something never comes to an end, and give that up."""
        person = self.person(0)
        with suppress(Refused):
            batch_cancel(batch_id=batch_id, actor=person, reason=WHY)
        batch_give_up(batch_id=batch_id, actor=person, reason=WHY)

    def lets_all_go_on(self) -> None:
        """Nobody holds anything up any more."""
        for batch in RedriveBatch.objects.filter(state__in=("PAUSED", "STOPPED")):
            batch_resume(batch_id=batch.pk, actor=self.person(0), reason=WHY)

    # --- cleaning up --------------------------------------------------------------------------------------

    def cleans_up(self, who: int, which: int) -> None:
        """Delete what is closed, or its bytes, or what is open as well."""
        self.deletes |= {"RESOLVED", "DISCARDED"}
        now = timezone.now()
        ago = now - timedelta(days=3650)
        open_too = which % 4 == 0
        if open_too:
            self.deletes |= {"PENDING", "FAILED_AGAIN"}
        bounds = Bounds(payloads_before=now, rows_before=now if which % 2 == 0 else ago, open_too=open_too)
        letters_clean_up(actor=self.person(who), reason=WHY, bounds=bounds, in_words=OPEN_IN_WORDS)

    # --- choosing -----------------------------------------------------------------------------------------

    def _letters(self, which: int) -> Sequence[DeadLetter]:
        rows = DeadLetter.objects.order_by("pk")
        return [row for n, row in enumerate(rows) if which >> n % 6 & 1 or n % 2 == which % 2]

    def _letter(self, which: int) -> int:
        rows = self._letters(which)
        return rows[which % len(rows)].pk if rows else 0

    def _batch(self, which: int, *, state: str = "") -> RedriveBatch | None:
        """The latest ones first; those in this state, if there are any."""
        rows = list(RedriveBatch.objects.filter(state=state).order_by("-pk")) if state else []
        rows = rows or list(RedriveBatch.objects.order_by("-pk")[:4])
        return rows[which % len(rows)] if rows else None

    def _propose(self, who: int, which: int, transform: str) -> None:
        ids = [row.pk for row in self._letters(which)]
        actor = self.person(who)
        batch_propose(letter_ids=ids, actor=actor, reason=WHY, pace=_pace(which), transform=transform)

    def _approve(self, who: int, which: int, *, break_glass: bool, set_hash: str | None = None) -> None:
        actor, batch = self.person(who), self._batch(which, state="PROPOSED" if which % 4 else "")
        if batch is None:
            return
        wanted = batch.set_hash if set_hash is None else set_hash
        if break_glass:
            may = actor.has_perm("dlq_admin.break_glass") and settings.DLQ_BREAK_GLASS
        else:
            may = actor.has_perm("dlq_admin.approve_redrive") and batch.proposed_by_id != actor.pk
        if may:
            self.signed.add((actor.username, f"{batch.pk} {wanted}{' glass' * break_glass}"))
        batch_approve(batch_id=batch.pk, actor=actor, reason=WHY, set_hash=wanted, break_glass=break_glass)

    def _steer(self, act: Callable[..., RedriveBatch], who: int, which: int) -> None:
        if (batch := self._batch(which)) is not None:
            act(batch_id=batch.pk, actor=self.person(who), reason=WHY)


def _pace(which: int) -> Pace:
    """A rate that never holds anything up: time is none of what the machine tries."""
    return Pace(canary=1 + which % 3, rate=1e6, most_failures=(0.1, 0.5, 1.0)[which % 3])


def if_allowed(act: Callable[[int, int], None], who: int, which: int) -> None:
    """Try it; refusals are answers like others."""
    with suppress(Refused):
        act(who, which)


ACTS: list[Callable[[Office, int, int], None]] = [
    Office.cancels,
    Office.cancels,
    Office.discards,
    Office.discards,
    Office.approves,
    Office.approves,
    Office.proposes,
    Office.edits,
    Office.approves_another_set,
    Office.breaks_glass,
    Office.approves_letters,
    Office.reprocesses_one,
    Office.rejects,
    Office.pauses,
    Office.resumes,
    Office.gives_up,
    Office.loses_role,
    Office.cleans_up,
]
"""What anybody may try at any moment."""
