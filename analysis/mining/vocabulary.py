"""Words with a meaning that logs of all kinds share: units, months, literals, and words that tell a state."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIME_UNITS = _words(
    """ns us ms msec msecs millisecond milliseconds s sec secs second seconds min mins minute minutes
    h hr hrs hour hours day days"""
)
UNITS = TIME_UNITS | _words("B KB MB GB TB KiB MiB GiB TiB")
WEEKDAYS = _words("Mon Tue Wed Thu Fri Sat Sun")
MONTHS = _words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
LITERALS = _words("true false null nil none nan")
SWITCHES = LITERALS | _words("on off yes no")

_ENUMERATOR = re.compile(r"[A-Z][A-Z_]+")
_PARTICIPLE = re.compile(r"[A-Za-z-]{2,}(?:ed|ing)")
_STATES = _words(
    """up down open close start stop begin end success successful successfully failure fail ok good bad
    healthy unhealthy ready active inactive idle busy alive dead online offline lost found done pending
    enable disable accept reject allow deny permit grant revoke connect disconnect join left leave add
    remove create delete update insert select get put post patch read write load unload store send receive
    lock unlock acquire release attach detach mount unmount login logout hit miss request response commit
    rollback abort retry resume pause suspend kill spawn enter exit right input output in out master slave
    leader follower candidate primary secondary replica warning error info debug critical fatal high low
    full empty first last next previous old new valid invalid known unknown local remote internal external"""
)


def tells_state(word: str) -> bool:
    """Whether a word names a state, an act or an outcome: two such words never stand for one value."""
    return (
        word.lower() in _STATES
        or _ENUMERATOR.fullmatch(word) is not None
        or _PARTICIPLE.fullmatch(word) is not None
    )
