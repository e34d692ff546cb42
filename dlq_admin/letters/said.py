"""What headers say: lookups that never fail. What cannot be true is noted as a flaw and not believed."""

from collections.abc import Iterable
from datetime import UTC, datetime

from heimdall_project.observability.masking import masked
from heimdall_project.streams.records import Headers

from .texts import text_of

MOST_NUMBER = 2**63 - 1
MOST_PARTITION = 2**31 - 1
MOST_FLAWS = 20
MARGIN = 4096
"""Characters behind those that are kept that are looked at for secrets too."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
"""Times that have a date in every zone of the world; pages show them in that of the installation."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_LAST_MS = int(_LAST.timestamp() * 1000)


class Said:
    """Headers by name. Of a repeated name the last counts, unless the first is asked for."""

    def __init__(self, headers: Headers | None) -> None:
        self._last: dict[str, bytes | None] = dict(headers or ())
        self._all = headers or []
        self.flaws: dict[str, None] = {}
        """Names of headers that say what cannot be, in the order in which they were looked at."""

    def __contains__(self, name: str) -> bool:
        return name in self._last

    @property
    def names(self) -> Iterable[str]:
        """All names."""
        return self._last

    def flaw(self, name: str) -> None:
        """Note that this header is not believed."""
        if len(self.flaws) < MOST_FLAWS:
            self.flaws[name[:100]] = None

    def raw(self, name: str, *, first: bool = False) -> bytes | None:
        """The bytes under a name."""
        if not first:
            return self._last.get(name)
        return next((value for key, value in self._all if key == name), None)

    def text(self, name: str, most: int, *, first: bool = False) -> str:
        """The text under a name, "" if there is none; one line of at most `most` characters."""
        return text_of(self.raw(name, first=first), most)

    def prose(self, name: str, most: int) -> str:
        """The same without secrets; before it is cut, since half of one would not be recognised."""
        return masked(self.text(name, most + MARGIN))[:most].strip()

    def name(self, name: str, most: int, *, first: bool = False) -> str:
        """A text that is an identity: one that does not fit whole is no identity, and a flaw."""
        raw = self.raw(name, first=first)
        if not raw:
            return ""
        found = text_of(raw, most)
        if len(raw) > most or found.encode("utf-8", "replace") != raw:
            self.flaw(name)
            return ""
        return found

    def number(self, name: str, *, least: int = 0, most: int = MOST_NUMBER) -> int | None:
        """A decimal number; None if there is none, or none within the bounds (then a flaw)."""
        raw = self.raw(name)
        if not raw:
            return None
        return self._within(name, _decimal(raw), least, most)

    def big_endian(self, name: str, *, most: int = MOST_NUMBER, first: bool = True) -> int | None:
        """A number as Java's ByteBuffer writes it (4 or 8 bytes)."""
        raw = self.raw(name, first=first)
        if raw is None:
            return None
        value = int.from_bytes(raw, "big", signed=True) if len(raw) in (4, 8) else None
        return self._within(name, value, 0, most)

    def _within(self, name: str, value: int | None, least: int, most: int) -> int | None:
        if value is None or not least <= value <= most:
            self.flaw(name)
            return None
        return value

    def moment(self, name: str) -> datetime | None:
        """A time in ISO 8601; without zone it is UTC."""
        raw = self.raw(name)
        if not raw:
            return None
        try:
            found = datetime.fromisoformat(raw[:40].decode("ascii"))
            found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            found = _NEVER
        if not _FIRST <= found <= _LAST:
            self.flaw(name)
            return None
        return found

    def clamped(self, name: str, *, least: int, most: int) -> int:
        """A counter: what is beyond the bounds is brought to the nearest one, and a flaw."""
        raw = self.raw(name)
        if not raw:
            return least
        value = _decimal(raw)
        if value is None or not least <= value <= most:
            self.flaw(name)
            return least if value is None else min(max(value, least), most)
        return value


def _decimal(raw: bytes) -> int | None:
    """A decimal number of ASCII digits; a very long one is only known to be large."""
    digits = raw[1:] if raw[:1] == b"-" else raw
    if not digits.isdigit():
        return None
    value = int(digits) if len(digits) <= 40 else 10**40
    return -value if raw[:1] == b"-" else value


def moment_of(milliseconds: int | None) -> datetime | None:
    """A broker's or producer's timestamp; None for none, or one beyond the calendar."""
    if milliseconds is None or not 0 < milliseconds <= _LAST_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
