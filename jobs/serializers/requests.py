"""`POST analysis/request`: what may be asked, and what is answered."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer
from heimdall_project.events.jobs import Priority
from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic

from ..content import encoded_size
from ..models.log_entry import ENVIRONMENT_LENGTH, SERVICE_NAME_LENGTH
from ..services import JobRequest, LogDraft
from .fields import Identifier, Text, one_line

METADATA_BYTES = 8 * 1024
_OF_A_NEW_LOG = ("log_content", "service_name", "environment")


class JobRequestSerializer(StrictSerializer):
    """Either `log_id`, or `log_content` with `service_name` and `environment`; the rest is optional."""

    log_id = Identifier(required=False, help_text="An existing log entry.")
    log_content = Text(required=False, trim_whitespace=False, help_text="The log, if it is not stored yet.")
    service_name = Text(
        required=False,
        max_length=SERVICE_NAME_LENGTH,
        validators=[one_line],
        help_text="Which service wrote it.",
    )
    environment = Text(
        required=False,
        max_length=ENVIRONMENT_LENGTH,
        validators=[one_line],
        help_text="Where it ran, such as production.",
    )
    analysis_type = Text(
        default="error",
        max_length=40,
        validators=[RegexValidator(r"\A[a-z][a-z0-9_.-]*\Z", "A lower-case word.")],
        help_text="What to look for.",
    )
    priority = serializers.ChoiceField(
        choices=[each.value for each in Priority], default=Priority.NORMAL.value
    )
    callback_topic = Text(
        default=Topic.ANALYSIS_RESULT.value, help_text="Where the result goes: a topic that accepts results."
    )
    language = Text(
        required=False,
        max_length=35,
        validators=[RegexValidator(r"\A[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z", "Not a language tag.")],
        help_text="Language of the answer (BCP 47), such as en or ko.",
    )
    correlation_id = Text(
        required=False,
        max_length=128,
        validators=[RegexValidator(r"\A[\x21-\x7e]+\Z", "Printable ASCII without blanks.")],
        help_text="Yours; by default the id of this request.",
    )
    metadata = serializers.DictField(
        required=False, help_text="Yours; travels with the request event. 8 KiB at most."
    )

    def validate_callback_topic(self, value: str) -> str:
        """Only topics that accept results."""
        if value not in (offered := topics.result_topics()):
            raise serializers.ValidationError(f"Not a topic for results; there are: {', '.join(offered)}.")
        return value

    def validate_metadata(self, value: dict[str, Any]) -> dict[str, Any]:
        """Bounded, since it travels in the event."""
        if (size := encoded_size(value)) > METADATA_BYTES:
            raise serializers.ValidationError(f"{size} bytes as JSON; {METADATA_BYTES} are allowed.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to name the log."""
        given = [name for name in _OF_A_NEW_LOG if name in attrs]
        if "log_id" in attrs and given:
            raise serializers.ValidationError(dict.fromkeys(given, "Not together with log_id."))
        if "log_id" not in attrs and len(given) < len(_OF_A_NEW_LOG):
            missing = [name for name in _OF_A_NEW_LOG if name not in attrs]
            raise serializers.ValidationError(dict.fromkeys(missing, "Required unless log_id is given."))
        return attrs

    def request(self, *, correlation_id: str) -> JobRequest:
        """The validated request; `correlation_id` stands in where none was sent."""
        values: dict[str, Any] = {"correlation_id": correlation_id} | self.validated_data
        new_log = {name: values.pop(name, "") for name in _OF_A_NEW_LOG}
        log = values.pop("log_id", None) or LogDraft(
            content=new_log["log_content"],
            service_name=new_log["service_name"],
            environment=new_log["environment"],
        )
        values["priority"] = Priority(values["priority"])
        return JobRequest(log=log, **values)


class AcceptedSerializer(serializers.Serializer[Any]):
    """A job was accepted, now or earlier under the same Idempotency-Key."""

    analysis_id = serializers.IntegerField()
    request_id = serializers.UUIDField()
    status = serializers.CharField()
    message = serializers.CharField()
