"""Approve or discard several letters, each for itself."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused
from heimdall_project.streams.admin.many import Outcome, alike

from .. import services
from ..models import DeadLetter
from ..services import permitted
from ..services.deciding import why_not
from ..states import WAITING, State, sources
from .many import Order


def _each(act: Callable[..., Any], past: str, ids: Sequence[int], actor: User, reason: str) -> list[Outcome]:
    """Call the service for each. Raises Refused for what is wrong with the order, not with a letter."""
    return alike((pk, *_one(act, past, pk, actor, reason)) for pk in ids)


def _one(act: Callable[..., Any], past: str, pk: int, actor: User, reason: str) -> tuple[bool, str]:
    try:
        act(letter_id=pk, actor=actor, reason=reason)
    except Refused as refused:
        if refused.errors:  # wrong with the order, not with this letter
            raise
        return False, refused.detail
    return True, past


def _standing(letter: DeadLetter, states: frozenset[State]) -> str:
    if letter.batch_id is not None:
        return f"It is in batch {letter.batch_id}."
    return f"It is {letter.state}." if letter.state not in states else ""


APPROVE = Order(
    name="approve",
    title="Approve dead letters",
    past="approved",
    button="Approve {}",
    right=permitted.APPROVE,
    act=partial(_each, services.letter_approve, "Approved: another person than you sends them."),
    why_not=lambda letter, _: _standing(letter, WAITING) or why_not(letter),
    hint="You agree that they are sent again as they are. Another person than you sends them.",
)
DISCARD = Order(
    name="discard",
    title="Discard dead letters",
    past="discarded",
    button="Discard {}",
    right=permitted.DISCARD,
    act=partial(_each, services.letter_discard, "Discarded."),
    why_not=lambda letter, _: _standing(letter, sources(State.DISCARDED)),
    hint="They are never sent again. They stay on record, with your reason.",
)
