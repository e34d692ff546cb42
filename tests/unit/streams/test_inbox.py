"""The inbox loses nothing, keeps the order of each partition, and knows what is due."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from heimdall_project.streams.consumer import BatchPolicy
from heimdall_project.streams.inbox import Inbox
from heimdall_project.streams.records import Partition, Record

PLACES = [Partition("log-events", number) for number in range(3)]
POLICY = BatchPolicy(records=5, megabytes=0.001, seconds=2.0)
SIZES = st.lists(st.sampled_from([0, 10, 400, 990, 3000]), min_size=1, max_size=8)


def nobody(_):
    return False


def record(place, offset, size=0, *, timestamp=0):
    return Record(place.topic, place.number, offset, timestamp, None, b"x" * size)


class InboxMachine(RuleBasedStateMachine):
    """Against lists that are searched from the front."""

    def __init__(self):
        super().__init__()
        self.inbox, self.now = Inbox(POLICY), 0.0
        self.model: dict[Partition, list[Record]] = {place: [] for place in PLACES}
        self.since: dict[Partition, float] = {}
        self.offset = 0

    @rule(place=st.sampled_from(PLACES), sizes=SIZES)
    def add(self, place, sizes):
        records = [record(place, self.offset + index, size) for index, size in enumerate(sizes)]
        self.offset += len(sizes)
        assert self.inbox.add(place, records, self.now) == sum(sizes)
        if not self.model[place]:
            self.since[place] = self.now
        self.model[place] += records

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0]))
    def wait(self, seconds):
        self.now += seconds

    @rule(place=st.sampled_from(PLACES))
    def drop(self, place):
        self.inbox.drop(place)
        self.model[place] = []

    @rule(busy=st.sets(st.sampled_from(PLACES)))
    def take_what_is_due(self, busy):
        due = {p for p, held in self.model.items() if held and p not in busy and self._is_due(p, held)}
        place = self.inbox.due(self.now, busy.__contains__)
        assert (place in due) if due else place is None
        if place is None:
            return
        assert self.since[place] == min(self.since[each] for each in due)
        self._taken(place, self.inbox.take(place, self.now))

    @precondition(lambda self: any(self.model.values()))
    @rule(most=st.integers(1, 4), back=st.booleans())
    def take_the_most_urgent(self, most, back):
        held = [each for records in self.model.values() for each in records]
        taken = self.inbox.take_first(most, lambda each, _: each.offset % 3, self.now)
        ranks = sorted((each.offset % 3 for each in held), reverse=True)
        assert [each.offset % 3 for each in taken] == ranks[:most]
        for each in taken:
            self.model[each.place].remove(each)
        for each in taken if back else []:
            if not self.model[each.place]:
                self.since[each.place] = (
                    self.now if each.place not in self.inbox.places() else self.since[each.place]
                )
            self.inbox.put_back(each.place, [each], self.now)
            self.model[each.place].insert(0, each)

    def _is_due(self, place, held):
        heavy = sum(each.size for each in held) >= 1000
        return len(held) >= 5 or heavy or self.now - self.since[place] >= 2.0

    def _taken(self, place, batch):
        assert batch == self.model[place][: len(batch)]
        assert 1 <= len(batch) <= 5
        assert len(batch) == 1 or sum(each.size for each in batch) <= 1000
        self.model[place] = self.model[place][len(batch) :]
        self.since[place] = self.now

    @invariant()
    def it_holds_what_the_model_holds(self):
        held = [each for records in self.model.values() for each in records]
        assert (len(self.inbox), self.inbox.bytes) == (len(held), sum(each.size for each in held))
        assert set(self.inbox.places()) == {place for place, records in self.model.items() if records}


TestInboxMachine = InboxMachine.TestCase
TestInboxMachine.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True, database=None
)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
@settings(deadline=None, derandomize=True, database=None)
def test_of_equally_urgent_records_the_older_goes_first(urgencies):
    inbox = Inbox(POLICY)
    records = [record(PLACES[0], offset, timestamp=offset) for offset in range(len(urgencies))]
    inbox.add(PLACES[0], records, 0.0)
    taken = [inbox.take_first(1, lambda each, _: urgencies[each.offset], 0.0)[0] for _ in records]
    order = [each.offset for each in taken if each]
    assert order == sorted(range(len(urgencies)), key=lambda offset: (-urgencies[offset], offset))


def test_a_record_larger_than_a_batch_goes_alone():
    inbox = Inbox(POLICY)
    inbox.add(PLACES[0], [record(PLACES[0], 0, 5000), record(PLACES[0], 1, 1)], 0.0)
    assert [each.offset for each in inbox.take(PLACES[0], 0.0)] == [0]


def test_the_partition_that_waited_longest_is_due_first():
    inbox = Inbox(POLICY)
    for now, place in enumerate(PLACES):
        inbox.add(place, [record(place, 0)], float(now))
    assert inbox.due(9.0, nobody) == PLACES[0]
    assert inbox.due(9.0, {PLACES[0]}.__contains__) == PLACES[1]
