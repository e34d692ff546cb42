"""The fields that stand before a message, one pattern each. All are searched in a bounded piece."""

from __future__ import annotations

import re

LEVELS = {
    "TRACE": "TRACE", "VERBOSE": "TRACE", "FINEST": "TRACE", "FINER": "TRACE",
    "DEBUG": "DEBUG", "FINE": "DEBUG", "DBG": "DEBUG",
    "INFO": "INFO", "INFORMATION": "INFO", "INF": "INFO", "LOG": "INFO",
    "STATEMENT": "INFO", "DETAIL": "INFO", "HINT": "INFO",
    "NOTICE": "NOTICE", "CONFIG": "NOTICE",
    "WARN": "WARNING", "WARNING": "WARNING", "WRN": "WARNING",
    "ERR": "ERROR", "ERROR": "ERROR", "FAILURE": "ERROR",
    "SEVERE": "CRITICAL", "CRIT": "CRITICAL", "CRITICAL": "CRITICAL", "FATAL": "CRITICAL", "FTL": "CRITICAL",
    "ALERT": "CRITICAL", "EMERG": "CRITICAL", "PANIC": "CRITICAL",
}  # fmt: skip
LETTERS = {"V": "TRACE", "D": "DEBUG", "I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL"}

# Words that begin sentences too, so that alone they are no level; with a colon they are.
_NEED_A_COLON = ("LOG", "DETAIL", "HINT", "STATEMENT")
_LONGEST_FIRST = sorted(LEVELS, key=len, reverse=True)
_ANY = "|".join(_LONGEST_FIRST)
_PLAIN = "|".join(word for word in _LONGEST_FIRST if word not in _NEED_A_COLON)
_LEVEL_KEY = r"(?:level|lvl|severity)=\"?"

ANSI = re.compile(r"\x1b\[[0-9;]{0,16}m")
LEAD = re.compile(
    r"\ufeff?(?:<[0-9]{1,3}>(?:[0-9] )?)?(?:[DIWEFAU], (?=\[))?(?:(?:time|timestamp|ts|t)=\"?)?\[?\s{0,8}"
)
# What may stand before the time: a file, a container, an alert class; not the plain word of a sentence.
LABEL = re.compile(r"(?![a-z]+\s+[^|\s])\S{1,100}\s{1,8}(?:\|\s)?")
AFTER_TIME = re.compile(r"[\]\",:]*")
GAP = re.compile(r"\s*(?:(?:-{1,3}|[|:,])\s+|\|)?")

# A level is upper case, or marked as one: [error] <warn> info: level=debug, or followed by a wide gap.
LEVEL = re.compile(
    rf"(?:[\[(<]\s?({_ANY})\s{{0,9}}[\])>]|{_LEVEL_KEY}({_ANY})\b\"?"
    rf"|({_ANY})(?:[:,|\]]|\s{{2,}}|\t)|(?-i:({_PLAIN})(?=\s|$)))[:,|]?",
    re.IGNORECASE,
)
# ERROR/worker-1]
LEVEL_AND_NAME = re.compile(rf"({_PLAIN})/([A-Za-z][\w.-]*)\]")
# NODE RAS KERNEL INFO: a level up to four words ahead, none of which ends with a colon.
LEVEL_AHEAD = re.compile(rf"(?:\S{{0,80}}[^\s:]\s+){{0,3}}?([A-Za-z]\S{{0,80}})(?<!:)\s+(?=(?:{_PLAIN})\s)")
LEVEL_LETTER = re.compile(r"([VDIWEF])[ /](?=[^:]{1,80}: ?)")
LEVEL_WITHOUT_TIME = re.compile(
    rf"\s?[\[(<]?({_ANY})[\])>]?(?::([A-Za-z_][\w.]*):|\s?:|(?<=[\])>])\s|(?-i:(?<=[A-Z])\s))", re.IGNORECASE
)
LEVEL_IN_MESSAGE = re.compile(
    rf"(?:(?:\[[^\]]{{1,20}}\]|\S{{1,40}}:) )?({_ANY})\s?:|(?:.{{0,200}}\s)?{_LEVEL_KEY}({_ANY})\b",
    re.IGNORECASE,
)
NAME_IN_MESSAGE = re.compile(
    r"(?:.{0,200}\s)?(?:(?:component|logger|service|module|app)=\"?([A-Za-z][\w.-]{0,60})"
    r"|\[([a-z_][\w$]{0,60}(?:\.[\w$]{1,60}){1,12})\](?=\s|$))"
)

# log4j's %c at the end: (kafka.server.ReplicaManager)
NAME_AT_END = re.compile(r"\(([a-z][\w$]{0,60}(?:\.[\w$]{1,60}){1,12})\)\s{0,8}$")
NAME_AT_END_CHARS = 200

NUMBER = re.compile(r"(?:([0-9]{1,9})(?:#[0-9]+)?|\[([0-9]{1,9})\]|#([0-9]{1,9})\]):?(?=\s|\|)")
# host name[pid]: as syslog writes it; the name may hold blanks if a pid follows.
PROCESS = re.compile(
    r"(?P<host>[^\s\[]\S*) (?P<name>[^\s:\[]+(?: -- \S+?| [0-9.]+)?|[^\[\]:]{1,60})"
    r"(?:\[(?P<pid>[0-9]+)\])?(?: \([^)]{1,80}\))?: ?(?=\S|$)"
)
RFC5424 = re.compile(r"(?:(\S+) ){2}(?:([0-9]+)|\S+) \S+ (?:-|\[[^\]]*\]) ?")
BRACKET = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\s*(-\s+)?")
THREAD_AHEAD = re.compile(r"(?:[0-9]+ )?--- ")
AT_LINE = re.compile(r"@[0-9]+$")
REQUEST = re.compile(r"\[(?:req-[^\]]*|-|[0-9a-fA-F-]{8,}[^\]]*)\]\s*")

_NO_ERROR = r"(?!\S*(?:Exception|Error)\b)"
NAMED = re.compile(
    rf"{_NO_ERROR}([A-Za-z_][\w.$/@#*()<>\-]{{0,120}}(?:\[[^\]\s]{{1,40}}\])?)(?::(?:\s|$)|\s+[:-]\s)"
)
LOGGER = re.compile(rf"{_NO_ERROR}([A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)+)\s+")
DOTTED = re.compile(r"[a-z_][\w$]*(?:\.[a-z_][\w$]*)+")
WITH_PID = re.compile(r"(.{1,120})\[([0-9]{1,9})\]")
NAMES = (
    NAMED,
    re.compile(r"([\w./-]+\.\w{1,4}):[0-9]+\]\s"),  # source.go:12]
    re.compile(r"([\w.-]+) \*[0-9]+ - "),  # program.exe *64 -
    LOGGER,
    re.compile(r"([A-Za-z_][\w.\-]*)\|"),  # Component|
    re.compile(r"([A-Za-z][\w.\-]{0,40})(?:\s{2,}|\t)"),  # a padded column
)
