"""Words with a meaning that logs of all kinds share: units, months, literals, and words that tell a state."""

from __future__ import annotations

import re

UNITS = frozenset(
    "ns us ms msec msecs millisecond milliseconds s sec secs second seconds min mins minute minutes h hr hrs"
    " hour hours day days B KB MB GB TB KiB MiB GiB TiB".split()
)
TIME_UNITS = frozenset(unit for unit in UNITS if not unit.endswith("B"))
WEEKDAYS = frozenset("Mon Tue Wed Thu Fri Sat Sun".split())
MONTHS = frozenset("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
LITERALS = frozenset("true false null nil none nan".split())
SWITCHES = LITERALS | frozenset("on off yes no".split())

_ENUMERATOR = re.compile(r"[A-Z][A-Z_]+")
_PARTICIPLE = re.compile(r"[A-Za-z-]{2,}(?:ed|ing)")
_STATES = frozenset(
    """up down open close closed start stop begin end success successful successfully succeeded failure fail ok
    good bad healthy unhealthy ready active inactive idle busy alive dead online offline lost found done pending
    enable disable accept reject allow deny permit grant revoke connect disconnect join left leave add remove
    create delete update insert select get put post patch read write load unload store send receive open opened
    lock unlock acquire release attach detach mount unmount login logout hit miss request response begin commit
    rollback abort retry resume pause suspend kill spawn enter exit left right input output in out master slave
    leader follower candidate primary secondary replica warning error info debug critical fatal high low full
    empty first last next previous old new valid invalid known unknown local remote internal external""".split()
)


def tells_state(word: str) -> bool:
    """Whether a word names a state, an act or an outcome: two such words never stand for one value."""
    return (
        word.lower() in _STATES
        or _ENUMERATOR.fullmatch(word) is not None
        or _PARTICIPLE.fullmatch(word) is not None
    )
