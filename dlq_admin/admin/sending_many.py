"""Send several letters that other people approved one by one: a batch for each of these people."""

from collections.abc import Sequence

from django.urls import reverse

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.many import Outcome, alike
from heimdall_project.streams.admin.wording import visible

from .. import services
from ..models import DeadLetter
from ..services import permitted
from ..services.deciding import why_not
from ..states import State
from .many import Order

LEFT_OUT = "Left out of its batch: it moved on meanwhile."
_PACE = services.Pace()


def _why_not(letter: DeadLetter, actor: User) -> str:
    if letter.batch_id is not None:
        return f"It is in batch {letter.batch_id}."
    if letter.state != State.APPROVED or letter.approved_by_id is None:
        return f"It is {letter.state}: only what another person approved is sent."
    if letter.approved_by_id == actor.pk:
        return "You approved it: another person has to send it."
    return why_not(letter)


def _approver(letter: DeadLetter) -> str:
    return f"Approved by {visible(letter.approved_by.get_username())}" if letter.approved_by else ""


def _send(ids: Sequence[int], actor: User, reason: str) -> list[Outcome]:
    """A batch for each approver, and who was not taken, with why. Raises Refused."""
    done = services.letters_reprocess(letter_ids=ids, actor=actor, reason=reason)
    sent = {batch.pk: list(batch.items.values_list("letter_id", flat=True)) for batch in done.batches}
    refused = {each.letter_id: each.refused.detail for each in done.refused if each.refused}
    taken = {pk for pks in sent.values() for pk in pks}
    missing = [pk for pk in ids if pk not in taken and pk not in refused]
    return [
        *(
            Outcome(
                f"Batch {batch.pk} sends what {visible(batch.approved_by.get_username())} approved.",
                sent[batch.pk],
                is_good=True,
                href=reverse("admin:dlq_admin_redrivebatch_change", args=[batch.pk]),
            )
            for batch in done.batches
            if batch.approved_by
        ),
        *alike((pk, False, text) for pk, text in refused.items()),
        *([Outcome(LEFT_OUT, missing, is_good=False)] if missing else []),
    ]


SEND = Order(
    name="send again",
    title="Send dead letters again",
    past="sent again",
    button="Send {} again",
    right=permitted.PROPOSE,
    act=_send,
    why_not=_why_not,
    group_of=_approver,
    hint=(
        f"Each approver's letters go out as a batch of their own: {_PACE.canary} first, alone, then more "
        f"while they fare well, at most {_PACE.rate:g} a second."
    ),
)
