"""What proves who is asking: passwords in URLs, headers of authorization, cookies."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from .boundaries import UNSEEN, lowered, positions, starts
from .masked import STAND_IN, Span

_SCHEME = re.compile(r":(?://|\\/\\/|\\u002[fF]\\u002[fF])|%3[aA]%2[fF]%2[fF]")
_NO_URL = re.compile(r"[\s\"'`<>]")
_COLON = re.compile(r":|%3[aA]")
_PORT = re.compile(r"[0-9]{1,5}(?:[/?#\\,]|%2[fF]|\Z)")
_AT = re.compile(r"@|%40")
_USER = re.compile(r"(?=[\w.~-]*[0-9])[\w.~-]{16,}")
_GO_ADDRESS = re.compile(r"(?<![\w.-])[\w.-]{1,64}+:(?P<password>[^\s\"'`@]{1,256})@(?=(?:tcp|tcp6|unix)\()")


def url_passwords(text: str) -> Iterator[Span]:
    """Passwords of ``scheme://user:password@host``, also percent-encoded or with slashes of JSON.

    A long user name without a password is one too: that is how tokens are given.
    """
    anchors = list(_SCHEME.finditer(text))
    starts_of_next = [*(anchor.start() for anchor in anchors[1:]), len(text)]
    for anchor, limit in zip(anchors, starts_of_next, strict=False):
        stop = _NO_URL.search(text, anchor.end(), limit)
        span = _userinfo(text, anchor.end(), stop.start() if stop else limit)
        if span and not STAND_IN.fullmatch(span.identity):
            yield span


def go_passwords(text: str) -> Iterator[Span]:
    """Passwords of ``user:password@tcp(host:port)/name``, as Go's driver for MySQL takes them."""
    if "@tcp" in text or "@unix" in text:
        for found in _GO_ADDRESS.finditer(text):
            if not STAND_IN.fullmatch(found["password"]):
                yield Span(found.start("password"), found.end("password"), found["password"])


def _userinfo(text: str, start: int, end: int) -> Span | None:
    ats = list(_AT.finditer(text, start, end))
    if not ats:
        return None
    colon = _COLON.search(text, start, ats[0].start())
    if colon is None:
        user = text[start : ats[0].start()]
        return Span(start, ats[0].start(), user) if _USER.fullmatch(user) else None
    if "/" in text[start : colon.start()] or _PORT.match(text, colon.end(), end):
        return None
    last = _last_at(text, colon.end(), ats)
    password = text[colon.end() : last]
    return Span(colon.end(), last, password) if password else None


def _last_at(text: str, start: int, ats: list[re.Match[str]]) -> int:
    """The @ before the host: the last one before a slash, else the first."""
    slash = text.find("/", start)
    before = [at for at in ats if slash < 0 or at.start() < slash]
    return (before[-1] if before else ats[0]).start()


_COOKIE_NAME = re.compile(r"cookies?2?")
_SESSIONS = ("jsessionid", "sessionid", "phpsessid", "asp.net_sessionid", "connect.sid", "laravel_session",
             "_session_id", "csrftoken", "sid")  # fmt: skip
_AFTER_NAME = re.compile(
    rf"{UNSEEN}(?P<quote>\\{{0,7}}[\"'`]|%22)?\]?[ \t]{{0,8}}{UNSEEN}"
    rf"(?P<by>=>|:|=|%3[aAdD]|,(?=[ \t]?[\"']))"
    rf"(?:[ \t]|%20|\+){{0,8}}{UNSEEN}(?P<open>b?\\{{0,7}}[\"'`]|%22|[\[{{])?"
)
_BEFORE_NAME = re.compile(r"(?:\\{0,7}[\"'`]|%22)\Z")
_LINE_END = r"\r?\n|\\r|\\n|%0[dDaA]"
_TO_LINE_END = re.compile(_LINE_END)
_TO_BLANK = re.compile(rf"\s|{_LINE_END}|\Z")
_WINDOW = 8_192
"""Longest header whose closing quote is looked for; servers take no longer ones."""
_SESSION_VALUE = re.compile(r"(?:=|%3[dD])(?P<value>[^\s;,&\"'<>\\]++)")
_PAIR = re.compile(r"=|%3[dD]|:")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")


def cookies(text: str) -> Iterator[Span]:
    """Values of Cookie and Set-Cookie, whole, and of the usual session cookies wherever they stand."""
    lower = lowered(text)
    reached, lines = 0, _Lines(text)
    for at, word in positions(lower, ("cookie", *_SESSIONS)):
        if at < reached:
            continue
        span = _cookie(text, lower, at, lines) if word == "cookie" else _session(text, at, at + len(word))
        if span and not STAND_IN.fullmatch(span.identity):
            reached = span.end
            yield span


def _cookie(text: str, lower: str, at: int, lines: _Lines) -> Span | None:
    name = _COOKIE_NAME.match(lower, at)
    begin = at - 4 if lower[max(0, at - 4) : at] == "set-" else at
    start, end = (_header_value(text, begin, name.end(), lines) if name else None) or (0, 0)
    if not _PAIR.search(text, start, min(end, start + _WINDOW)):
        return None
    return Span(start, start + len(text[start:end].rstrip()), text[start:end].strip())


def _session(text: str, at: int, end: int) -> Span | None:
    found = _SESSION_VALUE.match(text, end) if starts(text, at) else None
    if found is None or _HEXADECIMAL.fullmatch(found["value"]):
        return None
    return Span(found.start("value"), found.end(), found["value"])


