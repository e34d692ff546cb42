"""Numbers that carry their own proof: IBAN, payment cards, Korean resident numbers; and telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from .boundaries import ends, starts
from .masked import Span

_IBAN_HEAD = re.compile(r"[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9]{2})")
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25,
    "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def ibans(text: str) -> Iterator[Span]:
    """Bank accounts: the length of their country, and 1 modulo 97; with blanks or dashes between."""
    reached = 0
    for head in _IBAN_HEAD.finditer(text):
        length = _IBAN_LENGTHS.get(head[0][:2].upper())
        if length is None or head.start() < reached or not starts(text, head.start()):
            continue
        compact, end = _gathered(text, head.start(), length)
        if len(compact) == length and ends(text, end) and _is_iban(compact):
            reached = end
            yield Span(head.start(), end, compact)


def _gathered(text: str, start: int, length: int) -> tuple[str, int]:
    """So many letters and digits from here, single blanks or dashes between them left out."""
    taken: list[str] = []
    at = start
    while at < len(text) and len(taken) < length:
        letter = text[at]
        if letter.isascii() and letter.isalnum():
            taken.append(letter.upper())
        elif letter not in " -\u00a0" or not text[at - 1].isalnum():
            break
        at += 1
    return "".join(taken), at


def _is_iban(compact: str) -> bool:
    return int("".join(str(int(letter, 36)) for letter in compact[4:] + compact[:4])) % 97 == 1


_GAP = r"(?:[ .+\u00a0\u2010-\u2015-]|%20)"
_CARD = re.compile(
    rf"\d(?<!\d\d)(?:\d{{12,18}}|\d{{3}}(?P<gap>{_GAP})\d{{4}}(?P=gap)\d{{4}}(?P=gap)\d{{4}}(?:(?P=gap)\d{{3}})?"
    rf"|\d{{3}}(?P<wide>{_GAP})\d{{6}}(?P=wide)\d{{4,5}})(?!\d)"
)
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
# First digits and lengths of the card schemes.
_SCHEMES = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
    r"|9\d{15}|(?:5[06-9]|6\d)\d{14}"
)


def cards(text: str) -> Iterator[Span]:
    """Payment cards: a known scheme and length, and the check digit of Luhn.

    Not inside of words, of numbers with a point, of negative numbers, or of longer numbers.
    """
    for found in _CARD.finditer(text):
        if not _stands_alone(text, found.start(), found.end()):
            continue
        for end in (found.end(), _without_last_group(found)):
            digits = _digits(text[found.start() : end])
            if _SCHEMES.fullmatch(digits) and _is_luhn(digits):
                yield Span(found.start(), end, digits)
                break


def _without_last_group(found: re.Match[str]) -> int:
    """Where the card ends if the last three digits are its security code."""
    gap = found["gap"]
    return found.start() + 16 + 3 * len(gap) if gap else found.end()


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 2) : start]
    if before.endswith((".", "_-")) or not (starts(text, start) or before == "%B"):
        return False
    return ends(text, end) and re.match(r"[.,]\d", text[end : end + 2]) is None


def _digits(text: str) -> str:
    """The decimal digits of a text, whatever script they are written in, without those of escapes."""
    return "".join(str(int(letter)) for letter in _ENCODED.sub(" ", text) if letter.isdecimal())


def _is_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = 2 * digit if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0 and digits.strip("0") != ""


_RESIDENT = re.compile(r"\d(?<!\d\d)\d{5}(?P<gap>[\u2010-\u2015-]| - |%2[dD])?[1-8]\d{6}(?!\d)")
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_NO_CHECK_DIGIT = date(2020, 10, 5)
"""Numbers given out since then end in digits without a meaning."""
_LAST_BIRTH = date(2039, 12, 31)
"""Beyond this a number is taken for something else; thirteen digits alone are often that."""


def resident_numbers(text: str) -> Iterator[Span]:
    """Korean resident and alien registration numbers.

    With a dash: a date of birth that exists. Thirteen digits in a row, as times in milliseconds have
    them too: the check digit as well, except for those born since October 2020, who have none.
    """
    for found in _RESIDENT.finditer(text):
        gap = found["gap"] or ""
        digits = _digits(found[0][:6] + found[0][6 + len(gap) :])
        born = _born(digits)
        if born is None or not starts(text, found.start()) or not ends(text, found.end()):
            continue
        if text[max(0, found.start() - 1) : found.start()] in (".", "-"):
            continue
        if gap or born >= _NO_CHECK_DIGIT or _has_check_digit(digits):
            yield Span(found.start(), found.end(), digits)


def _born(digits: str) -> date | None:
    century = 1900 if digits[6] in "1256" else 2000
    try:
        born = date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return None
    return born if born <= _LAST_BIRTH else None


def _has_check_digit(digits: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    rest = (11 - total % 11) % 10
    alien = (13 - total % 11) % 10
    return int(digits[12]) == (alien if digits[6] in "5678" else rest)


_PHONE_GAP = r"(?:[ .()\u00a0\u2010-\u2015-]|%20|%2[dD]){0,3}"
_ABROAD = re.compile(
    rf"(?:\+|%2[bB]|＋){_PHONE_GAP}"  # noqa: RUF001 (the full-width sign is meant)
    rf"(?:82{_PHONE_GAP}0?{_PHONE_GAP}\d{{1,2}}{_PHONE_GAP}\d{{3,4}}{_PHONE_GAP}\d{{4}}(?!\d)"
    rf"|1{_PHONE_GAP}\d{{3}}{_PHONE_GAP}\d{{3}}{_PHONE_GAP}\d{{4}}(?!\d)"
    rf"|[2-9](?:{_PHONE_GAP}\d){{7,14}})"
)
_LEAST_DIGITS = 8
_AFTER_TIME = re.compile(r":\d\d(?:[.,]\d{1,9})? ?\Z")
_AT_HOME = re.compile(
    r"\(?0(?:"
    r"10\d{8}|1[16789]\d{7,8}"
    r"|1[016789](?:\)[ .-]?|[ .\u2010-\u2015-]|%2[dD]|%20)\d{3,4}(?:[ .\u2010-\u2015-]|%2[dD]|%20)\d{4}"
    r"|(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d)(?:\)[ .-]?|[ .\u2010-\u2015-]|%2[dD]|%20)\d{3,4}"
    r"(?:[.\u2010-\u2015-]|%2[dD]|%20)\d{4}"
    r")(?!\d)"
)


def phones(text: str) -> Iterator[Span]:
    """International numbers behind a plus, and Korean ones: mobile in any form, others with separators."""
    found = [_abroad(text, each) for each in _ABROAD.finditer(text) if _is_abroad(text, each)]
    found += [
        Span(each.start(), each.end(), "+82" + _digits(each[0])[1:])
        for each in _AT_HOME.finditer(text)
        if _is_home(text, each)
    ]
    reached = 0
    for span in sorted(found, key=lambda each: each.start):
        if span.start >= reached:
            reached = span.end
            yield span


def _abroad(text: str, found: re.Match[str]) -> Span:
    """The number without the beginning of another one, such as a date, behind it."""
    end = found.end()
    if text[end : end + 1].isdecimal():
        last = text[found.start() : end].rstrip("0123456789").rstrip(" .-()")
        if len(_digits(last)) >= _LEAST_DIGITS:
            end = found.start() + len(last)
    return Span(found.start(), end, "+" + _digits(text[found.start() : end]))


def _is_abroad(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 14) : found.start()]
    return starts(text, found.start()) and not before.endswith(".") and not _AFTER_TIME.search(before)


def _is_home(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 2) : found.start()]
    if re.search(r"[0-9A-Fa-f]-\Z", before) or before.endswith("."):
        return False
    return starts(text, found.start()) and ends(text, found.end())
