"""Headers of our own runtime (`streams.dead_letters`)."""

from ..states import Disposition
from .claim import Claim
from .facts import ATTEMPTS_MOST, NAME_MOST, TEXT_MOST
from .said import MOST_PARTITION, Said

REDRIVES_MOST = 1000


def wrote(said: Said) -> bool:
    """Whether this looks like one of ours."""
    return "original_topic" in said and "disposition" in said


def claim(said: Said) -> Claim:
    """What our runtime, or whoever imitates it, says."""
    return Claim(
        topic=said.name("original_topic", NAME_MOST),
        partition=said.number("original_partition", most=MOST_PARTITION),
        offset=said.number("original_offset"),
        group=said.name("original_group", NAME_MOST),
        timestamp=said.number("original_timestamp", least=-1),
        worker=said.text("worker", NAME_MOST),
        worker_version=said.text("worker_version", 40),
        error_class=said.text("error_class", NAME_MOST),
        error_message=said.text("error_message", TEXT_MOST),
        stack_hash=said.text("stack_hash", 64),
        disposition=_disposition(said),
        attempts=said.clamped("attempts", least=1, most=ATTEMPTS_MOST),
        first_failed_at=said.moment("first_failed_at"),
        redrive_id=said.name("redrive_id", 64),
        redrive_count=said.clamped("redrive_count", least=0, most=REDRIVES_MOST),
    )


def _disposition(said: Said) -> Disposition:
    try:
        return Disposition(said.text("disposition", 40))
    except ValueError:
        said.flaw("disposition")
        return Disposition.UNEXPECTED
