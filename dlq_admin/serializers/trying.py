"""Dry runs and comparisons: what may be asked, and what is answered."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer
from heimdall_project.streams.transforms import Transform

from ..services import SHOWN_MOST, TRIED_MOST, Comparison, Content, Trial
from .batches import TRANSFORM_MOST
from .fields import BIGGEST, Identifier, QueryNumber, Text
from .letters import ContentSerializer


class DryRunPageSerializer(StrictSerializer):
    """Which page of a dry run."""

    after = QueryNumber(default=0, min_value=0, max_value=BIGGEST, help_text="`after` of the page before.")
    limit = QueryNumber(default=100, min_value=1, max_value=TRIED_MOST)


class ComparisonPageSerializer(StrictSerializer):
    """Which page of a comparison."""

    after = QueryNumber(default=0, min_value=0, max_value=BIGGEST, help_text="`after` of the page before.")
    limit = QueryNumber(default=10, min_value=1, max_value=SHOWN_MOST)


class TryLettersSerializer(StrictSerializer):
    """Either `ids` or `filters`, and the transform, if any."""

    most = TRIED_MOST
    ids = serializers.ListField(child=Identifier(), required=False, min_length=1, max_length=TRIED_MOST)
    filters = serializers.DictField(
        required=False, help_text="Which letters, by the filters of the list: the oldest of them."
    )
    transform = Text(default="", allow_blank=True, max_length=TRANSFORM_MOST, help_text="`name/version`.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to name the letters."""
        if ("ids" in attrs) == ("filters" in attrs):
            message = "Not together." if "ids" in attrs else "Give ids or filters."
            raise serializers.ValidationError({"ids": message, "filters": message})
        return attrs


class CompareLettersSerializer(TryLettersSerializer):
    """The same for a few letters, and with a transform."""

    most = SHOWN_MOST
    ids = serializers.ListField(child=Identifier(), required=False, min_length=1, max_length=SHOWN_MOST)
    transform = Text(max_length=TRANSFORM_MOST, help_text="`name/version`.")


class ViolationSerializer(serializers.Serializer[Any]):
    """A rule of the contract that is broken, and where."""

    path = serializers.CharField()
    rule = serializers.CharField()


class TriedSerializer(serializers.Serializer[Any]):
    """What would become of one letter."""

    letter = serializers.IntegerField(source="letter_id")
    item = serializers.IntegerField(source="item_id", allow_null=True, help_text="Of the batch.")
    topic = serializers.CharField()
    group = serializers.CharField(allow_blank=True)
    obstacle = serializers.CharField(
        allow_blank=True, help_text="Why it would not be sent at all; empty: it would."
    )
    passes = serializers.BooleanField(
        allow_null=True, help_text="Whether it fits the contract; null: its consumer reads anything."
    )
    violations = ViolationSerializer(many=True)
    by_target = serializers.BooleanField(
        help_text="The redrive target of its topic sends it, as something of its own."
    )


class PlaceSerializer(serializers.Serializer[Any]):
    """Where letters would be sent."""

    topic = serializers.CharField()
    group = serializers.CharField(allow_blank=True)
    consumer = serializers.CharField(allow_blank=True, help_text="Empty: nobody here reads it.")
    effects = serializers.CharField(allow_blank=True, help_text="idempotent, needs_key or unsafe.")
    runs = serializers.BooleanField(help_text="Whether the consumer is alive now.")
    topic_exists = serializers.BooleanField(allow_null=True, help_text="null: the broker did not answer.")


class TrialSerializer(serializers.Serializer[Any]):
    """A page of a dry run."""

    passing = serializers.IntegerField(help_text="Letters of this page that would be sent and fit.")
    failing = serializers.IntegerField(help_text="Letters that break the contract.")
    held_up = serializers.IntegerField(help_text="Letters that would not be sent at all.")
    places = PlaceSerializer(many=True)
    letters = TriedSerializer(source="tried", many=True)
    after = serializers.IntegerField(allow_null=True, help_text="Of the next page; null: this is the last.")


def trial_body(trial: Trial) -> dict[str, Any]:
    """A page as `TrialSerializer` shows it."""
    held_up = sum(bool(each.obstacle) for each in trial.tried)
    failing = sum(each.passes is False for each in trial.tried)
    passing = sum(not each.obstacle and each.passes is not False for each in trial.tried)
    page = {
        "passing": passing,
        "failing": failing,
        "held_up": held_up,
        "places": [place._asdict() for place in trial.places],
        "tried": [
            {**asdict(each), "violations": [error._asdict() for error in each.errors]} for each in trial.tried
        ],
        "after": trial.after,
    }
    return dict(TrialSerializer(page).data)


class ComparedSerializer(serializers.Serializer[Any]):
    """One letter before and after."""

    letter = serializers.IntegerField()
    before = ContentSerializer()
    after = ContentSerializer()
    passes = serializers.BooleanField(allow_null=True)
    violations = ViolationSerializer(many=True)


class ComparisonSerializer(serializers.Serializer[Any]):
    """A page of before and after."""

    masked = serializers.BooleanField(help_text="Secrets are hidden: you may not see them.")
    letters = ComparedSerializer(many=True)
    after = serializers.IntegerField(allow_null=True, help_text="Of the next page; null: this is the last.")


def comparison_body(comparison: Comparison) -> dict[str, Any]:
    """A page as `ComparisonSerializer` shows it."""
    page = {
        "masked": comparison.is_masked,
        "letters": [
            {
                "letter": each.letter_id,
                "before": content_body(each.before),
                "after": content_body(each.after),
                "passes": each.passes,
                "violations": [error._asdict() for error in each.errors],
            }
            for each in comparison.compared
        ],
        "after": comparison.after,
    }
    return dict(ComparisonSerializer(page).data)


def content_body(content: Content) -> dict[str, Any]:
    """Bytes as they are shown."""
    return asdict(content)


class TransformSerializer(serializers.Serializer[Any]):
    """A registered transform."""

    transform = serializers.CharField(help_text="`name/version`.")
    topic = serializers.CharField()
    meaning = serializers.CharField()


def transform_body(transform: Transform) -> dict[str, Any]:
    """A transform as `TransformSerializer` shows it."""
    return {"transform": transform.key, "topic": transform.topic, "meaning": transform.meaning}
