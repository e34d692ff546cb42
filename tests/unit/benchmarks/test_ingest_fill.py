"""The events that the ingestion benchmark measures with."""

import pytest

from benchmarks.ingest_fill import events
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView


@pytest.mark.parametrize("size", [200, 1000])
def test_each_event_has_the_size_that_is_asked_for(size: int) -> None:
    assert {len(made.value) for made in events(500, size=size, seed=1)} == {size}


def test_each_event_satisfies_the_contract() -> None:
    for made in events(500, size=200, seed=1):
        assert codec.decode(PageView, made.value).event_id == made.event_id.decode()


def test_ids_differ_and_stand_in_no_order() -> None:
    ids = [made.event_id for made in events(10_000, size=200, seed=1)]
    assert len(set(ids)) == 10_000
    assert ids != sorted(ids)


def test_a_seed_gives_the_same_bytes() -> None:
    assert list(events(100, size=200, seed=3)) == list(events(100, size=200, seed=3))
