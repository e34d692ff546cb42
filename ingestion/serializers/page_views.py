"""What is asked of page views, and what is shown of them."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from rest_framework import serializers

from heimdall_project.events.page_views import PageViewType

from ..reading.events import Found
from ..reading.ranges import BY
from ..reading.stats import MOST_POINTS, Stats
from .window import Number, WindowSerializer

TYPES = tuple(kind.value for kind in PageViewType)
MOST_TOP = 1000
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_INTERVAL = re.compile(r"([0-9]{1,7})([smhd]?)", re.ASCII)


def interval(text: str) -> timedelta:
    """A span of time out of `60`, `60s`, `5m`, `1h`, `1d`. Raises ValidationError."""
    found = _INTERVAL.fullmatch(text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= seconds <= _UNITS["d"]:
        raise serializers.ValidationError(
            {"interval": "Seconds, or a number with s, m, h or d: from 1s to 1d."}
        )
    return timedelta(seconds=seconds)


class StatsQuerySerializer(WindowSerializer):
    """Which events, in which steps."""

    interval = serializers.CharField(
        required=False, default="60s", help_text="Width of a step: `60`, `60s`, `5m`, `1h`, `1d` at most."
    )
    top = Number(
        required=False, default=10, min_value=0, max_value=MOST_TOP, help_text="Contents with most events."
    )

    def validate(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """A bounded number of steps."""
        found = super().validate(attrs)
        step = interval(found["interval"])
        if (found["to"] - found["from"]) / step > MOST_POINTS:
            raise serializers.ValidationError(
                {"interval": f"The window has more than {MOST_POINTS} such steps; take wider ones."}
            )
        return {**found, "step": step}


class RangeQuerySerializer(WindowSerializer):
    """Which events a file holds."""

    by = serializers.ChoiceField(
        choices=BY,
        required=False,
        default=BY[0],
        help_text="The time that the range is of: of the broker, or of the event.",
    )


class PageViewCountsSerializer(serializers.Serializer[Any]):
    """Events of each type."""

    view = serializers.IntegerField()
    like = serializers.IntegerField()
    dwell = serializers.IntegerField()


class PageViewPointSerializer(PageViewCountsSerializer):
    """One step of time."""

    at = serializers.DateTimeField()
    events = serializers.IntegerField()


class ContentViewsSerializer(PageViewCountsSerializer):
    """One content."""

    content_id = serializers.CharField()
    events = serializers.IntegerField()


class PageViewStatsSerializer(serializers.Serializer[Any]):
    """How many events."""

    interval_seconds = serializers.IntegerField()
    events = serializers.IntegerField(help_text="Each once, whatever copies there are of it.")
    records = serializers.IntegerField(help_text="With all copies that came in.")
    duplicates = serializers.IntegerField(help_text="`records` - `events`.")
    conflicts = serializers.IntegerField(help_text="Event ids that came with more than one body.")
    by_type = PageViewCountsSerializer()
    top = ContentViewsSerializer(many=True, help_text="Most events first.")
    points = PageViewPointSerializer(many=True, help_text="Oldest first, silent ones too.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, and cannot be an attribute."""
        window = {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}
        return {**window, **super().get_fields()}


def stats_body(stats: Stats, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `PageViewStatsSerializer` shows."""
    points = [{"at": at, "events": sum(kinds.values()), **kinds} for at, kinds in stats.points]
    top = [{"content_id": each.content_id, "events": each.events, **each.by_type} for each in stats.top]
    shown = {
        "from": facts["from"],
        "to": facts["to"],
        "interval_seconds": int(facts["step"].total_seconds()),
        "events": stats.events,
        "records": stats.records,
        "duplicates": stats.records - stats.events,
        "conflicts": stats.conflicts,
        "by_type": stats.by_type,
        "top": top,
        "points": points,
    }
    return dict(PageViewStatsSerializer(shown).data)


class EventCopySerializer(serializers.Serializer[Any]):
    """One record that brought the event."""

    topic = serializers.CharField()
    partition = serializers.IntegerField()
    offset = serializers.IntegerField()
    accepted_at = serializers.DateTimeField(help_text="The broker's time.")
    same_body = serializers.BooleanField(help_text="False: another body under the same id.")


class EventBodySerializer(serializers.Serializer[Any]):
    """The event itself."""

    content_id = serializers.CharField()
    user_id = serializers.CharField(allow_blank=True)
    event_type = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    dwell_ms = serializers.IntegerField(allow_null=True)
    props = serializers.DictField()


class EventFoundSerializer(serializers.Serializer[Any]):
    """Where an event is."""

    event_id = serializers.CharField()
    topic = serializers.CharField(help_text="Of the copy that the broker accepted first.")
    partition = serializers.IntegerField()
    offset = serializers.IntegerField()
    accepted_at = serializers.DateTimeField()
    stored_at = serializers.DateTimeField(
        allow_null=True, help_text="Null: a copy arrived and readers do not see it; `check_ledger` says more."
    )
    event = EventBodySerializer(allow_null=True)
    copies = EventCopySerializer(many=True, help_text="Every record that brought it, the first first.")
    copies_complete = serializers.BooleanField(help_text="False: there are more copies than are shown.")
    conflicts = serializers.IntegerField(help_text="Of the copies, those with another body than the first.")


def found_body(found: Found) -> dict[str, Any]:
    """What `EventFoundSerializer` shows."""
    stored = found.stored
    first = stored or found.copies[0]
    event = None
    if stored is not None:
        props = msgspec.json.decode(stored.props or "{}")
        event = {**stored._asdict(), "props": props if isinstance(props, dict) else {}}
    copies = [{**copy._asdict(), "same_body": copy.is_same} for copy in found.copies]
    shown = {
        "event_id": found.event_id,
        "topic": first.topic,
        "partition": first.partition,
        "offset": first.offset,
        "accepted_at": first.accepted_at,
        "stored_at": stored and stored.stored_at,
        "event": event,
        "copies": copies,
        "copies_complete": found.is_complete,
        "conflicts": sum(not copy.is_same for copy in found.copies),
    }
    return dict(EventFoundSerializer(shown).data)
