"""Common questions to the lists, as links: filters of the address, which can be sent to a colleague."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse

from ..batch_states import BatchState
from ..services.permitted import APPROVE, PROPOSE
from ..states import State
from .filters import OTHERS


class Question(NamedTuple):
    """A filter with a name."""

    name: str
    href: str
    is_asked: bool


def questions(request: HttpRequest, oldest_first: str) -> list[Question]:
    """Those that this person asks; `oldest_first` is how the list of letters calls that order."""
    letters = reverse("admin:dlq_admin_deadletter_changelist")
    batches = reverse("admin:dlq_admin_redrivebatch_changelist")
    asked = dict(parse_qsl(request.GET.urlencode(), max_num_fields=100))
    here = request.path
    found = [
        (name, address, query)
        for address, named in (
            (letters, _of_letters(request.user, oldest_first)),
            (batches, _of_batches(request.user)),
        )
        for name, query in named
    ]
    return [
        Question(name, f"{address}?{urlencode(query)}", here == address and asked == query)
        for name, address, query in found
    ]


type _Named = Iterator[tuple[str, dict[str, str]]]


def _of_letters(user: AbstractBaseUser | AnonymousUser, oldest_first: str) -> _Named:
    yield "Waiting, oldest first", {"state": State.PENDING.value, "o": oldest_first}
    yield "Failed again", {"state": State.FAILED_AGAIN.value}
    if user.has_perm(PROPOSE):  # type: ignore[union-attr]
        yield "Approved, to be sent", {"state": State.APPROVED.value}


def _of_batches(user: AbstractBaseUser | AnonymousUser) -> _Named:
    if user.has_perm(APPROVE):  # type: ignore[union-attr]
        yield "Batches to approve", {"state": BatchState.PROPOSED.value, "by": OTHERS}
