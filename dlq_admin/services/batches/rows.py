"""A batch as it is, and how it changes."""

from typing import Any

from heimdall_project.errors import NotFound

from ...models import RedriveBatch


def batch_seen(*, batch_id: int) -> RedriveBatch:
    """A batch. Raises NotFound."""
    found = RedriveBatch.objects.select_related("proposed_by", "approved_by", "second_approved_by")
    if (batch := found.filter(pk=batch_id).first()) is None:
        raise NotFound("There is no such batch.")
    return batch


def locked(batch_id: int) -> RedriveBatch:
    """The row of a batch, locked until the transaction ends."""
    return RedriveBatch.objects.select_for_update(no_key=True).get(pk=batch_id)


def turn(batch: RedriveBatch, **changes: Any) -> None:
    """Set these columns."""
    if "note" in changes:
        changes["note"] = changes["note"][:500]
    RedriveBatch.objects.filter(pk=batch.pk).update(**changes)
