"""How much of a log travels in an event, and text that PostgreSQL and JSON can hold. Pure."""

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def encoded_size(value: Any) -> int:
    """Bytes of `value` as JSON; control characters take six each."""
    return len(_encode(value))


def cut(text: str, limit: int) -> str:
    """`text`, or its beginning with a mark, so that it takes at most `limit` bytes as JSON.

    The cut is at the end of a line where one is near.
    """
    if len(text) * 6 + 2 <= limit or (size := encoded_size(text)) <= limit:
        return text
    mark = f"\n[cut here: the log has {size} bytes, the event carries at most {limit}]"
    room = limit - encoded_size(mark)
    low, high = 0, min(len(text), max(room, 0))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if encoded_size(text[:middle]) <= room else (low, middle - 1)
    line_end = text.rfind("\n", low // 2, low)
    return text[: line_end if line_end > 0 else low] + mark


def as_json(value: Any) -> str:
    """`value` as JSON that PostgreSQL takes."""
    spelled = _encode(value)
    if rb"\u0000" in spelled:  # rarely, so the search is cheaper than a walk through every value
        spelled = _encode(without_nul(msgspec.to_builtins(value)))
    return spelled.decode()


def without_nul(value: Any) -> Any:
    """`value` with NUL taken out of every text in it: PostgreSQL stores none."""
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {without_nul(key): without_nul(item) for key, item in value.items()}
        case list():
            return [without_nul(item) for item in value]
        case _:
            return value
