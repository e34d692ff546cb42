"""What may be marked after a batch, and what waits."""

from collections import defaultdict
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.errors import DeliveryFailed
from heimdall_project.streams.records import Delivered
from heimdall_project.streams.relay_holds import MANY_KEYS, POLICY, Holds, Key, settle

OK = Delivered("t", 0, 0)
NO = DeliveryFailed("no")
keys = st.builds(Key, st.sampled_from(["t", "u"]), st.sampled_from([b"a", b"b", b"c"]))
batches = st.lists(st.tuples(keys, st.booleans()), max_size=30)


@given(batches)
def test_of_each_key_exactly_the_rows_before_its_first_failure_are_marked(
    batch: list[tuple[Key, bool]],
) -> None:
    settled = settle([key for key, _ in batch], [OK if ok else NO for _, ok in batch])
    answers: dict[Key, list[bool]] = defaultdict(list)
    for key, ok in batch:
        answers[key].append(ok)
    marked: dict[Key, int] = defaultdict(int)
    for position in settled.sent:
        marked[batch[position][0]] += 1
    for key, given_answers in answers.items():
        prefix = given_answers.index(False) if False in given_answers else len(given_answers)
        assert marked[key] == prefix
    assert settled.sent == sorted(settled.sent)


@given(st.lists(batches, max_size=6))
def test_no_key_is_held_after_the_broker_took_all_of_it(rounds: list[list[tuple[Key, bool]]]) -> None:
    holds = Holds(Random(0))
    for now, batch in enumerate(rounds):
        batch_keys = [key for key, _ in batch]
        holds.learn(batch_keys, settle(batch_keys, [OK if ok else NO for _, ok in batch]), float(now))
        taken = set(batch_keys) - {key for key, ok in batch if not ok}
        assert not taken & set(holds.held(float(now)).keys)


def failing(count: int) -> list[Key]:
    return [Key("t", str(number).encode()) for number in range(count)]


def test_a_few_refused_keys_wait_singly_and_many_hold_their_topic() -> None:
    holds = Holds(Random(0))
    few, many = failing(2), failing(MANY_KEYS)
    holds.learn(few, settle(few, [NO] * len(few)), 0.0)
    assert holds.held(0.0) == ([], few)
    holds.learn(many, settle(many, [NO] * len(many)), 0.0)
    assert holds.held(0.0).topics == ["t"]


def test_many_refused_keys_of_a_topic_that_takes_others_wait_singly() -> None:
    holds = Holds(Random(0))
    batch = [*failing(MANY_KEYS), Key("t", b"fine")]
    holds.learn(batch, settle(batch, [NO] * MANY_KEYS + [OK]), 0.0)
    assert holds.held(0.0).topics == []
    assert len(holds.held(0.0).keys) == MANY_KEYS


def test_waits_grow_to_the_ceiling_and_end() -> None:
    holds = Holds(Random(0))
    [key] = failing(1)
    for _ in range(30):
        holds.learn([key], settle([key], [NO]), 0.0)
    assert holds.held(POLICY.ceiling / 2 - 0.1).keys == [key]
    assert holds.held(POLICY.ceiling + 0.1).keys == []


def test_after_a_failure_only_the_oldest_row_of_a_key_is_tried() -> None:
    holds = Holds(Random(0))
    [key], other = failing(1), Key("u", b"x")
    holds.learn([key], settle([key], [NO]), 0.0)
    assert holds.probe([key, other, key, other]) == [0, 1, 3]


def test_a_key_that_never_came_back_is_forgotten() -> None:
    holds = Holds(Random(0))
    [key] = failing(1)
    holds.learn([key], settle([key], [NO]), 0.0)
    holds.held(10_000.0)
    assert len(holds) == 0
