"""Receipts: what they say, how long they get, and what is no receipt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from heimdall_project.errors import Gone, Refused
from ingestion import receipts
from ingestion.receipts import Receipt, Stretch, receipt_of

TOPIC = "events.page_view.v1"
DAY = 86_400.0


def read(text: str, now: float = 1_000.0) -> Receipt:
    return receipts.read(text, now=now, lifetime=DAY)


def made(*places: tuple[int, int]) -> Receipt:
    return receipt_of(TOPIC, places, issued_at=900)


places = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2**62)), min_size=1, max_size=60, unique=True)


@given(places)
def test_what_was_issued_is_read_again(given_places: list[tuple[int, int]]) -> None:
    receipt = receipt_of(TOPIC, given_places, issued_at=900)
    again = read(receipt.text)
    assert again.events == receipt.events == len(given_places)
    assert (again.topic, again.issued_at) == (TOPIC, 900)
    exact = all(each.is_exact for stretches in again.places.values() for each in stretches)
    assert again == receipt if exact else list(again.places) == list(receipt.places)


def test_neighbours_are_one_stretch() -> None:
    assert made((1, 7), (0, 5), (1, 8), (1, 10)).places == {
        0: [Stretch(5, 5, 1)],
        1: [Stretch(7, 8, 2), Stretch(10, 10, 1)],
    }


def test_a_long_receipt_keeps_first_last_and_number() -> None:
    receipt = receipt_of(TOPIC, [(n % 6, 2 * n) for n in range(5_000)], issued_at=900)
    assert len(receipt.text) < 300
    first = read(receipt.text).places[0]
    assert first == [Stretch(0, 9_996, 834)] and not first[0].is_exact


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=400, unique=True))
def test_no_receipt_of_a_few_partitions_is_longer_than_an_address_may_be(offsets: list[int]) -> None:
    assert len(receipt_of(TOPIC, [(n % 6, at) for n, at in enumerate(offsets)], issued_at=900).text) < 1_500


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text[1:],
        lambda text: text.swapcase(),
        lambda text: text.partition(".")[0],
        lambda text: text.partition(".")[0] + "." + "A" * 43,
        lambda text: text + "=",
        lambda _: "",
        lambda _: ".",
        lambda _: "x" * 10_000,
        lambda _: "\0é한",
    ],
)
def test_what_was_changed_or_cut_off_is_no_receipt(change: object) -> None:
    text = change(made((0, 1)).text)  # type: ignore[operator]
    with pytest.raises(Refused) as caught:
        read(text)
    assert list(caught.value.errors) == ["receipt"]


def test_another_key_opens_nothing_and_a_former_one_does(settings: Settings) -> None:
    text = made((0, 1)).text
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-that-is-long-and-random-0123456789"
    with pytest.raises(Refused):
        read(text)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert read(text).events == 1


def test_a_receipt_is_gone_when_kafka_keeps_its_events_no_longer() -> None:
    assert read(made((0, 1)).text, now=900 + DAY)
    with pytest.raises(Gone) as caught:
        read(made((0, 1)).text, now=901 + DAY)
    assert caught.value.status == 410