class _Lines:
    """The ends of all lines, escaped ones too, found in one go."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: list[int] | None = None

    def end(self, at: int) -> int:
        """The end of the line that goes on here."""
        if self._ends is None:
            self._ends = [*(found.start() for found in _TO_LINE_END.finditer(self._text)), len(self._text)]
        return self._ends[bisect_left(self._ends, at)]


def _header_value(text: str, start: int, end: int, lines: _Lines) -> tuple[int, int] | None:
    """Where the value of a header stands: to its closing quote or bracket, else to the end of the line."""
    after = _AFTER_NAME.match(text, end)
    if after is None:
        return None
    opened = (after["open"] or "").lstrip("b")
    closing = {"[": "]", "{": "}"}.get(opened, opened)
    if not closing and not after["quote"]:
        before = _BEFORE_NAME.search(text[max(0, start - 10) : start])
        closing = before[0] if before else ""
    end = lines.end(after.end())
    if closing:
        found = text.find(closing, after.end(), min(end, after.end() + _WINDOW))
        return after.end(), found if found >= 0 else end
    if after["by"] in ("=", "%3D", "%3d") and (blank := _TO_BLANK.search(text, after.end())):
        end = min(end, blank.start())
    return after.end(), end


_SCHEMES = re.compile(
    r"(?P<single>bearer|basic|token|apikey|api-key|key|jwt|negotiate|ntlm|kakaoak|sharedkey|sharedkeylite|bot)"
    r"(?:[ \t]|%20|\+|:[ \t]?)+"
    r"|(?P<whole>digest|aws4-hmac-sha256|aws|hawk|oauth|signature|hmac|mutual|scram-[\w-]+)(?:[ \t]|%20|\+)+",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\s\"'`,;<>\\]+")
_TOKEN = re.compile(r"[^\s\"'`,;<>\\)}\]]+")
_BARE = re.compile(
    r"\b(?:(?P<bearer>bearer)|(?P<basic>basic))(?:[ \t]|%20|\+)+(?P<value>[\w.~+/=%-]{8,}+)", re.IGNORECASE
)
_CURL_USER = re.compile(r"(?:-u|--user)[ =][\"']?[^\s:\"']{1,100}:(?P<value>[^\s\"']++)")
_LONG = 20


def authorizations(text: str) -> Iterator[Span]:
    """Credentials of Authorization headers, and of ``Bearer …`` and ``Basic …`` wherever they stand."""
    lower = lowered(text)
    if not any(word in lower for word in ("authori", "bearer", "basic", "curl")):
        return
    found = list(_headers(text, lower))
    found += [
        Span(each.start("value"), each.end("value"), each["value"])
        for each in _BARE.finditer(text)
        if (_is_basic(each["value"]) if each["basic"] else _is_random(each["value"]))
    ]
    if "curl" in lower:
        found += [
            Span(each.start("value"), each.end("value"), each["value"])
            for each in _CURL_USER.finditer(text)
            if not each["value"].isdecimal()
        ]
    reached = 0
    for span in sorted(found, key=lambda each: (each.start, -each.end)):
        if span.start >= reached and not STAND_IN.fullmatch(span.identity):
            reached = span.end
            yield span


def _headers(text: str, lower: str) -> Iterator[Span]:
    reached, lines = 0, _Lines(text)
    for at, word in positions(lower, ("authorization", "authorisation")):
        if at >= reached:
            begin = at - len("proxy-") if lower[max(0, at - len("proxy-")) : at] == "proxy-" else at
            for span in _rights(text, begin, at + len(word), lines):
                reached = span.end
                yield span


def _rights(text: str, begin: int, end_of_name: int, lines: _Lines) -> Iterator[Span]:
    """The credentials in one header: all behind its scheme, or what looks like one where none is named."""
    start, end = _header_value(text, begin, end_of_name, lines) or (0, 0)
    scheme = _SCHEMES.match(text, start, end)
    if scheme and scheme["whole"]:
        value = text[scheme.end() : end].rstrip()
        yield Span(scheme.end(), scheme.end() + len(value), value)
    elif scheme:
        if token := _TOKEN.match(text, scheme.end(), end):
            yield Span(token.start(), token.end(), token[0])
    else:
        for word in islice(_WORDS.finditer(text, start, end), 3):
            if _is_random(word[0]):
                yield Span(word.start(), word.end(), word[0])


def _is_random(word: str) -> bool:
    return len(word) >= _LONG or (len(word) >= 8 and any(letter.isdigit() for letter in word))


def _is_basic(value: str) -> bool:
    """Whether base64 decodes to ``user:password``."""
    plain = value.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/").rstrip("=")
    try:
        return b":" in base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        return False


_COMMAND = re.compile(
    r"\b(?:sshpass[ ]+-p[ ]?|redis-cli\b[^|;&\n]{0,200}?[ ]-a[ ]+"
    r"|(?:mysql|mysqldump|mysqladmin|mariadb)\b[^|;&\n]{0,200}?[ ]-p)"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"']++)"
)


def command_passwords(text: str) -> Iterator[Span]:
    """Passwords behind the short options of ``sshpass``, ``mysql`` and ``redis-cli``."""
    if any(name in text for name in ("sshpass", "mysql", "mariadb", "redis-cli")):
        for found in _COMMAND.finditer(text):
            if not STAND_IN.fullmatch(found["value"]):
                yield Span(found.start("value"), found.end("value"), found["value"])
