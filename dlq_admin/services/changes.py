"""Fix forward: bytes that are sent in place of a letter's own, which stay as they are for ever."""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.db import connection

from heimdall_project.accounts.models import User
from heimdall_project.errors import Forbidden, InvalidMessage, NotFound, Unprocessable
from heimdall_project.events.violations import Violation
from heimdall_project.streams import transforms

from ..models import DeadLetter, LetterPayload, RedriveBatch
from .contracts import Contracts
from .payloads import SECRETS, hides, read_permitted

AT_ONCE = 2000
"""Items whose new bytes are written together."""
BYTES_AT_ONCE = 8_000_000
READ_AT_ONCE = 50
"""Letters whose bytes are here at a time: each may be a megabyte."""
CHANGED_MOST = 256_000_000
"""Bytes of the letters of one batch that a transform is applied to: so many are changed within a request."""
# From the items, which are new to the planner, to their letters by the key: `OFFSET 0` keeps it so.
_ITEMS = "(SELECT id, letter_id FROM redrive_items WHERE batch_id = %s ORDER BY id OFFSET 0) AS item"
_ORIGINALS = f"""
SELECT item.id, letter.topic, letter."group", payload.value FROM {_ITEMS} CROSS JOIN LATERAL (
    SELECT topic, "group" FROM dead_letters WHERE id = item.letter_id OFFSET 0
) AS letter CROSS JOIN LATERAL (
    SELECT value FROM dead_letter_payloads WHERE letter_id = item.letter_id OFFSET 0
) AS payload ORDER BY item.id
"""  # noqa: S608 - the expression above
_BYTES = f"""
SELECT coalesce(sum(letter.size), 0) FROM {_ITEMS} CROSS JOIN LATERAL (
    SELECT size FROM dead_letters WHERE id = item.letter_id OFFSET 0
) AS letter
"""  # noqa: S608 - the same
_KEEP = "COPY redrive_item_bytes (item_id, value) FROM STDIN (FORMAT BINARY)"


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
    change: Change, *, topic: str, group: str, value: bytes | None, contracts: Contracts | None = None
) -> tuple[bytes | None, list[Violation] | None]:
    """The new bytes and what is wrong with them; the old bytes, if the change does not fit them."""
    try:
        new = change.of(topic, value)
    except InvalidMessage as error:
        return value, [Violation("$", error.reason)]
    if len(new) > settings.KAFKA_MAX_RECORD_BYTES:
        return new, [Violation("$", f"is longer than {settings.KAFKA_MAX_RECORD_BYTES} bytes")]
    return new, (contracts or Contracts()).violations(topic, group, new)


def items_change(*, batch: RedriveBatch, change: Change) -> None:
    """Fix what is sent in place of the letters of a new batch; those that it does not repair are left out.

    In the caller's transaction. Letters are read and written piece by piece: never more than `AT_ONCE` of
    them, or about `BYTES_AT_ONCE`, are here at a time. Raises Unprocessable for more than `CHANGED_MOST`.
    """
    _refuse_too_large(batch)
    contracts, made, flawed = Contracts(), _Made(), []
    with connection.chunked_cursor() as rows:
        rows.execute(_ORIGINALS, [batch.pk])
        while part := rows.fetchmany(READ_AT_ONCE):
            for item, topic, group, old in part:
                value, wrong = changed_value(
                    change,
                    topic=topic,
                    group=group,
                    value=None if old is None else bytes(old),
                    contracts=contracts,
                )
                if wrong or value is None:
                    flawed.append(item)
                else:
                    made.add(item, value)
    made.write()
    with connection.cursor() as sql:
        sql.execute("DELETE FROM redrive_items WHERE id = ANY(%s::bigint[])", [flawed])


def _refuse_too_large(batch: RedriveBatch) -> None:
    with connection.cursor() as sql:
        sql.execute(_BYTES, [batch.pk])
        size = int(sql.fetchone()[0])
    if size > CHANGED_MOST:
        most = f"{CHANGED_MOST // 1_000_000} MB"
        raise Unprocessable(
            f"These letters hold {size / 1e6:,.0f} MB; a transform is applied to {most} at once.",
            errors={
                "transform": f"Choose fewer letters, {most} of them at most, and propose the rest again."
            },
        )


class _Made:
    """New bytes on their way into the database."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, bytes]] = []
        self._size = 0

    def add(self, item: int, value: bytes) -> None:
        """One more; written with others as soon as there are enough."""
        self._rows.append((item, value))
        self._size += len(value)
        if len(self._rows) >= AT_ONCE or self._size >= BYTES_AT_ONCE:
            self.write()

    def write(self) -> None:
        """What there is."""
        with connection.cursor() as sql, connection.wrap_database_errors, sql.copy(_KEEP) as copy:
            copy.set_types(["int8", "bytea"])
            for row in self._rows:
                copy.write_row(row)
        self._rows, self._size = [], 0


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
