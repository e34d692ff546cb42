"""Dead letters, their bytes and their histories."""

from typing import Any

from rest_framework import serializers

from ..models import DeadLetter, LetterLine
from ..selectors import RIVALS_SHOWN, rivals_of
from ..services import Content, Payload

_LISTED = (
    "id",
    "state",
    "topic",
    "partition",
    "offset",
    "group",
    "origin_known",
    "contested",
    "proven",
    "writer",
    "cluster",
    "disposition",
    "error_class",
    "error_message",
    "attempt",
    "event_id",
    "correlation_id",
    "trace_id",
    "key_text",
    "size",
    "failed_at",
    "moved_at",
)


class LetterSerializer(serializers.ModelSerializer[DeadLetter]):
    """One dead letter of a list."""

    cluster = serializers.IntegerField(source="cluster_id", help_text="Of its cause.")
    disposition = serializers.CharField(source="cluster.disposition")
    error_class = serializers.CharField(source="cluster.error_class", allow_blank=True)

    class Meta:
        model = DeadLetter
        fields: tuple[str, ...] = _LISTED


class LetterDetailSerializer(LetterSerializer):
    """All that is known of one, but its bytes."""

    flaws = serializers.ListField(
        child=serializers.CharField(), help_text="Headers that were not believed, or brought within bounds."
    )
    rivals = serializers.SerializerMethodField(
        help_text="Other letters that claim its place, the first 20; all of them: `?same_place=` with its id."
    )
    schema = serializers.CharField(source="cluster.schema", allow_blank=True)
    stack_hash = serializers.CharField(source="cluster.stack_hash", allow_blank=True)

    class Meta(LetterSerializer.Meta):
        fields = (
            *_LISTED,
            "schema",
            "stack_hash",
            "worker",
            "worker_version",
            "tries",
            "first_failed_at",
            "original_at",
            "letter_topic",
            "letter_partition",
            "letter_offset",
            "redrive_id",
            "flaws",
            "rivals",
            "indexed_at",
        )

    def get_rivals(self, letter: DeadLetter) -> list[int]:
        """Their numbers."""
        return list(rivals_of(letter).values_list("pk", flat=True)[:RIVALS_SHOWN])


class HistorySerializer(serializers.ModelSerializer[LetterLine]):
    """One line of a history."""

    class Meta:
        model = LetterLine
        fields = (
            "at",
            "event",
            "from_state",
            "to_state",
            "attempt",
            "actor",
            "redrive_id",
            "topic",
            "partition",
            "offset",
            "note",
        )


class ContentSerializer(serializers.Serializer[Any]):
    """Bytes as they can be shown."""

    encoding = serializers.ChoiceField(
        choices=["utf-8", "base64", "none", "hidden"],
        help_text="How `content` holds them. none: there are no bytes; hidden: no text that could be masked.",
    )
    content = serializers.CharField(allow_null=True, allow_blank=True)
    size = serializers.IntegerField(help_text="Bytes.")
    truncated = serializers.BooleanField(help_text="Only the beginning is shown.")


class NamedContentSerializer(ContentSerializer):
    """A header."""

    name = serializers.CharField(allow_blank=True)


class PayloadSerializer(serializers.Serializer[Any]):
    """Key, value and headers, as they came."""

    id = serializers.IntegerField()
    masked = serializers.BooleanField(help_text="Secrets are hidden: you may not see them.")
    key = ContentSerializer()
    value = ContentSerializer()
    headers = NamedContentSerializer(
        many=True, allow_null=True, help_text="In their order, repeated ones too; null: none at all."
    )
    headers_left_off = serializers.IntegerField(help_text="Headers beyond those that are shown.")


def payload_body(payload: Payload) -> dict[str, Any]:
    """A payload as `PayloadSerializer` shows it."""
    headers = payload.headers
    return {
        "id": payload.letter_id,
        "masked": payload.is_masked,
        "key": _content(payload.key),
        "value": _content(payload.value),
        "headers": None
        if headers is None
        else [{"name": name, **_content(value)} for name, value in headers],
        "headers_left_off": payload.headers_left_off,
    }


def _content(content: Content) -> dict[str, Any]:
    return {
        "encoding": content.encoding,
        "content": content.content,
        "size": content.size,
        "truncated": content.truncated,
    }
