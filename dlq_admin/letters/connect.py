"""Headers of Kafka Connect's dead letters (`errors.deadletterqueue.context.headers.enable`). All text."""

from ..states import Disposition
from .claim import Claim
from .facts import NAME_MOST, TEXT_MOST
from .said import MOST_PARTITION, Said
from .spring import java_stack_hash

PREFIX = "__connect.errors."
_UNREADABLE = frozenset({"KEY_CONVERTER", "VALUE_CONVERTER", "HEADER_CONVERTER"})


def wrote(said: Said) -> bool:
    """Whether Connect's reporter wrote it."""
    return f"{PREFIX}topic" in said or f"{PREFIX}connector.name" in said


def claim(said: Said) -> Claim:
    """What it says. The group of a sink connector is `connect-<its name>`."""
    connector = said.name(f"{PREFIX}connector.name", NAME_MOST - 8)
    stage = said.text(f"{PREFIX}stage", 40)
    return Claim(
        topic=said.name(f"{PREFIX}topic", NAME_MOST),
        partition=said.number(f"{PREFIX}partition", most=MOST_PARTITION),
        offset=said.number(f"{PREFIX}offset"),
        group=f"connect-{connector}" if connector else "",
        worker=connector,
        error_class=said.text(f"{PREFIX}exception.class.name", NAME_MOST),
        error_message=said.prose(f"{PREFIX}exception.message", TEXT_MOST),
        stack_hash=java_stack_hash(said.raw(f"{PREFIX}exception.stacktrace")),
        disposition=Disposition.POISON if stage in _UNREADABLE else Disposition.UNEXPECTED,
    )
