"""Values behind a name that calls them secret: ``password=…``, ``"api_key": "…"``, ``--token …``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .boundaries import UNSEEN, lowered, positions
from .masked import STAND_IN, Span

_SUFFIX = (
    r"(?:[_.-]?(?:confirm(?:ation)?|old|new|current|again|hash|value|text|plain|base|[0-9]{1,2}))?(?![^\W_])"
)
_KEYS = (
    r"(?:api|access|account|shared[_-]?access|encryption|signing|private|master|session|subscription)[_.-]?\Z"
)
_TOKENS = r"(?:access|auth|refresh|id|session|security|bearer|csrf|xsrf|bot|api)[_.-]?\Z"


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a name: how the name goes on, and what must stand before the word to make it strong.

    Weak names stand in prose too: behind them only what looks like a value is one.
    """

    form: re.Pattern[str]
    strong: re.Pattern[str] | None
    weak: bool = False
    """Whether it is a name also without that."""


def _word(form: str, *, strong: str | None = None, weak: bool = False) -> _Word:
    return _Word(re.compile(form + _SUFFIX), re.compile(strong) if strong is not None else None, weak)


_WORDS = {
    "pass": _word(r"pass(?:word|wd|phrase|code)", strong=""),
    "pwd": _word(r"pwd", strong=""),
    "secret": _word(r"secret(?:[_.-]?(?:access)?[_.-]?key|[_.-]?id)?", strong=""),
    "key": _word(r"key", strong=_KEYS),
    "token": _word(r"token", strong=_TOKENS, weak=True),
    "비밀번호": _word("비밀번호", strong=""),
    "암호": _word("암호", strong=""),
    "패스워드": _word("패스워드", strong=""),
    **{
        word: _word(word + ("s?" if word == "credential" else ""), weak=True)
        for word in ("auth", "credential", "signature", "sig", "pin", "otp", "cvv", "cvc", "ssn")
    },
}
_PASS = _word("pass", weak=True)
_CODES = ("pin", "otp", "cvv", "cvc", "ssn")

_QUOTE = r"(?:\\{0,7}[\"'`]|%22|%27|&quot;|&#3[49];)"
_SEPARATOR = re.compile(
    rf"{UNSEEN}(?:{_QUOTE}?\]?[ \t]{{0,8}}{UNSEEN}(?:=>|->|:=|==?|::?|＝|：|%3[dDaA]|\\u003[dD]|&#61;)"  # noqa: RUF001
    rf"|{_QUOTE}[ \t]{{0,8}},(?=[ \t]{{0,8}}{_QUOTE})"  # ("password", "x")
    rf"|{_QUOTE}[ \t]{{1,8}}value[ \t]{{0,8}}=(?=[ \t]{{0,8}}{_QUOTE})"  # key="password" value="x"
    rf"|[ \t]{{1,8}}(?=[\"'])"  # WITH PASSWORD 'x'
    rf"|(?P<tag>>))[ \t]{{0,8}}{UNSEEN}",
)
_ARGUMENT = re.compile(r"[ \t]{1,8}(?=[^\s-])")

_WORD = r"[^\W_][\w.\[\]-]{0,63}"
_QUOTED = re.compile(
    r"[bBuUrR]{0,2}(?:"
    r"(?P<slashes>\\{1,7})(?P<inner>[\"'])(?P<escaped>(?:\\{2}\\?[^\n]|[^\\\n]|\\(?![\"'\\\n]))*+)(?:(?P=slashes)(?P=inner))?"
    r'|"(?P<double>(?:[^"\\\n]|\\[^\n]|""(?=[^\s,;:)}\]]))*+)"?'
    r"|'(?P<single>(?:[^'\\\n]|\\[^\n]|'')*+)'?"
    r"|`(?P<tick>[^`\n]*+)`?"
    r"|(?P<code>%2[27]|&quot;|&#3[49];)(?P<coded>(?:(?!%2[27]|&quot;|&#3[49];)[^\s])*+)"
    r")"
)
_JOINED = re.compile(r"[ \t]{0,4}(?:\+|\.|\\)?[ \t]{0,4}(?=[\"'][^\s,;:)}\]=>])")
_LIST = re.compile(r"\[[^\]\n]*+\]?|\((?=[\"'])[^)\n]*+\)?")
_BARE = re.compile(
    r"(?:[^\s\"'`\\,;&|)}\]<>\x1b%]"
    rf"|[,;&|](?!\s|$|[\"']|{_WORD}(?:=|:|%3[dDaA]))"
    r"|[)}\]](?![\s,;.)}\]\"']|$)"
    r"|\\(?![\"'nrt]|x1b|u001b|033|e\[)[^\n]"
    rf"|%(?!26{_WORD}(?:=|%3[dD])|2[27]|0[aAdD])"
    rf"|{STAND_IN.pattern}|<(?![/\w])|[\"'`](?=[^\s,;:)}}\]>=&|\"'`])"
    r")++"
)
_TAIL = re.compile(rf"(?=[\w$!@#^*~-]){_BARE.pattern}")
_TAGGED = re.compile(r"[^<\n]++|<!\[CDATA\[[^\]\n]*+")

