"""What comes back from a store is checked: anything but a living entry of this key is a miss."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from analysis.analyzer import Evidence
from analysis.cache.entries import MOST_BYTES, Entry, decoded, encoded, entry_of
from analysis.cache.stores import MemoryCache
from analysis.masking import mask

from .engine import LOG, Clock, Engine, given, wrapped

CLOCK = Clock()
KEY = "k" * 64


def entry(**changed: object) -> Entry:
    good = entry_of(KEY, Engine().analyze(given()), now=CLOCK.now(), mask=str)
    return msgspec.structs.replace(good, **changed)


def read(value: bytes) -> Entry | None:
    return decoded(value, KEY, now=CLOCK.now(), lifetime=60)


def test_no_text_of_an_answer_is_kept_unmasked() -> None:
    told = "tell a@example.com"
    texts = dict.fromkeys(("summary", "root_cause", "recommendation", "component"), told)
    answer = replace(Engine().analyze(given()), evidence=(Evidence(2, told, told),), **texts)  # type: ignore[arg-type]
    kept = encoded(entry_of(KEY, answer, now=CLOCK.now(), mask=lambda text: mask(text).text))
    assert kept.count(b"tell <email#1>") == 5 and b"example.com" not in kept


def test_an_entry_comes_back_as_it_was() -> None:
    assert read(encoded(entry())) == entry()


@pytest.mark.parametrize(
    "changed",
    [
        {"form": 2},
        {"key": "another"},
        {"severity": "DIRE"},
        {"confidence": 1.5},
        {"confidence": float("nan")},
        {"summary": ""},
        {"summary": "x" * 20_001},
        {"evidence": ((0, "x"),)},
        {"evidence": ((1, "x"),) * 101},
        {"computed_at": CLOCK.now() - timedelta(seconds=61)},
        {"computed_at": CLOCK.now() + timedelta(hours=1)},
        {"computed_at": CLOCK.now().replace(tzinfo=None)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_entry_that_is_not_right_is_none(changed: dict[str, object]) -> None:
    assert read(encoded(entry(**changed))) is None


@pytest.mark.parametrize(
    "value",
    [b"", b"null", b"[]", b"{}", b"\x80\x04N.", b"\xff" * 100, b"[" * 50_000, b"[1,2", b'"\xed\xa0\x80"',
     b"1" * (MOST_BYTES + 1)],
    ids=lambda value: value[:5].hex(),
)  # fmt: skip
def test_garbage_is_none(value: bytes) -> None:
    assert read(value) is None


@settings(deadline=None)
@drawn(st.binary(max_size=300))
def test_any_bytes_are_none(value: bytes) -> None:
    assert read(value) is None


@settings(deadline=None)
@drawn(st.integers(0, 10_000), st.binary(max_size=6))
def test_a_damaged_entry_is_none_or_an_entry(place: int, damage: bytes) -> None:
    value = encoded(entry())
    place %= len(value)
    found = read(value[:place] + damage + value[place + len(damage) :])
    assert found is None or found.key == KEY


def test_an_entry_that_cites_a_line_beyond_the_log_answers_nothing() -> None:
    assert entry(evidence=((4, "x"),)).answer(LOG) is None
    assert entry(evidence=((3, "x"),)).answer(LOG) is not None


def test_what_a_store_gives_back_damaged_is_asked_again_and_kept_anew() -> None:
    engine, cache = Engine(), MemoryCache(most=10, lifetime=60)
    analyzer = wrapped(engine, cache)
    analyzer.analyze(given())
    (key,) = cache._kept
    cache.put(key, b"\x00garbage")
    assert not analyzer.analyze(given()).from_cache
    assert analyzer.analyze(given()).from_cache
    assert engine.asked == 2
