"""Values that are known by their own form: private keys, JSON web tokens, keys of clouds and services."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from .boundaries import starts
from .masked import Span

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_CHARS = 20_000
# What a key that is cut off goes on with: base64, on one line or on several, also with escaped line feeds.
_KEY_BODY = re.compile(
    r"(?:(?:\\r)?\\n|\r?\n|[ \t\"',+])*+(?:[A-Za-z0-9+/=]{16,}+(?:(?:\\r)?\\n|[\s\"',+])*+)*+"
)


def private_keys(text: str) -> Iterator[Span]:
    """PEM and PGP blocks of private keys; of one without its end, the lines that look like it."""
    if "PRIVATE KEY" not in text:
        return
    closings = list(_END.finditer(text))
    positions = [closing.start() for closing in closings]
    reached = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < reached:
            continue
        at = bisect_left(positions, begin.end())
        if at < len(closings) and positions[at] - begin.end() <= _KEY_CHARS:
            reached = closings[at].end()
        else:
            body = _KEY_BODY.match(text, begin.end())
            reached = body.end() if body else begin.end()
            reached = begin.start() + len(text[begin.start() : reached].rstrip(" \t\r\n\"',+"))
        yield Span(begin.start(), reached, "".join(text[begin.end() : reached].split()))


# The beginnings of a JSON object in base64: {" and what else may stand between the two.
_OBJECT = re.compile(r"eyJ|eyAi|ewog|ewoi|ew0K")
_RUN = re.compile(r"[A-Za-z0-9_-]*+")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,}+(?:(?:\.|%2[eE])[A-Za-z0-9_-]*+){1,4}+")
_PARTS = re.compile(r"\.|%2[eE]")


def json_web_tokens(text: str) -> Iterator[Span]:
    """Signed, encrypted and unsigned tokens: a header in base64 and at least one further part."""
    reached = 0
    for opening in _OBJECT.finditer(text):
        if opening.start() < reached:
            continue
        token = _TOKEN.match(text, opening.start())
        if token and _is_token(token[0]):
            reached = token.end()
            yield Span(token.start(), reached, token[0].replace("%2E", ".").replace("%2e", "."))
        else:
            run = _RUN.match(text, opening.start())
            reached = run.end() if run else opening.end()


def _is_token(token: str) -> bool:
    payload = _PARTS.split(token)[1]
    return len(payload) >= 4 or payload == ""


# A literal that is looked for first, and the form behind it.
_SERVICES = tuple(
    (literal, re.compile(form))
    for literal, form in (
        ("AKIA", r"AKIA[A-Z0-9]{16}(?![A-Z0-9])"),
        ("ASIA", r"ASIA[A-Z0-9]{16}(?![A-Z0-9])"),
        ("ABIA", r"ABIA[A-Z0-9]{16}(?![A-Z0-9])"),
        ("ACCA", r"ACCA[A-Z0-9]{16}(?![A-Z0-9])"),
        ("AIza", r"AIza[\w-]{35,}+"),
        ("ya29.", r"ya29\.[\w.-]{20,}+"),
        ("GOCSPX-", r"GOCSPX-[\w-]{20,}+"),
        ("Q~", r"[\w~.-]{3}[0-9]Q~[\w~.-]{31,34}"),
        ("ghp_", r"ghp_\w{30,}+"),
        ("gho_", r"gho_\w{30,}+"),
        ("ghu_", r"ghu_\w{30,}+"),
        ("ghs_", r"ghs_\w{30,}+"),
        ("ghr_", r"ghr_\w{30,}+"),
        ("github_pat_", r"github_pat_\w{22,}+"),
        ("glpat-", r"glpat-[\w-]{20,}+"),
        ("xox", r"xox[a-z](?:-[A-Za-z0-9]++){2,}+"),
        ("xapp-", r"xapp-[\w-]{20,}+"),
        ("hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/[\w/-]{10,}+"),
        ("_live_", r"[rsp]k_live_\w{10,}+"),
        ("_test_", r"[rsp]k_test_\w{10,}+"),
        ("whsec_", r"whsec_[\w+/=]{16,}+"),
        ("sk-", r"sk-(?=[\w-]{0,60}[0-9])[\w-]{20,}+"),
        ("hf_", r"hf_[A-Za-z0-9]{30,}+"),
        ("npm_", r"npm_[A-Za-z0-9]{30,}+"),
        ("pypi-", r"pypi-[\w-]{50,}+"),
        ("SG.", r"SG\.[\w-]{16,}+\.[\w-]{16,}+"),
        ("dop_v1_", r"dop_v1_[a-f0-9]{60,}+"),
        ("hvs.", r"hvs\.[\w-]{20,}+"),
        ("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
        (":AA", r"[0-9]{8,10}:AA[\w-]{33}"),
    )
)
_HEADS = {"_live_": 2, "_test_": 2, "Q~": 4, ":AA": 10}
"""How far before its literal a form may begin."""
_BESIDE = re.compile(r"[ \t:,;/|\"'\\]{1,6}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])")


def cloud_keys(text: str) -> Iterator[Span]:
    """Keys of AWS, Google Cloud, Azure, GitHub, GitLab, Slack, Stripe, makers of models and others.

    The secret half of an AWS pair is known where it stands right behind the key; elsewhere by its name.
    """
    found: list[Span] = []
    for literal, form in _SERVICES:
        if literal in text:
            found.extend(_keys(text, literal, form))
    reached = 0
    for span in sorted(found, key=lambda each: (each.start, -each.end)):
        if span.start >= reached:
            reached = span.end
            yield span


def _keys(text: str, literal: str, form: re.Pattern[str]) -> Iterator[Span]:
    at = text.find(literal)
    while at >= 0:
        key = _key_around(text, at, form, _HEADS.get(literal, 0))
        if key is None:
            at = text.find(literal, at + len(literal))
            continue
        yield Span(key.start(), key.end(), key[0])
        at = key.end()
        if literal in ("AKIA", "ASIA") and (beside := _BESIDE.match(text, at)):
            yield Span(beside.start(1), beside.end(), beside[1])
            at = beside.end()
        at = text.find(literal, at)


def _key_around(text: str, at: int, form: re.Pattern[str], head: int) -> re.Match[str] | None:
    for start in range(max(0, at - head), at + 1):
        if starts(text, start) and (key := form.match(text, start)) and key.end() > at:
            return key
    return None


_HASH = re.compile(
    r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|sha1|argon2(?:id|i|d)|scrypt|pbkdf2[\w-]{0,20})\$[./A-Za-z0-9+=,$-]{20,}+"
    r"|\bpbkdf2_sha(?:1|256|512)\$[0-9]{1,9}\$[./A-Za-z0-9+=$]{20,}+"
)


_HASH_MARKS = (
    "$1$",
    "$2",
    "$5$",
    "$6$",
    "$7$",
    "$y$",
    "$gy$",
    "$apr1$",
    "$sha1$",
    "$argon2",
    "$scrypt",
    "pbkdf2",
)


def password_hashes(text: str) -> Iterator[Span]:
    """Hashes of passwords as /etc/shadow, htpasswd and frameworks keep them."""
    if not any(mark in text for mark in _HASH_MARKS):
        return
    for found in _HASH.finditer(text):
        yield Span(found.start(), found.end(), found[0])