_NO_VALUE = re.compile(
    r"[*x•.#-]*|\[?(?:redacted|filtered|masked|hidden|removed|protected|secret|sensitive)\]?|(?:true|false|yes|no|y|n"
    r"|on|off|null|none|nil|undefined|empty|required|missing|invalid|wrong|incorrect|expired|unknown|not|is|was|set"
    r"|unset|given|ok|failed|failure|mismatch|changed|disabled|enabled|accepted|rejected|denied|error|must|cannot)"
    r"[.,!]?|\$\{?[\w.:-]*\}?|%\(?\w*\)?[sdrv]|\{[\w.]*\}|<[\w ]*>",
    re.IGNORECASE,
)
# A short number, a word, punctuation, or how Java shows an object (Token{1a2b3c).
_UNREMARKABLE = re.compile(
    r"[0-9]{1,6}(?:ms|s|%)?|[A-Za-z]{1,24}|[\W_]{1,24}|[A-Z][A-Za-z]{1,40}[{@][0-9a-f]{4,8}\}?"
)
_CODE = re.compile(r"[0-9]{3,10}")
_PATH = re.compile(r"[/~][\w./~-]*")
_FLAG = re.compile(r"(?<![\w-])--?(?:[\w-]*-)?\Z")
_WINDOW, _BEFORE = 48, 20


def secrets(text: str) -> Iterator[Span]:
    """Values that are assigned to a name such as password, secret, API key or token."""
    lower = lowered(text)
    reached = 0
    for at, word in positions(lower, _WORDS):
        if at < reached or (name := _name(lower, at, word)) is None:
            continue
        end, strong = name
        opened = _value_start(text, at, end)
        if opened is None:
            continue
        start, tagged = opened
        span = _value(text, start, tagged=tagged, strong=strong)
        if span and _is_secret(span.identity, word, strong=strong):
            reached = span.end
            yield span


def _name(lower: str, at: int, word: str) -> tuple[int, bool] | None:
    """Where the name ends that a word belongs to, and whether it is a strong one; None if it is no name."""
    kind = _WORDS[word]
    found = kind.form.match(lower, at)
    if found is None and word == "pass":
        kind, found = _PASS, _PASS.form.match(lower, at)
    if found is None:
        return None
    if kind.strong and (kind.strong.pattern == "" or kind.strong.search(lower[max(0, at - _BEFORE) : at])):
        return found.end(), True
    alone = word == "token" or at == 0 or not lower[at - 1].isalnum()
    return (found.end(), False) if kind.weak and alone else None


def _value_start(text: str, start: int, end: int) -> tuple[int, bool] | None:
    """Where the value of a name begins, and whether the name is an XML tag."""
    if separator := _SEPARATOR.match(text, end):
        if separator["tag"] is None:
            return separator.end(), False
        opening = text.rfind("<", max(0, start - _WINDOW), start)
        if opening >= 0 and not re.search(r"[\s>/]", text[opening:start]):
            return separator.end(), True
        return None
    if _FLAG.search(text[max(0, start - _WINDOW) : start]):
        argument = _ARGUMENT.match(text, end)
        return (argument.end(), False) if argument else None
    return None


def _value(text: str, at: int, *, tagged: bool, strong: bool) -> Span | None:
    if tagged:
        found = _TAGGED.match(text, at)
        return Span(at, found.end(), found[0].strip()) if found else None
    if listed := _LIST.match(text, at):
        return Span(at + 1, listed.end() - listed[0].endswith(("]", ")")), listed[0].strip("[]()"))
    if quoted := _QUOTED.match(text, at):
        return _quoted(text, quoted)
    if not strong and text[at : at + 1] in ("(", "{"):
        return None  # something of several parts, each with a name of its own
    bare = _BARE.match(text, at)
    return Span(at, bare.end(), bare[0]) if bare else None


def _quoted(text: str, quoted: re.Match[str]) -> Span:
    """What stands between quotes, with further quoted pieces that are joined to it."""
    group = quoted.lastgroup or "double"
    start, end, identity = quoted.start(group), quoted.end(group), quoted[group]
    if group not in ("double", "single"):
        return Span(start, end, identity)
    while joined := _JOINED.match(text, quoted.end()):
        following = _QUOTED.match(text, joined.end())
        if following is None or following.lastgroup not in ("double", "single"):
            break
        quoted, end = following, following.end(following.lastgroup)
        identity += following[following.lastgroup]
    tail = _TAIL.match(text, quoted.end()) if quoted.end() > end else None
    return Span(start, tail.end(), identity + tail[0]) if tail else Span(start, end, identity)


def _is_secret(value: str, word: str, *, strong: bool) -> bool:
    value = value.strip()
    if STAND_IN.fullmatch(value) or _NO_VALUE.fullmatch(value):
        return False
    if not strong:
        return bool(word in _CODES and _CODE.fullmatch(value)) or not _UNREMARKABLE.fullmatch(value)
    return not (word == "pwd" and _PATH.fullmatch(value))
