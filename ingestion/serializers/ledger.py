"""The ledger as the API takes and shows it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from heimdall_project.api.pagination import Position as Place
from heimdall_project.api.pagination import decode
from heimdall_project.streams import ledger, topics
from heimdall_project.streams.balance import Balance, Position
from heimdall_project.streams.ledger import Pair, Step
from heimdall_project.streams.outcomes import Outcome
from heimdall_project.streams.topics import Topic

from .window import Number, WindowSerializer, minute_of

MINUTE = timedelta(minutes=1)
MOST_MINUTES = 240
"""Minutes on a page: the broker is asked for the beginning of each."""


class LedgerWindowSerializer(WindowSerializer):
    """Which topic, which group, which minutes."""

    topic = serializers.CharField(required=False, default=Topic.PAGE_VIEWS.value, help_text="Logical name.")
    group = serializers.CharField(
        required=False, help_text="Consumer group; by default the one that keeps the records of the topic."
    )

    def validate(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """Whole minutes, and a group that reads the topic."""
        found = super().validate(attrs)
        until = found["to"]
        whole = minute_of(until)
        found |= {"from": minute_of(found["from"]), "to": whole if whole == until else whole + MINUTE}
        return {**found, "pair": _pair(found["topic"], found.get("group"))}


def _pair(topic: str, group: str | None) -> Pair:
    known = [spec.name for spec in topics.specs()]
    if topic not in known:
        raise serializers.ValidationError({"topic": f"There is no such topic; one of {', '.join(known)}."})
    groups = ledger.groups_of(topic)
    if group is not None and group not in groups:
        raise serializers.ValidationError({"group": f"One of {', '.join(groups)}." if groups else "None."})
    return Pair(topic, group or next(iter(groups), ""))


class LedgerQuerySerializer(LedgerWindowSerializer):
    """The same by pages."""

    cursor = serializers.CharField(required=False, help_text="Where the page ends, out of `next`.")
    page_size = Number(
        required=False, default=60, min_value=1, max_value=MOST_MINUTES, help_text="Minutes on a page."
    )

    def validate(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """The minutes of the page: its end stands in the cursor."""
        found = super().validate(attrs)
        end = found["to"]
        if "cursor" in found:
            end = min(end, minute_of(decode(found["cursor"]).at))
            if end <= found["from"]:
                raise serializers.ValidationError({"cursor": "It lies outside of the window."})
        begin = max(found["from"], end - MINUTE * found["page_size"])
        following = Place(begin, 0) if begin > found["from"] else None
        return {**found, "begin": begin, "end": end, "following": following}


class LedgerOutcomesSerializer(serializers.Serializer[Any]):
    """How records ended."""

    stored = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    dead_lettered = serializers.IntegerField()
    dropped = serializers.IntegerField()


class LedgerSourceSerializer(LedgerOutcomesSerializer):
    """The same by source."""

    source = serializers.CharField()  # type: ignore[assignment]  # taken out of the class when it is made
    accepted = serializers.IntegerField(help_text="Of this source, as far as they are counted.")


class LedgerMinuteSerializer(LedgerOutcomesSerializer):
    """One minute of the broker's time."""

    minute = serializers.DateTimeField()
    accepted = serializers.IntegerField(
        allow_null=True,
        help_text="Offsets that the broker gave in this minute, counted or not; null where it does not tell.",
    )
    counted = serializers.IntegerField(help_text="Of them, those with an outcome.")
    by_source = LedgerSourceSerializer(many=True)


class LedgerTotalsSerializer(LedgerOutcomesSerializer):
    """Sums over the whole window."""

    counted = serializers.IntegerField()
    dropped_by_rule = serializers.DictField(child=serializers.IntegerField())
    by_source = LedgerSourceSerializer(many=True)


class LedgerPartitionSerializer(serializers.Serializer[Any]):
    """One partition, as the books and the broker have it."""

    partition = serializers.IntegerField()
    start_offset = serializers.IntegerField(allow_null=True, help_text="Where the group began.")
    cursor = serializers.IntegerField(allow_null=True, help_text="Next offset; null: nothing counted yet.")
    counted = serializers.IntegerField(help_text="Sum of all outcomes: `cursor` - `start_offset`.")
    first_offset = serializers.IntegerField(allow_null=True, help_text="First that the broker keeps.")
    end_offset = serializers.IntegerField(allow_null=True, help_text="Next that the broker gives.")
    in_flight = serializers.IntegerField(allow_null=True, help_text="`end_offset` - `cursor`, measured.")
    moved_at = serializers.DateTimeField(allow_null=True, help_text="When the cursor moved last.")
    balanced = serializers.BooleanField()


class LedgerProblemSerializer(serializers.Serializer[Any]):
    """What does not fit."""

    partition = serializers.IntegerField()
    what = serializers.CharField()


class LedgerBrokerSerializer(serializers.Serializer[Any]):
    """Whether the broker told where the topic ends."""

    answers = serializers.BooleanField()
    detail = serializers.CharField(allow_blank=True)


class LedgerSerializer(serializers.Serializer[Any]):
    """What became of the records of a topic."""

    topic = serializers.CharField()
    group = serializers.CharField(
        allow_blank=True, help_text="Empty: no consumer of ours reads the topic, so all of it is in flight."
    )
    balanced = serializers.BooleanField(help_text="Every partition's outcomes sum up to what was passed.")
    problems = LedgerProblemSerializer(many=True)
    in_flight = serializers.IntegerField(allow_null=True, help_text="Now, over all partitions.")
    broker = LedgerBrokerSerializer()
    partitions = LedgerPartitionSerializer(many=True)
    totals = LedgerTotalsSerializer()
    next = serializers.URLField(allow_null=True, help_text="The minutes before these.")
    results = LedgerMinuteSerializer(many=True, help_text="Newest first, silent minutes too.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, and cannot be an attribute."""
        window = {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}
        return {**super().get_fields(), **window}


def ledger_body(
    *,
    pair: Pair,
    since: datetime,
    until: datetime,
    balance: Balance,
    totals: Step,
    steps: list[Step],
    link: Any,
) -> dict[str, Any]:
    """What `LedgerSerializer` shows."""
    problems = balance.problems
    facts = {
        **pair._asdict(),
        "from": since,
        "to": until,
        "balanced": not problems,
        "problems": [{"partition": number, "what": what} for number, what in problems],
        "in_flight": balance.in_flight,
        "broker": {"answers": not balance.broker, "detail": balance.broker},
        "partitions": [_partition(each, balance) for each in balance.positions],
        "totals": {**_counts(totals), "dropped_by_rule": dict(totals.rules)},
        "next": link,
        "results": [{"minute": s.at, "accepted": s.accepted, **_counts(s)} for s in reversed(steps)],
    }
    return dict(LedgerSerializer(facts).data)


def _partition(position: Position, balance: Balance) -> dict[str, Any]:
    return {
        "partition": position.partition,
        "start_offset": position.start,
        "cursor": position.cursor,
        "counted": position.counted,
        "first_offset": position.first,
        "end_offset": position.end,
        "in_flight": position.in_flight,
        "moved_at": position.moved_at,
        "balanced": not list(position.problems(balance.topic_id)),
    }


def _counts(step: Step) -> dict[str, Any]:
    sources = [
        {"source": source, "accepted": outcomes.total(), **_outcomes(outcomes)}
        for source, outcomes in sorted(step.sources.items())
    ]
    return {"counted": step.counted, **_outcomes(step.outcomes), "by_source": sources}


def _outcomes(counts: Mapping[str, int]) -> dict[str, int]:
    return {outcome.value: counts[outcome] for outcome in Outcome}
