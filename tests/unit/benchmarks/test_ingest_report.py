"""What the ingestion benchmark says of its drains."""

from benchmarks import ingest_report as report
from benchmarks.ingest_report import CEILING, OURS, Drained, Key


def drained(rate: float, *, worker: float = 4.0, resident: float = 150.0, fault: str = "") -> Drained:
    return Drained(rate, {"worker": worker, "ClickHouse": 2.0}, resident, 0.0, fault)


def drains(ours: list[float], ceiling: list[float]) -> report.Drains:
    return {
        Key(OURS, "200 B", 10_000): [drained(rate) for rate in ours],
        Key(CEILING, "200 B", 10_000): [drained(rate) for rate in ceiling],
    }


def test_a_drain_that_stored_each_event_once_has_no_fault() -> None:
    assert report.fault(wanted=10, rows=10, distinct=10) == ""


def test_a_drain_names_what_it_lost_and_what_it_stored_twice() -> None:
    assert report.fault(wanted=10, rows=9, distinct=8) == "2 lost, 1 twice"


def test_loss_scores_zero() -> None:
    assert report.scored(drained(100.0, fault="1 lost")).rate == 0.0


def test_a_drain_without_fault_keeps_its_rate() -> None:
    assert report.scored(drained(100.0)).rate == 100.0


def test_a_ratio_is_the_median_of_rounds_that_stood_side_by_side() -> None:
    both = drains([80.0, 10.0, 90.0], [100.0, 20.0, 100.0])
    assert report.ratio(both, *both) == 0.8


def test_there_is_no_ratio_over_a_side_that_lost_everything() -> None:
    both = drains([80.0], [0.0])
    assert report.ratio(both, *both) is None


def test_the_aims_say_which_of_them_were_missed() -> None:
    lines = list(report.aims(drains([60.0], [100.0])))
    assert [line.split()[0] for line in lines] == ["MISSED", "MISSED", "met", "met"]


def test_the_connect_sink_is_scaled_by_the_ceiling_of_the_run() -> None:
    lines = list(report.aims(drains([126.0], [170.0])))
    assert "scaled by the ceiling: 1.00 (aim >= 1)" in lines[1]


def test_the_table_shows_a_drain_that_scores_zero() -> None:
    key = Key(OURS, "200 B", 10_000)
    lines = list(report.table({key: [report.scored(drained(5.0, fault="3 lost"))]}))
    assert lines[-1].strip() == "scores zero: 3 lost"


def test_memory_that_grows_by_a_fifth_is_not_flat() -> None:
    line = report.flat([(500, 90.0), (1200, 100.0), (5000, 120.0)], early=1000)
    assert line.startswith("MISSED memory at 5,000 events / at 1,000: 1.20")


def test_memory_is_flat_where_it_grows_by_less_than_a_tenth() -> None:
    assert report.flat([(1200, 100.0), (5000, 109.0)], early=1000).startswith("met")
