"""Lines to records: a header line with all that belongs to it. Pure.

A record starts where a time stands (after a few labels at most), where a level in capitals opens the
line, or where a JSON object does. Indented lines and the words of stack traces always continue it. Other
lines without a header continue it too once the log is known to write headers; in a log without any,
each is a record of its own.
"""

import re
from collections.abc import Iterable, Iterator

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_CLOCK = r"[0-2]?\d:[0-5]\d:[0-5]\d"
_TIME = "|".join(
    (
        rf"\d{{4}}[-/.]\d\d?[-/.]\d\d?(?:[-T_ ,]+{_CLOCK})?",  # 2015-07-29 17:41:44
        rf"\d{{8}}[-T ]{_CLOCK}",  # 20171223-22:15:29
        rf"\d\d?[-/.]\d\d?(?:[-/.]\d{{2,4}})? {_CLOCK}",  # 17/06/09 20:10:40, 03-17 16:13:38
        rf"(?:{_MONTHS}) [ \d]?\d(?: \d{{4}})? {_CLOCK}",  # Dec 10 06:55:46
        rf"\d\d?[-/ ](?:{_MONTHS})[-/ ]\d{{4}}[: ]{_CLOCK}",  # 10/Oct/2000:13:55:36
        r"\d{6} \d{6}\b",  # 081109 203615
        r"1\d{9}(?:\d{3})?(?:\.\d+)?\b",  # seconds or milliseconds since the epoch
        rf"{_CLOCK}[.,]?\d*\b",  # 16:13:38,811
    )
)
_LEVELS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|ALERT|EMERG|PANIC"
_LEAD = r"(?:<\d{1,3}>(?:\d )?)?(?:(?:time|timestamp|ts|t)=\"?)?[\[({]?"
_LABELS = r"(?:[^\s\"']{1,100} [|\-:]? ?){0,2}?"
_HEADER = re.compile(
    rf"{_LEAD}(?:{_TIME})"
    rf"|{_LABELS}{_LEAD}(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:{_TIME})"
    rf"|\S+ \S+ \S+ \[\d\d?/(?:{_MONTHS})/\d{{4}}:"  # an access log: address, identity, user, time
    rf"|[\[(<]?(?:{_LEVELS})[\])>]?(?::|\s|$)"
    r"|[IWEF]\d{4} \d\d:\d\d:\d\d"  # klog
    r"|(?:level|lvl|severity)=|\{\s*\""
)
_BELONGS = re.compile(
    r"\s|$|Caused by\b|Suppressed:|at \S|\.\.\. \d+ (?:more|common)"
    r"|Traceback \(|During handling of|The above exception|goroutine \d+|--- End of"
)

LONGEST_RECORD = 256 * 1024
"""Characters after which a record is cut in two, so that memory stays bounded whatever a file holds."""


def starts_record(line: str) -> bool:
    """Whether `line` has a header of its own."""
    return not _BELONGS.match(line) and bool(_HEADER.match(line))


def records(lines: Iterable[str]) -> Iterator[list[str]]:
    """Group lines into records, none empty."""
    record: list[str] = []
    size, has_headers = 0, False
    for line in lines:
        header = starts_record(line)
        has_headers = has_headers or header
        begins = header or (not has_headers and not _BELONGS.match(line))
        if record and (begins or size + len(line) > LONGEST_RECORD):
            yield record
            record, size = [], 0
        record.append(line)
        size += len(line) + 1
    if record:
        yield record
