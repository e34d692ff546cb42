"""A relay through commits, refusals, lost leases and late rows: none lost, none overtakes in its key."""

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from heimdall_project.streams.topics import Topic

from .outbox_world import World

KEYS = ["a", "b", "c"]
TOPICS = [Topic.ANALYSIS_REQUEST, Topic.CATALOG_UPSERTS]


class RelayMachine(RuleBasedStateMachine):
    """The world of the relay, and what was committed to it, by key."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(batch=5)
        self.committed: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.late_ids = iter(range(999, 0, -1))

    @rule(key=st.sampled_from(KEYS), topic=st.sampled_from(TOPICS), count=st.integers(1, 3))
    def commit(self, key: str, topic: str, count: int) -> None:
        """Writers that held the key's lock, one after the other."""
        for _ in range(count):
            name = f"{topic}/{key}/{len(self.committed[topic, key])}"
            self.world.outbox.add(name, key=key, topic=topic)
            self.committed[topic, key].append(name)

    @rule()
    def commit_late(self) -> None:
        """A row of a key of its own, below all others."""
        row_id = next(self.late_ids)
        self.world.outbox.add(f"late {row_id}", key=f"late {row_id}", row_id=row_id)
        self.committed[Topic.ANALYSIS_REQUEST, f"late {row_id}"].append(f"late {row_id}")

    @rule(data=st.data(), lease_is_lost=st.sampled_from([False, False, False, True]))
    def step(self, data: st.DataObject, lease_is_lost: bool) -> None:
        """One step in which the broker refuses some rows, however far behind another refused one they are."""
        waiting = [
            row.event_id for row in self.world.outbox.rows if row.event_id not in self.world.outbox.sent
        ]
        refused = data.draw(st.sets(st.sampled_from(waiting), max_size=3)) if waiting else set()
        self.world.producer.refused = {name.encode() for name in refused}
        self.world.producer.before = lambda: setattr(self.world.lease, "taken_away", lease_is_lost)
        self.world.step()
        self.world.lease.taken_away = False

    @rule(seconds=st.floats(0.1, 60))
    def wait(self, seconds: float) -> None:
        """Holds end."""
        self.world.clock.advance(seconds)

    @invariant()
    def marks_are_in_order(self) -> None:
        """Of each key a prefix of what was committed is marked, in order."""
        marked = [name for name in self.world.outbox.sent if not name.startswith("late")]
        for (topic, key), names in self.committed.items():
            mine = [name for name in marked if name.startswith(f"{topic}/{key}/")]
            assert mine == names[: len(mine)]

    @invariant()
    def what_is_marked_was_published(self) -> None:
        """No mark without a delivery."""
        published = {name for topic in TOPICS for name in self.world.published(topic)}
        assert set(self.world.outbox.sent) <= published

    def teardown(self) -> None:
        """Once the broker takes everything, everything is published."""
        self.world.producer.refused, self.world.producer.before = set(), lambda: None
        for _ in range(200):
            self.world.clock.advance(60)
            if not self.world.step() and len(self.world.outbox.sent) == len(self.world.outbox.rows):
                break
        assert len(self.world.outbox.sent) == len(self.world.outbox.rows)


RelayMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestRelayMachine = RelayMachine.TestCase
