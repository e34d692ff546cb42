"""Progress against a naive model, and what may be committed when."""

from collections import Counter
from itertools import chain, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_project.streams.books import Tally, tallies
from heimdall_project.streams.offsets import MINUTE_MS, Progress
from heimdall_project.streams.outcomes import DEAD_LETTERED, DUPLICATE, STORED, Rule, dropped
from heimdall_project.streams.records import Partition, Record

PLACE = Partition("analysis.request", 0)
VERDICTS = [STORED, DUPLICATE, DEAD_LETTERED, dropped(Rule.FOREIGN)]
THOROUGH = settings(max_examples=200, deadline=None, derandomize=True, database=None)


HEADERS = [
    None,
    [],
    [("source", b"http")],
    [("source", b"unheard-of")],
    [("source", b"\xff")],
    [("source", None)],
    [("source", b"http"), ("source", b"generator")],
    [("schema", b"x"), ("source", b"http")],
    [("source", b"http"), ("schema", b"x")],
    [("schema", b"source")],
]


def record(offset, *, minute=0, headers=None, value=b"v"):
    return Record(PLACE.topic, PLACE.number, offset, minute * MINUTE_MS + offset, b"k", value, headers)


def begun(*records, at=0):
    progress = Progress()
    progress.begin(PLACE, at)
    if records:
        progress.take(PLACE, records, sum(each.size for each in records))
    return progress


