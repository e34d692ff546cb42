"""Ways to spoil the stores after a soak that held: each must turn the verdict red, or the judge is blind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import Producer

from heimdall_project.streams import topics
from ingestion.generator.couriers import GENERATED
from ingestion.generator.truth import Truth
from tests.faults.writers import DEAD

from .plant import Load, Place


@dataclass(frozen=True)
class Spoil:
    """One way."""

    key: str
    name: str
    do: Callable[[Place, Sequence[Load]], None]
    found_as: str
    """Stands in a reason that was not given before."""


def _delete(place: Place, table: str, order: str) -> None:
    [name] = place.column(f"SELECT event_id FROM {table} ORDER BY event_id {order} LIMIT 1")  # noqa: S608
    place.clickhouse.command(
        f"ALTER TABLE {table} DELETE WHERE event_id = {{id:String}}",
        {"id": name},
        settings={"mutations_sync": 1},
    )


def _forge_acknowledgement(loads: Sequence[Load]) -> None:
    """The sender was told of one event more than there are."""
    truth = Truth.from_json(loads[0].truth.read_bytes())
    truth.known.records += 1
    truth.known.events += 1
    loads[0].truth.write_bytes(truth.to_json())


def _alter_letter(place: Place, loads: Sequence[Load]) -> None:
    """The latest dead letter of a record, with other bytes: the topic is read to its end."""
    letter = next(each for each in reversed(place.dead_letters(DEAD)) if each.header(GENERATED))
    producer = Producer({"bootstrap.servers": place.bootstrap})
    producer.produce(topics.physical(DEAD), b"altered", key=letter.key, headers=letter.headers)
    assert producer.flush(30) == 0


def _miscount(place: Place) -> None:
    place.ask(
        "UPDATE streams_ledgerentry SET count = count + 1 WHERE id = "
        "(SELECT min(id) FROM streams_ledgerentry WHERE outcome = 'stored')"
    )


SPOILS = (
    Spoil(
        "row",
        "a row is deleted from page_views",
        lambda place, _: _delete(place, "page_views", "ASC"),
        "acknowledged events are missing",
    ),
    Spoil(
        "arrival",
        "a row is deleted from page_view_arrivals",
        lambda place, _: _delete(place, "page_view_arrivals", "DESC"),
        "check_ledger ended with 1",
    ),
    Spoil(
        "outcome",
        "an outcome of the ledger is counted once more",
        lambda place, _: _miscount(place),
        "the ledger does not balance",
    ),
    Spoil("letter", "a dead letter is written with other bytes", _alter_letter, "other bytes"),
    Spoil(
        "event",
        "an event is acknowledged that never arrived",
        lambda _, loads: _forge_acknowledgement(loads),
        "check_truth ended with 1",
    ),
)
