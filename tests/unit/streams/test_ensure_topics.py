"""How declared and real topics are compared, and what is put right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from heimdall_project.errors import TransientError
from heimdall_project.streams import topics
from heimdall_project.streams.topic_admin import Kind, create_missing, drift_of, fix_config, survey
from heimdall_project.streams.topics import TopicSpec

SPEC = topics.spec(topics.Topic.PAGE_VIEWS)


@dataclass(frozen=True)
class State:
    """A topic as a broker might have it."""

    partitions: int = SPEC.partitions
    replication_factor: int = 1
    config: dict[str, str] = field(default_factory=lambda: dict(SPEC.config))


class FakeAdmin:
    """A broker that keeps what it is told."""

    def __init__(self, **states: State) -> None:
        self.states = dict(states)
        self.slow = 0
        """Looks after which it shows what it has."""

    def describe(self, names: Sequence[str]) -> Mapping[str, State]:
        self.slow -= 1
        if self.slow >= 0:
            return {}
        return {name: self.states[name] for name in names if name in self.states}

    def create(self, specs: Sequence[TopicSpec]) -> None:
        for spec in specs:
            self.states[spec.name] = State(spec.partitions, 1, dict(spec.config))

    def alter_config(self, name: str, config: Mapping[str, str]) -> None:
        self.states[name] = replace(self.states[name], config=self.states[name].config | dict(config))


def kinds(state: State | None, replication_factor: int = 1) -> list[Kind]:
    return [drift.kind for drift in drift_of(SPEC, state, replication_factor=replication_factor)]


def test_a_topic_as_declared_does_not_differ() -> None:
    assert kinds(State()) == []


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (None, Kind.MISSING),
        (State(partitions=1), Kind.PARTITIONS),
        (State(config={**SPEC.config, "retention.ms": "1"}), Kind.CONFIG),
    ],
)
def test_each_difference_has_its_kind(state: State | None, kind: Kind) -> None:
    assert kinds(state) == [kind]


def test_too_few_replicas_differ_and_more_than_asked_for_do_not() -> None:
    assert kinds(State(replication_factor=1), replication_factor=2) == [Kind.REPLICATION]
    assert kinds(State(replication_factor=3), replication_factor=2) == []


def test_creating_what_is_missing_leaves_nothing_to_report() -> None:
    admin, specs = FakeAdmin(), topics.specs()
    created = create_missing(admin, specs, survey(admin, specs))
    assert created == [spec.name for spec in specs]
    assert survey(admin, specs) == []


def test_only_configuration_is_put_right() -> None:
    broken = State(partitions=1, config={**SPEC.config, "retention.ms": "1"})
    admin = FakeAdmin(**{SPEC.name: broken})
    fixed = fix_config(admin, survey(admin, [SPEC]))
    assert fixed == [SPEC.name]
    assert [drift.kind for drift in survey(admin, [SPEC])] == [Kind.PARTITIONS]


def test_created_topics_are_waited_for_until_the_broker_shows_them() -> None:
    admin, waits = FakeAdmin(), list[float]()
    drifts = survey(admin, [SPEC])
    admin.slow = 3
    create_missing(admin, [SPEC], drifts, wait=waits.append)
    assert len(waits) == 3


def test_topics_that_never_appear_are_an_outage() -> None:
    admin = FakeAdmin()
    drifts = survey(admin, [SPEC])
    admin.slow = 10_000
    with pytest.raises(TransientError):
        create_missing(admin, [SPEC], drifts, wait=lambda _: None)
