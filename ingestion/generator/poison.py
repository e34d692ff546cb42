"""Records that are no page views, by class: what goes wrong in real systems. Pure.

Each maker takes the JSON of a good event and spoils it. `POISON` maps the class to its maker and to the
disposition with which the record must become a dead letter. None holds a line feed, so that a line of
NDJSON is one record of the class too.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

HUGE = 64 * 1024


class Poison(NamedTuple):
    """A class of poison."""

    spoil: Callable[[bytes], bytes]
    disposition: str


def _with(member: bytes) -> Callable[[bytes], bytes]:
    """The event with this member at its end, where it overrides an earlier one of the name."""
    return lambda good: good[:-1] + b"," + member + b"}"


POISON: Mapping[str, Poison] = {
    "empty": Poison(lambda good: b"", "poison"),
    "not_json": Poison(lambda good: b"<html>503 Service Unavailable</html>", "poison"),
    "cut_off": Poison(lambda good: good[: len(good) // 2], "poison"),
    "two_objects": Poison(lambda good: good + b" " + good, "poison"),
    "invalid_utf8": Poison(_with(b'"user_id":"\xff\xfe"'), "poison"),
    "lone_surrogate": Poison(_with(b'"user_id":"\\ud800"'), "poison"),
    "not_an_object": Poison(lambda good: b"[" + good + b"]", "contract"),
    "wrong_type": Poison(_with(b'"content_id":{"id":7}'), "contract"),
    "missing_field": Poison(lambda good: good.replace(b'"content_id":', b'"contentId":', 1), "contract"),
    "too_long": Poison(_with(b'"content_id":"' + b"x" * 129 + b'"'), "contract"),
    "unknown_type": Poison(_with(b'"event_type":"share"'), "contract"),
    "nul": Poison(_with(b'"user_id":"a\\u0000b"'), "contract"),
    "bad_time": Poison(_with(b'"occurred_at":"2300-01-01T00:00:00Z"'), "contract"),
    "nested_props": Poison(_with(b'"props":{"a":{"b":1}}'), "contract"),
    "huge_number": Poison(_with(b'"props":{"n":18446744073709551616}'), "contract"),
    "huge": Poison(_with(b'"props":{"x":"' + b"x" * HUGE + b'"}'), "contract"),
}
"""By name. A class that is added goes at the end, or the same seed gives other bytes."""
CLASSES = tuple(POISON)
