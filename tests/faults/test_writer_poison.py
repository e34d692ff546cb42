"""Records that are no page views, many kinds in one batch, and some that only ClickHouse refuses."""

from collections import Counter

import pytest

from heimdall_project.streams.exit_codes import ExitCode
from heimdall_project.streams.outcomes import Outcome
from ingestion.generator.blocks import Maker
from ingestion.generator.options import Faults, Options
from ingestion.generator.poison import CLASSES
from ingestion.generator.truth import expected, identity

from .world import ended, said
from .writers import DEAD, VIEWS, WRITER, Writers, view

FAULTS = Faults(poison=0.04, dup=0.02, restamp=0.02, conflict=0.02, late=0.02, future=0.02, no_id=0.02)
LARGE = {"WRITER_BATCH_ROWS": "5000", "WRITER_BATCH_SECONDS": "1"}


def refuse_users_named_refused(writers: Writers) -> None:
    """Make ClickHouse refuse what fits the contract."""
    writers.clickhouse.command("ALTER TABLE page_views ADD CONSTRAINT welcome CHECK user_id != 'refused'")


def bytes_of_letters(writers: Writers) -> Counter[tuple[bytes | None, bytes | None]]:
    return Counter((letter.key, letter.value) for letter in writers.dead_letters(DEAD))


def test_of_a_large_batch_each_kind_of_poison_is_dead_lettered_as_it_was_and_the_rest_is_stored(
    writers: Writers,
) -> None:
    refuse_users_named_refused(writers)
    maker = Maker(Options(seed=7, count=3000, start_ms=1_790_000_000_000, faults=FAULTS))
    good = [made for made in maker if made.original >= 0]
    bad = [(made.key, made.value) for made in maker if made.original < 0]
    assert {made.fault for made in maker if made.original < 0} == set(CLASSES)
    refused = [(b"r%d" % n, view(f"r{n}", user_id="refused")) for n in range(5)]
    records = [(made.key, made.value) for made in maker]
    for place, record in enumerate(refused):
        records.insert(500 + place * 500, record)
    writers.send(VIEWS, records)
    with writers.write(**LARGE):
        writers.await_written()
    names = {identity(made) for made in good}
    assert len(names) == expected(maker).known.events
    writers.assert_kept(names, dead=len(bad) + len(refused))
    assert bytes_of_letters(writers) == Counter(bad + refused)
    reasons = [said(letter)["error_message"] for letter in writers.dead_letters(DEAD)]
    assert sum("469 VIOLATED_CONSTRAINT" in reason for reason in reasons) == len(refused)


@pytest.mark.parametrize("value", [b"broken", view("v", user_id="refused")], ids=["unreadable", "refused"])
def test_when_all_is_poison_the_writer_stops_on_purpose_and_nothing_is_moved(
    writers: Writers, value: bytes
) -> None:
    refuse_users_named_refused(writers)
    writers.send(VIEWS, [(b"%d" % number, value) for number in range(60)])
    with writers.write() as process:
        ended(process, ExitCode.ON_PURPOSE)
    assert (writers.committed(WRITER, VIEWS), writers.dead_letters(DEAD)) == ({}, [])
    assert (writers.ids(), writers.ledger(WRITER)) == ([], {})


@pytest.mark.slow
def test_a_writer_killed_among_dead_letters_writes_them_again_with_identical_bytes(writers: Writers) -> None:
    refuse_users_named_refused(writers)
    names = writers.views(300)
    bad = [(b"b%d" % number, b"broken %d" % number) for number in range(10)]
    bad += [(b"r%d" % number, view(f"r{number}", user_id="refused")) for number in range(5)]
    writers.send(VIEWS, bad)
    names += writers.views(300, "after")
    with writers.write(HEIMDALL_CRASH_AT="runner.after_dead_letter") as process:
        ended(process, 137)
    with writers.write():
        writers.await_written()
    assert set(bytes_of_letters(writers)) == set(bad)
    assert writers.ledger(WRITER)[Outcome.DEAD_LETTERED] == len(bad)
    writers.assert_kept(names, dead=len(bad))
