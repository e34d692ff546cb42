"""Fix forward: bytes that are sent in place of a letter's own, which stay as they are for ever."""

from dataclasses import dataclass
from itertools import batched
from typing import Protocol

from django.conf import settings

from heimdall_project.accounts.models import User
from heimdall_project.errors import Forbidden, InvalidMessage, NotFound, Unprocessable
from heimdall_project.events.violations import Violation
from heimdall_project.streams import transforms

from ..models import BatchItem, DeadLetter, ItemBytes, LetterPayload, RedriveBatch
from .contracts import violations_of
from .payloads import SECRETS, hides, read_permitted

AT_ONCE = 500
"""Items whose bytes are read together."""


class Change(Protocol):
    """How bytes are changed."""

    @property
    def name(self) -> str:
        """As the batch keeps it."""
        ...

    def of(self, topic: str, value: bytes | None) -> bytes:
        """The new bytes. Raises InvalidMessage for a record that it cannot change."""
        ...


@dataclass(frozen=True)
class Edit:
    """What a person wrote."""

    value: bytes
    name: str = "edit"

    def of(self, topic: str, value: bytes | None) -> bytes:
        """That."""
        return self.value


@dataclass(frozen=True)
class Named:
    """A registered transform."""

    transform: transforms.Transform

    @property
    def name(self) -> str:
        """`name/version`."""
        return self.transform.key

    def of(self, topic: str, value: bytes | None) -> bytes:
        """What it makes of a record of its own topic."""
        if topic != self.transform.topic:
            raise InvalidMessage(f"{self.name} is for records of {self.transform.topic}")
        return self.transform.apply(value)


def transform_named(key: str) -> Named:
    """A transform by `name/version`. Raises Unprocessable naming those that there are."""
    if (found := transforms.find(key)) is None:
        there = ", ".join(each.key for each in transforms.offered()) or "none"
        raise Unprocessable("There is no such transform.", errors={"transform": f"There are: {there}."})
    return Named(found)


def changed_value(
    change: Change, *, topic: str, group: str, value: bytes | None
) -> tuple[bytes | None, list[Violation] | None]:
    """The new bytes and what is wrong with them; the old bytes, if the change does not fit them."""
    try:
        new = change.of(topic, value)
    except InvalidMessage as error:
        return value, [Violation("$", error.reason)]
    if len(new) > settings.KAFKA_MAX_RECORD_BYTES:
        return new, [Violation("$", f"is longer than {settings.KAFKA_MAX_RECORD_BYTES} bytes")]
    return new, violations_of(topic, group, new)


def items_change(*, batch: RedriveBatch, change: Change) -> None:
    """Fix what is sent in place of the letters of a new batch; those that it does not repair are left out."""
    numbers = list(BatchItem.objects.filter(batch=batch).order_by("pk").values_list("pk", flat=True))
    for part in batched(numbers, AT_ONCE):
        items = BatchItem.objects.filter(pk__in=part).select_related("letter__payload").order_by("pk")
        made, flawed = [], []
        for item in items:
            letter, old = item.letter, item.letter.payload.value
            value, wrong = changed_value(
                change,
                topic=letter.topic,
                group=letter.group,
                value=None if old is None else bytes(old),
            )
            if wrong or value is None:
                flawed.append(item.pk)
            else:
                made.append(ItemBytes(item=item, value=value))
        BatchItem.objects.filter(pk__in=flawed).delete()
        ItemBytes.objects.bulk_create(made)


def edit_checked(*, letter: DeadLetter, value: bytes, actor: User) -> None:
    """Raise unless this person may replace a letter's bytes by these, and they fit the current contract."""
    plain = read_permitted(actor)
    payload = LetterPayload.objects.filter(letter=letter).first()
    if payload is None:
        raise NotFound("The bytes of this letter were cleaned up.")
    if not plain and hides(payload.value):
        raise Forbidden(f"It holds what you may not see, and would replace: {SECRETS} is needed.")
    _, wrong = changed_value(Edit(value), topic=letter.topic, group=letter.group, value=None)
    if wrong:
        paths = {f"value{each.path.removeprefix('$')}": each.rule for each in wrong}
        raise Unprocessable("It does not fit the contract of its topic.", errors=paths)
