"""Waiting until the events of a receipt are stored."""

import time

from django.db import Error as DatabaseError

from heimdall_project.errors import TransientError
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams.books import database

from ..receipts import Receipt
from ..selectors.receipts import Progress, cursors, is_passed, receipt_progress

log = get_logger(__name__)
FIRST_LOOK, LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two looks at the writer's cursors; each is twice the one before."""


def events_await_stored(receipt: Receipt, *, deadline: float) -> Progress | None:
    """Look until the writer is past every event, or until `deadline` (monotonic); what was reached then.

    None if the database does not answer: the events are accepted all the same.
    """
    pause, partitions = FIRST_LOOK, list(receipt.places)
    try:
        with database():
            while not is_passed(receipt, cursors(receipt.topic, partitions)):
                if (left := deadline - time.monotonic()) <= 0:
                    break
                time.sleep(min(pause, left))
                pause = min(2 * pause, LONGEST_PAUSE)
            return receipt_progress(receipt)
    except (TransientError, DatabaseError) as error:
        log.warning(
            "It could not be seen whether accepted events are stored.",
            action="durability_unknown",
            error=type(error).__name__,
        )
        return None
