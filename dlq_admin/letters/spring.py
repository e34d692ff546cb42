"""Headers of Spring Kafka's DeadLetterPublishingRecoverer.

Numbers are big-endian bytes, texts UTF-8. A record that went through retry topics carries the original ones
several times: the first is where it truly came from. Exceptions are told by the last.
"""

from hashlib import sha256

from ..states import Disposition
from .claim import Claim
from .facts import NAME_MOST, TEXT_MOST
from .said import MOST_PARTITION, Said
from .texts import LONGEST_READ

PREFIX = "kafka_dlt-"
ADDED = (PREFIX, "retry_topic-", "kafka_deliveryAttempt", "springDeserializerException")
"""How the names begin of what Spring adds to a record on its way to the dead letters."""
_UNREADABLE = ("DeserializationException", "SerializationException", "ConversionException")
_UNFIT = ("MethodArgumentNotValidException", "ConstraintViolationException", "ValidationException")
_FRAMES = 5


def wrote(said: Said) -> bool:
    """Whether Spring's recoverer wrote it."""
    return any(name.startswith(PREFIX) for name in said.names)


def claim(said: Said) -> Claim:
    """What it says."""
    error_class = (
        said.text(f"{PREFIX}exception-cause-fqcn", NAME_MOST)
        or said.text(f"{PREFIX}exception-fqcn", NAME_MOST)
        or said.text(f"{PREFIX}key-exception-fqcn", NAME_MOST)
    )
    message = said.prose(f"{PREFIX}exception-message", TEXT_MOST)
    message = message or said.prose(f"{PREFIX}key-exception-message", TEXT_MOST)
    stack = said.raw(f"{PREFIX}exception-stacktrace") or said.raw(f"{PREFIX}key-exception-stacktrace")
    return Claim(
        topic=said.name(f"{PREFIX}original-topic", NAME_MOST, first=True),
        partition=said.big_endian(f"{PREFIX}original-partition", most=MOST_PARTITION),
        offset=said.big_endian(f"{PREFIX}original-offset"),
        group=said.name(f"{PREFIX}original-consumer-group", NAME_MOST, first=True),
        timestamp=said.big_endian(f"{PREFIX}original-timestamp"),
        error_class=error_class,
        error_message=message,
        stack_hash=java_stack_hash(stack),
        disposition=_disposition(error_class),
    )


def _disposition(error_class: str) -> Disposition:
    if error_class.endswith(_UNREADABLE):
        return Disposition.POISON
    if error_class.endswith(_UNFIT):
        return Disposition.CONTRACT
    return Disposition.RETRIES_EXHAUSTED


def java_stack_hash(stack: bytes | None) -> str:
    """Names the place that raised by its first frames, without line numbers; "" without a stack trace."""
    if not stack:
        return ""
    lines = stack[:LONGEST_READ].decode("utf-8", "replace").splitlines()
    frames = [each.strip().split("(")[0] for each in lines if each.lstrip().startswith("at ")]
    return sha256("|".join(frames[:_FRAMES]).encode()).hexdigest()[:16] if frames else ""
