"""Deciding about dead letters: what may be asked, and what is answered."""

import base64
from typing import Any

from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer

from ..models.batch import REASON_MOST
from ..services import MANY, Decided
from .fields import Identifier, Text

EDIT_MOST = 1_500_000
"""Characters of a new value; the size of a record bounds it further."""


class DlqReasonSerializer(StrictSerializer):
    """Why."""

    reason = Text(max_length=REASON_MOST, help_text="Kept in the audit trail and in the history.")


class ApproveManySerializer(DlqReasonSerializer):
    """Several letters, and why."""

    ids = serializers.ListField(child=Identifier(), min_length=1, max_length=MANY)


class DecidedSerializer(serializers.Serializer[Any]):
    """A letter that was not decided about, and why not."""

    id = serializers.IntegerField()
    status = serializers.IntegerField(help_text="As if it had been asked for alone: 404 or 409.")
    detail = serializers.CharField()


class ApprovedManySerializer(serializers.Serializer[Any]):
    """What became of each."""

    approved = serializers.ListField(child=serializers.IntegerField())
    refused = DecidedSerializer(many=True)


def approved_body(decided: list[Decided]) -> dict[str, Any]:
    """Decisions as `ApprovedManySerializer` shows them."""
    return {
        "approved": [each.letter_id for each in decided if each.refused is None],
        "refused": decided_bodies(decided),
    }


def decided_bodies(decided: list[Decided]) -> list[dict[str, Any]]:
    """Letters that were refused, as `DecidedSerializer` shows them."""
    return [
        {"id": each.letter_id, "status": each.refused.status, "detail": each.refused.detail}
        for each in decided
        if each.refused
    ]


class EditSerializer(DlqReasonSerializer):
    """Other bytes for one letter, and why."""

    value = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        max_length=EDIT_MOST,
        help_text="The whole new value, as text or in Base64.",
    )
    encoding = serializers.ChoiceField(choices=["utf-8", "base64"], default="utf-8")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The bytes."""
        text = attrs["value"]
        try:
            attrs["bytes"] = (
                text.encode() if attrs["encoding"] == "utf-8" else base64.b64decode(text, validate=True)
            )
        except (ValueError, UnicodeEncodeError):
            raise serializers.ValidationError({"value": f"It is not {attrs['encoding']}."}) from None
        return attrs
