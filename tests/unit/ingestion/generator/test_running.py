"""Records leave when they are due, and the truth counts what became of each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.errors import DeliveryFailed
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.testing import FakeClock, InMemoryBroker
from heimdall_project.streams.topics import Topic
from ingestion.generator import spill
from ingestion.generator.blocks import Made, Maker
from ingestion.generator.couriers import KafkaSink, ThreadCourier
from ingestion.generator.options import Faults, Options, Scenario
from ingestion.generator.report import progress_line, truth_lines, wanted_rate
from ingestion.generator.running import Answer, Progress, Run
from ingestion.generator.truth import Fate, Truth, expected

from .wanted import options, steadily, wanted


class Recorder:
    """A courier that answers after a while of the clock, as `judge` says, and notes when what was sent."""

    def __init__(
        self, clock: FakeClock, judge: Callable[[Sequence[Made]], Answer], takes: float = 0.0
    ) -> None:
        self.clock, self.judge, self.takes = clock, judge, takes
        self.sent: list[tuple[float, Made]] = []
        self._records: Sequence[Made] = ()
        self._until = 0.0

    def start(self, records: Sequence[Made]) -> None:
        self.sent += [(self.clock.now(), made) for made in records]
        self._records, self._until = records, self.clock.now() + self.takes

    def answer(self, timeout: float) -> Answer | None:
        if self.clock.now() < self._until:
            self.clock.advance(timeout)
            return None
        return self.judge(self._records)


def all_acked(records: Sequence[Made]) -> Answer:
    return Answer([Fate.ACKED] * len(records))


def nobody_there(records: Sequence[Made]) -> Answer:
    return Answer([Fate.UNKNOWN] * len(records), trouble="timed out")


def run_of(
    wish: Options, judge: Callable[[Sequence[Made]], Answer] = all_acked, **more: Any
) -> tuple[Run, Recorder]:
    clock = more.pop("clock", None) or FakeClock(0.0)
    courier = Recorder(clock, judge, more.pop("takes", 0.0))
    more = {"stopping": lambda: False} | more
    return Run(Maker(wish), courier, clock, pause=clock.advance, **more), courier


@steadily
@given(wanted)
def test_all_records_are_sent_in_order_and_the_truth_is_whole(wish: Options) -> None:
    run, courier = run_of(wish, flat_out=True)
    assert run.go()
    assert [made for _, made in courier.sent] == list(Maker(wish))
    assert run.final_truth().known == expected(Maker(wish)).known
    assert run.planned == len(courier.sent) == run.progress.acked


@pytest.mark.parametrize("eps", [3.0, 200.0, 8_000.0])
@pytest.mark.parametrize("scenario", Scenario)
def test_records_leave_when_they_are_due(eps: float, scenario: Scenario) -> None:
    wish = options(eps=eps, scenario=scenario, count=int(eps * 3), seed=3)
    run, courier = run_of(wish, takes=0.001)
    assert run.go()
    plan = Maker(wish).schedule
    late = [at - plan.moment(index) for index, (at, _) in enumerate(courier.sent)]
    assert min(late) > -1e-3
    assert max(late) < 0.1 + 1 / eps


def test_the_rate_that_was_reached_is_told_beside_the_one_that_was_wanted() -> None:
    run, _ = run_of(options(eps=10_000.0, count=20_000), takes=2.0)
    assert run.go()
    assert wanted_rate(Maker(options(eps=10_000.0, count=20_000)), 20_000) == pytest.approx(10_000)
    assert 1_000 < run.progress.rate() < 5_000


def test_shards_keep_the_pace_of_the_whole() -> None:
    wish = options(eps=1000.0, count=3000, shard=1, shards=3)
    run, courier = run_of(wish)
    assert run.go() and len(courier.sent) == 1000
    assert courier.sent[-1][0] == pytest.approx(2.9, abs=0.2)


def test_what_was_not_answered_is_unknown_and_ends_the_run() -> None:
    run, courier = run_of(options(count=1000), nobody_there, flat_out=True)
    assert not run.go()
    truth = run.final_truth()
    assert run.progress.trouble == "timed out"
    assert truth.known.records == 0
    assert truth.unknown.records + sum(truth.unknown.poison.values()) == len(courier.sent) == 1000


def test_a_run_that_is_told_to_stop_waits_for_its_answer_and_counts_the_rest_as_not_sent() -> None:
    clock = FakeClock(0.0)
    run, courier = run_of(options(count=10_000), clock=clock, stopping=lambda: clock.now() > 2.0, takes=0.01)
    assert not run.go()
    truth = run.final_truth()
    assert truth.known.records + sum(truth.known.poison.values()) == len(courier.sent)
    assert truth.unsent == 10_000 - len(courier.sent) > 0


def test_a_run_that_is_stopped_while_nobody_answers_calls_that_unknown() -> None:
    clock = FakeClock(0.0)
    run, courier = run_of(options(count=1000), clock=clock, stopping=lambda: clock.now() > 0.5, takes=1e9)
    courier.answer = lambda timeout: clock.advance(timeout)  # type: ignore[method-assign]
    assert not run.go()
    truth = run.final_truth()
    assert truth.unknown.records + sum(truth.unknown.poison.values()) == len(courier.sent) > 0


def test_poison_that_is_refused_is_as_it_should_be_and_good_records_are_not() -> None:
    def door(records: Sequence[Made]) -> Answer:
        return Answer([Fate.REFUSED if made.original < 0 else Fate.ACKED for made in records])

    def mad(records: Sequence[Made]) -> Answer:
        return Answer([Fate.REFUSED] * len(records))

    run, _ = run_of(options(), door, flat_out=True)
    assert run.go()
    assert run.truth.known.poison == {} and sum(run.truth.refused.values()) > 100
    run, _ = run_of(options(), mad, flat_out=True)
    assert not run.go()
    assert run.truth.wrongly_refused > 500


@steadily
@given(wanted, st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_run_goes_on_from_its_file_until_the_truth_is_whole(wish: Options, outages: int, draw: Any) -> None:
    def now_and_then(records: Sequence[Made]) -> Answer:
        nonlocal outages
        if outages == 0 or draw.random() < 0.5:
            return all_acked(records)
        outages -= 1
        return Answer([draw.choice((Fate.ACKED, Fate.UNKNOWN)) for _ in records], trouble="away")

    run, courier = run_of(wish, now_and_then, flat_out=True)
    sent = courier.sent
    while not run.go():
        left = through_a_file(run)
        run, courier = run_of(
            left.head.options,
            now_and_then,
            flat_out=True,
            truth=left.head.truth,
            left=left.blocks,
            next_block=left.head.next_block,
        )
        courier.sent = sent
    assert run.final_truth().known == expected(Maker(wish)).known
    assert run.final_truth().unsent == 0
    assert len(sent) - wish.count <= run.final_truth().extra_copies
    assert {made.value for _, made in sent} == {made.value for made in Maker(wish)}


def through_a_file(run: Run) -> spill.Spilled:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "left"
        spill.write(place, truth=run.truth, target="t", blocks=run.open, next_block=run.next_block)
        left = spill.read(place)
        assert [each.name for each in Path(directory).iterdir()] == ["left"]
    assert left.head.truth == run.truth and left.blocks == [
        msgspec.structs.replace(block, sent=0) for block in run.open
    ]
    return left


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: b"", "not a file of spilled records"),
        (lambda text: text[: len(text) // 2], "spilled|missing"),
        (lambda text: text.replace(b'"format":1', b'"format":7', 1), "format 7 is not known here"),
        (lambda text: b"\n".join(text.splitlines()[:-1]), "records are missing"),
    ],
)
def test_a_file_that_was_damaged_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], told: str
) -> None:
    run, _ = run_of(options(count=200), nobody_there, flat_out=True)
    run.go()
    spill.write(tmp_path / "f", truth=run.truth, target="t", blocks=run.open, next_block=run.next_block)
    (tmp_path / "f").write_bytes(change((tmp_path / "f").read_bytes()))
    with pytest.raises(ValueError, match=told):
        spill.read(tmp_path / "f")


def test_kafka_gets_the_bytes_with_key_schema_and_class() -> None:
    broker = InMemoryBroker()
    wish = options(count=300)
    sink = KafkaSink(broker.producer(), topic=Topic.PAGE_VIEWS, run=wish.run)
    made = list(Maker(wish))
    assert sink.send(made) == Answer([Fate.ACKED] * 300)
    stored = broker.records(Topic.PAGE_VIEWS)
    assert sorted((each.key, each.value) for each in stored) == sorted(
        (each.key, each.value) for each in made
    )
    marks = {(each.value, as_dict(each.headers)["generated"]) for each in stored}
    assert marks >= {(each.value, f"{wish.run}:{each.fault}") for each in made if each.fault != "dup"}
    assert {as_dict(each.headers)["schema"] for each in stored} == {"events.page_view/1"}


def test_a_broker_that_is_away_leaves_records_unknown_and_says_why() -> None:
    broker = InMemoryBroker()
    broker.unavailable.add(Topic.PAGE_VIEWS)
    answer = KafkaSink(broker.producer(), topic=Topic.PAGE_VIEWS, run="g").send(Maker(options()).block(0))
    assert set(answer.fates) == {Fate.UNKNOWN} and answer.trouble


def test_the_courier_hands_over_what_the_sink_answers_and_raises() -> None:
    class Sink:
        def send(self, records: Sequence[Made]) -> Answer:
            if not records:
                raise DeliveryFailed("no")
            return all_acked(records)

    courier = ThreadCourier(Sink())
    assert courier.answer(0.0) is None
    courier.start(Maker(options()).block(0))
    assert courier.answer(10.0) == Answer([Fate.ACKED] * 100)
    courier.start([])
    with pytest.raises(DeliveryFailed):
        courier.answer(10.0)


def test_progress_and_truth_are_told_in_words() -> None:
    run, _ = run_of(options(faults=Faults(dup=0.1)), takes=0.5)
    run.go()
    line = progress_line(run.progress, run.planned, run.progress.last_at or 0.0)
    assert line.startswith("1,000 of 1,000 records acknowledged, ")
    run.progress.waiting_since = 0.0
    assert progress_line(run.progress, run.planned, 60.0).endswith("waiting for an answer for 60 s")
    truth = Truth.of(options())
    truth.unknown.records, truth.extra_copies, truth.unsent, truth.refused = 3, 2, 1, {"nul": 4}
    assert list(truth_lines(truth))[1:] == [
        "  3 more may be there, and 2 may be there twice",
        "  refused: 4 nul",
        "  1 were not sent",
    ]


def test_the_rate_is_told_right_however_many_answers_there_were() -> None:
    progress = Progress(acked=9_000, first_at=0.0)
    progress.acks.extend((at / 100, 10) for at in range(1, 901))  # a hundred answers a second
    assert progress_line(progress, 9_000, 9.0).endswith(" acknowledged, 1,000/s")
    assert progress_line(progress, 9_000, 29.0).endswith(" acknowledged, 0/s")
