"""A writer that died, and one of another version, by which other records fit their contract."""

from collections import Counter

import pytest

from .world import ended
from .writers import DEAD, KILLED, VIEWS, WRITER, Writers, view

LATER = {"WRITER_BATCH_SECONDS": "1"}


def of_length(writers: Writers, number: int, prefix: str, length: int) -> list[tuple[bytes, bytes]]:
    """Send page views of content whose id is so long, among others; answers those that are."""
    long = [(b"k", view(f"{prefix}{n}", content_id="c" * length)) for n in range(number)]
    for place, record in enumerate(long):
        writers.send(VIEWS, [record])
        writers.views(10, f"{prefix}-beside-{place}-", key=b"k")
    return long


def names_of(writers: Writers, prefix: str, number: int) -> list[str]:
    beside = [f"{prefix}-beside-{place}-{n}" for place in range(number) for n in range(10)]
    return [*beside, *(f"{prefix}{n}" for n in range(number))]


@pytest.mark.parametrize("point", ["writer.before_insert", "writer.after_insert"])
def test_what_was_stored_before_a_crash_stays_stored_though_the_next_version_refuses_it(
    writers: Writers, point: str
) -> None:
    long = of_length(writers, 4, "v", 60)
    names = names_of(writers, "v", 4)
    with writers.write(HEIMDALL_CRASH_AT=point, **LATER) as process:
        ended(process, KILLED)
    with writers.write(PROBE_CONTRACT="narrower"):
        writers.await_written()
    letters = Counter(letter.value for letter in writers.dead_letters(DEAD))
    if point == "writer.after_insert":
        assert not letters
        writers.assert_kept(names)
    else:
        assert letters == Counter(value for _, value in long)
        writers.assert_kept(set(names) - {f"v{n}" for n in range(4)}, dead=4)


def test_what_was_dead_lettered_before_a_crash_is_stored_once_by_a_version_that_takes_it(
    writers: Writers,
) -> None:
    long = of_length(writers, 4, "v", 200)
    with writers.write(HEIMDALL_CRASH_AT="runner.after_dead_letter", **LATER) as process:
        ended(process, KILLED)
    assert not writers.is_through(WRITER, VIEWS)
    with writers.write(PROBE_CONTRACT="wider"):
        writers.await_written()
    writers.assert_kept(names_of(writers, "v", 4))
    assert {letter.value for letter in writers.dead_letters(DEAD)} <= {value for _, value in long}
