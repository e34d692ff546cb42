"""What the intake reads and answers, for the OpenAPI document alone: bodies are read by the contract itself
(`heimdall_project.events.page_views`), answers are written by `ingestion.views.answers`; a test holds them
together.
"""

from typing import Any

from rest_framework import serializers

from heimdall_project.events.page_views import PageViewType

from ..services.intake import Status

TYPES = [each.value for each in PageViewType]
STATUSES = [each.value for each in Status]


class PageViewSerializer(serializers.Serializer[Any]):
    """Somebody saw, liked, or stayed with some content. Members that are not named here are refused."""

    event_id = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=64,
        help_text="Yours: the same id is the same event, however often it comes. Else the SHA-256 of it.",
    )
    content_id = serializers.CharField(
        max_length=128, help_text="What was seen; events of it keep their order."
    )
    user_id = serializers.CharField(max_length=128, allow_blank=True, help_text="Empty: nobody who is known.")
    event_type = serializers.ChoiceField(choices=TYPES)
    occurred_at = serializers.DateTimeField(help_text="ISO 8601; without a zone it is UTC.")
    dwell_ms = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=86_400_000,
        help_text="With `dwell`, and only then.",
    )
    props = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="Yours: texts, numbers, booleans and null by name; 4 KiB at most.",
    )


class ReachedSerializer(serializers.Serializer[Any]):
    """How far the events have come; null where it could not be found out."""

    stored = serializers.IntegerField(allow_null=True, help_text="In ClickHouse.")
    dead_lettered = serializers.IntegerField(allow_null=True, help_text="Refused by the writer, and kept.")
    in_flight = serializers.IntegerField(help_text="In Kafka, not yet seen by the writer.")


class AcceptedEventSerializer(serializers.Serializer[Any]):
    """The broker has acknowledged the event."""

    event_id = serializers.CharField()
    status = serializers.ChoiceField(choices=[Status.ACCEPTED.value])
    topic = serializers.CharField()
    partition = serializers.IntegerField()
    offset = serializers.IntegerField()
    durability = serializers.ChoiceField(choices=["kafka", "stored"], help_text="What was reached.")
    receipt = serializers.CharField(help_text="For GET ingest/receipts/{receipt}.")
    reached = ReachedSerializer(required=False, help_text="Where `durability=stored` was asked for.")


class ItemErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    path = serializers.CharField()
    message = serializers.CharField()


class ItemSerializer(serializers.Serializer[Any]):
    """What became of one event of a batch."""

    index = serializers.IntegerField(help_text="Its place in the batch, from 0.")
    status = serializers.ChoiceField(
        choices=STATUSES,
        help_text=(
            "accepted: acknowledged by the broker. invalid: it does not fit, see `errors`. unknown: it may "
            "be stored. refused: it was not sent."
        ),
    )
    event_id = serializers.CharField(allow_blank=True)
    partition = serializers.IntegerField(required=False)
    offset = serializers.IntegerField(required=False)
    errors = ItemErrorSerializer(many=True, required=False)  # type: ignore[assignment]


class AcceptedBatchSerializer(serializers.Serializer[Any]):
    """Every event that fits was acknowledged by the broker."""

    accepted = serializers.IntegerField()
    invalid = serializers.IntegerField(help_text="Sending these again changes nothing.")
    unknown = serializers.IntegerField()
    refused = serializers.IntegerField()
    topic = serializers.CharField()
    durability = serializers.ChoiceField(choices=["kafka", "stored"], help_text="What was reached.")
    items = ItemSerializer(many=True)
    receipt = serializers.CharField(help_text="Of the accepted ones, for GET ingest/receipts/{receipt}.")
    reached = ReachedSerializer(required=False, help_text="Where `durability=stored` was asked for.")


class ReceiptPartSerializer(serializers.Serializer[Any]):
    """The events of a receipt in one partition."""

    partition = serializers.IntegerField()
    first = serializers.IntegerField(help_text="Offset.")
    last = serializers.IntegerField(help_text="Offset.")
    events = serializers.IntegerField()
    passed = serializers.IntegerField(help_text="So many the writer has come to an end with, at least.")


class ReceiptSerializer(serializers.Serializer[Any]):
    """What became of the events of a receipt."""

    topic = serializers.CharField()
    issued_at = serializers.DateTimeField()
    events = serializers.IntegerField()
    stored = serializers.IntegerField(allow_null=True, help_text="In ClickHouse; null where it is not known.")
    dead_lettered = serializers.IntegerField(
        allow_null=True, help_text="Refused by the writer, and kept; null where it is not known."
    )
    in_flight = serializers.IntegerField(help_text="In Kafka, not yet seen by the writer.")
    parts = ReceiptPartSerializer(many=True)
    message = serializers.CharField()
