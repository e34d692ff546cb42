"""What moves, as event streams: `/stream/dlq` the counts, `/stream/dlq/batches/<id>` one batch.

An event is the whole of what is counted, and its id names that: a client that comes back with the id of what
it saw last is told only what differs from it. Nothing in between is kept, and nothing is missed for good.
"""

import hashlib
from typing import Any

import msgspec

from heimdall_project.accounts.models import User
from heimdall_project.api.stream import Event, Feed, Fetched
from heimdall_project.errors import Forbidden, NotFound

from . import selectors
from .batch_states import ENDED
from .models import RedriveBatch
from .serializers import batch_body
from .services import progress_of

COUNTS = "dlq"
BATCH = "dlq/batches/<int:batch_id>"
SEES_LETTERS, SEES_BATCHES = "dlq_admin.view_deadletter", "dlq_admin.view_redrivebatch"


class LetterNews(Feed):
    """How many letters stand where, and where the open batches stand, each time that this changes."""

    def fetch(self, last_id: str | None) -> Fetched:
        """The counts, unless the client has seen just these."""
        counts = selectors.letter_counts()
        data = {
            "by_state": counts.by_state,
            "open_clusters": counts.open_clusters,
            "batches": {str(each.pk): each.state for each in selectors.batches_open()},
        }
        mark = mark_of(data)
        return Fetched([] if mark == last_id else [Event(mark, "counts", data)])


class BatchNews(Feed):
    """A batch with its progress each time that this changes; over when nothing of it can change any more."""

    def __init__(self, batch_id: int) -> None:
        self.batch_id = batch_id

    def fetch(self, last_id: str | None) -> Fetched:
        """The batch, unless the client has seen it just so."""
        batch = selectors.batches_listed().filter(pk=self.batch_id).first()
        if batch is None:
            return Fetched([Event(None, "gone", {"detail": "The batch is not kept any more."})], over=True)
        progress = progress_of(batch)
        data = batch_body(batch, progress)
        mark = mark_of(data)
        over = batch.state in ENDED and not progress.under_way
        return Fetched([] if mark == last_id else [Event(mark, "progress", data)], over=over)


def mark_of(data: Any) -> str:
    """Names what is told: the same for the same, whoever serves it."""
    return hashlib.blake2b(msgspec.json.encode(data), digest_size=12).hexdigest()


def letter_news(user: User) -> LetterNews:
    """The counts for somebody who may see letters. Raises Forbidden."""
    if not user.has_perm(SEES_LETTERS):
        raise Forbidden(f"{user.get_username()} may not see dead letters: {SEES_LETTERS} is needed.")
    return LetterNews()


def batch_news(user: User, batch_id: int) -> BatchNews:
    """One batch for somebody who may see batches. Raises Forbidden and NotFound."""
    if not user.has_perm(SEES_BATCHES):
        raise Forbidden(f"{user.get_username()} may not see batches: {SEES_BATCHES} is needed.")
    if not RedriveBatch.objects.filter(pk=batch_id).exists():
        raise NotFound("There is no such batch.")
    return BatchNews(batch_id)