@st.composite
def partitions(draw):
    """Records with gaps between some offsets, over some minutes and sources, in chunks as they are read."""
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 3]), min_size=1, max_size=25))
    offsets = [sum(steps[: index + 1]) - 1 for index in range(len(steps))]
    headers = st.sampled_from(draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=3)))
    minutes = draw(st.sampled_from([(8, 5), (1000, 1000)]))
    records = [
        record(at, minute=draw(st.integers(at // minutes[0], at // minutes[1])), headers=draw(headers))
        for at in offsets
    ]
    cuts = sorted(draw(st.sets(st.integers(1, len(records)), max_size=4)) | {0, len(records)})
    return [records[low:high] for low, high in pairwise(cuts)]


@st.composite
def lives(draw):
    """A partition, the order in which its records end, how they end, and when the ledger is written."""
    chunks = draw(partitions())
    ends = draw(st.permutations([each.offset for chunk in chunks for each in chunk]))
    verdicts = {offset: draw(st.sampled_from(VERDICTS)) for offset in ends}
    return chunks, ends, verdicts, draw(st.sets(st.integers(0, len(ends))))


def source_of(each):
    said = each.header("source")
    return said if said in ("http", "generator") else "outside"


@given(lives())
@THOROUGH
def test_the_ledger_gets_each_offset_once_and_only_behind_the_finished_prefix(life):
    chunks, ends, verdicts, settlings = life
    records = [each for chunk in chunks for each in chunk]
    progress, cursor = begun(), 0
    counted: Counter[Tally] = Counter()
    for chunk in chunks:
        progress.take(PLACE, chunk, 1)
    done = set()
    for step, offset in enumerate(ends):
        progress.finish(PLACE, {offset: verdicts[offset]})
        done.add(offset)
        first_open = next((each.offset for each in records if each.offset not in done), None)
        finished = [each.offset for each in records if first_open is None or each.offset < first_open]
        assert progress.next_offsets()[PLACE] == (finished[-1] + 1 if finished else 0)
        if step in settlings or step == len(ends) - 1:
            for span in progress.ready():
                assert span.start == cursor
                counted += tallies(span, cursor)
                cursor = span.end
                progress.settled([span])
    expected = Counter(
        Tally(each.timestamp // MINUTE_MS, source_of(each), *verdicts[each.offset]) for each in records
    )
    absent = sum(count for tally, count in counted.items() if tally.rule == Rule.ABSENT)
    assert {t: n for t, n in counted.items() if t.rule != Rule.ABSENT} == expected
    assert counted.total() == cursor == records[-1].offset + 1
    assert absent == cursor - len(records)


@given(partitions(), st.lists(st.sampled_from(VERDICTS), min_size=5, max_size=5))
@THOROUGH
def test_ending_alike_is_only_a_cheaper_way_to_say_the_same(chunks, verdicts):
    one, other = begun(), begun()
    for chunk, verdict in zip(chunks, verdicts, strict=False):
        for progress in (one, other):
            progress.take(PLACE, chunk, 1)
        one.finish_alike(PLACE, chunk, verdict)
        other.finish(PLACE, dict.fromkeys([each.offset for each in chunk], verdict))
    assert [tallies(span, None) for span in one.ready()] == [tallies(span, None) for span in other.ready()]
    assert one.next_offsets() == other.next_offsets()
    assert (one.unfinished, one.window, one.bytes) == (other.unfinished, other.window, other.bytes)


@given(lives(), st.integers(0, 40))
@THOROUGH
def test_a_span_that_a_cursor_has_passed_is_not_counted_again(life, cursor):
    chunks, ends, verdicts, _ = life
    progress = begun()
    for chunk in chunks:
        progress.take(PLACE, chunk, 1)
    progress.finish(PLACE, {offset: verdicts[offset] for offset in ends})
    [span] = progress.ready()
    assert tallies(span, cursor).total() == max(0, span.end - cursor)


def test_a_record_that_is_not_finished_holds_back_all_after_it():
    progress = begun(*map(record, range(5)))
    progress.finish(PLACE, dict.fromkeys([0, 2, 3, 4], STORED))
    assert progress.next_offsets() == {PLACE: 1}
    assert (progress.unfinished, progress.window) == (1, 4)


def test_what_ends_while_a_settlement_is_under_way_belongs_to_the_next():
    progress = begun(*map(record, range(6)))
    progress.finish(PLACE, dict.fromkeys(range(3), STORED))
    [span] = progress.ready()
    progress.finish(PLACE, dict.fromkeys(range(3, 6), STORED))
    assert tallies(span, None).total() == 3
    progress.settled([span])
    [rest] = progress.ready()
    assert (rest.start, rest.end, tallies(rest, 3).total()) == (3, 6, 3)


def test_two_batches_that_ended_alike_are_one_run_unless_offsets_are_missing_between_them():
    batches = [list(map(record, numbers)) for numbers in ([0, 1], [2, 3], [7, 8])]
    progress = begun(*chain.from_iterable(batches))
    for batch in batches:
        progress.finish_alike(PLACE, batch, STORED)
    [span] = progress.ready()
    assert [(run.first, run.last) for run in span.runs] == [(0, 3), (7, 8)]
    assert tallies(span, None)[Tally(0, "broker", *dropped(Rule.ABSENT))] == 3


def test_a_partition_that_comes_back_starts_afresh():
    progress = begun(*map(record, range(3)))
    before = progress.epoch(PLACE)
    progress.drop(PLACE)
    progress.finish(PLACE, {0: STORED})
    progress.begin(PLACE, 0)
    assert progress.epoch(PLACE) > before
    assert (progress.window, progress.bytes, progress.ready()) == (0, 0, [])


def test_bytes_are_given_back_when_the_prefix_has_passed_them():
    progress = begun(record(0, value=b"x" * 999), record(1, value=b"x" * 999))
    assert progress.bytes == 2000
    progress.finish(PLACE, {1: STORED})
    assert progress.bytes == 2000
    progress.finish(PLACE, {0: STORED})
    assert progress.bytes == 0


def test_records_without_a_broker_time_share_a_run_and_the_first_minute():
    records = [Record(PLACE.topic, 0, offset, -1, None, b"v") for offset in range(3)]
    progress = begun(*records)
    progress.finish(PLACE, dict.fromkeys(range(3), STORED))
    [span] = progress.ready()
    assert [(run.first, run.last, run.minute) for run in span.runs] == [(0, 2, 0)]


def test_the_oldest_record_not_passed_tells_how_far_behind_the_worker_is():
    progress = begun(record(0, minute=1), record(1, minute=2))
    assert progress.oldest() == MINUTE_MS
    progress.finish(PLACE, {0: STORED})
    assert progress.oldest() == 2 * MINUTE_MS + 1
    progress.finish(PLACE, {1: STORED})
    assert progress.oldest() is None
