"""Bodies taken apart: bounds, and what a body as a whole may be."""

import gzip
import tracemalloc
from time import thread_time

import pytest

from heimdall_project.errors import Refused, TooLarge, UnsupportedMedia
from ingestion.intake import event_in, events_in, unpacked

JSON, LINES = "application/json", "application/x-ndjson"


def split(body: bytes, kind: str = JSON, most: int = 10) -> list[bytes]:
    return events_in(body, kind, most=most)


def test_events_of_an_array_keep_their_bytes() -> None:
    assert split(b' [ {"a" : 1.50} ,\n{"b":"\\u00e9"}] ') == [b'{"a" : 1.50}', b'{"b":"\\u00e9"}']


def test_lines_are_events_without_their_ends_and_empty_ones_are_none() -> None:
    assert split(b'{"a":1}\r\n\r\n\n  {"b":2} \n\t\n', LINES) == [b'{"a":1}', b'{"b":2}']


def test_a_line_that_is_no_event_is_left_to_whoever_checks_events() -> None:
    assert split(b'{"a":1}{"b":2}\nnonsense\n', LINES) == [b'{"a":1}{"b":2}', b"nonsense"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b'[{"a":1}] []',
        b'[{"a":1}',
        b"{}",
        b"7",
        b"null",
        b"\xef\xbb\xbf[]",
        b'["\xff"',
        b"[" * 9999,
    ],
    ids=lambda body: repr(body[:9]),
)
def test_what_is_no_array_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(Refused):
        split(body)


@pytest.mark.parametrize(("body", "kind"), [(b"[]", JSON), (b"", LINES), (b"\n \r\n", LINES)])
def test_no_event_at_all_is_named(body: bytes, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        split(body, kind)
    assert caught.value.errors == {"$": "It holds no event."}


@pytest.mark.parametrize("kind", [JSON, LINES])
@pytest.mark.parametrize("number", [1, 9, 10, 11])
def test_the_bound_is_taken_and_one_more_is_not(kind: str, number: int) -> None:
    body = b"[" + b",".join([b"{}"] * number) + b"]" if kind == JSON else b"{}\n" * number
    if number <= 10:
        assert len(split(body, kind)) == number
    else:
        with pytest.raises(TooLarge, match="10 events"):
            split(body, kind)


@pytest.mark.parametrize(("body", "kind"), [(b"[" + b"1," * 10_000 + b"1]", JSON), (b"1\n" * 10_000, LINES)])
def test_a_crowd_is_refused_before_it_is_taken_apart(body: bytes, kind: str) -> None:
    with pytest.raises(TooLarge):
        split(body, kind)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/jsonx", "application/json-seq"])
def test_another_kind_of_body_is_refused(kind: str) -> None:
    with pytest.raises(UnsupportedMedia):
        split(b"[]", kind)
    with pytest.raises(UnsupportedMedia):
        event_in(b"{}", kind, most=1)


def test_one_event_is_the_body_without_blanks_around_it() -> None:
    assert event_in(b'\n {"a":1}\r\n', "application/json; charset=utf-8", most=1) == [b'{"a":1}']


def test_gzip_is_unpacked_also_in_several_members() -> None:
    packed = gzip.compress(b"[1,") + gzip.compress(b"2]")
    assert unpacked(packed, "gzip", most=100) == b"[1,2]"
    assert unpacked(b"[]", "identity", most=1) == b"[]"


@pytest.mark.parametrize(
    "packed",
    [b"[]", gzip.compress(b"x" * 100)[:-9], gzip.compress(b"x") + b"more", gzip.compress(b"x")[:5]],
    ids=["plain", "truncated", "trailing", "head only"],
)
def test_what_is_not_gzip_is_refused(packed: bytes) -> None:
    with pytest.raises(Refused, match="not gzip"):
        unpacked(packed, "gzip", most=1000)


def test_a_bomb_is_refused_at_the_bound_and_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    with pytest.raises(TooLarge, match="1000 bytes"):
        unpacked(bomb, "gzip", most=1000)
    with pytest.raises(TooLarge):
        unpacked(gzip.compress(b"x" * 600) * 2, "gzip", most=1000)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedMedia):
        unpacked(b"", encoding, most=1)


def test_what_is_beyond_the_bound_is_not_even_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        unpacked(bomb, "gzip", most=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_crowd_of_empty_members_costs_no_more_than_its_length() -> None:
    empty = gzip.compress(b"")
    began = thread_time()
    assert unpacked(empty * 100_000 + gzip.compress(b"[]"), "gzip", most=100) == b"[]"
    assert thread_time() - began < 5  # copying what stands behind each of them would take several times that


@pytest.mark.parametrize("size", [1, 16_383, 16_384, 16_385, 300_000])
def test_gzip_is_unpacked_wherever_its_pieces_end(size: int) -> None:
    noise = bytes(n * n * 7919 % 251 for n in range(size))
    packed = gzip.compress(noise, 0) * 2
    assert unpacked(packed, "gzip", most=2 * size) == noise * 2
    for cut in (1, 8, 20):
        with pytest.raises(Refused, match="ends too early"):
            unpacked(packed[:-cut], "gzip", most=2 * size)
