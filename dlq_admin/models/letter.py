"""Dead letters and their bytes."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from ..states import CLOSED, STAGE_UNDER_WAY, UNDER_WAY, State, Writer
from .cluster import Cluster
from .fields import ToldField
from .letter_queryset import LetterQuerySet

_CLOSED = sorted(state.value for state in CLOSED)
_UNDER_WAY = sorted(state.value for state in UNDER_WAY)


class DeadLetter(models.Model):
    """One record that a consumer group could not process.

    Identity is the place of the original record and the group. A letter that names no place in a topic of
    ours stands under its own place in the dead-letter topic (`origin_known` is false then). Of letters that
    claim one place for different records each has a row, with that place; `rival` tells them apart.
    """

    topic = models.CharField(max_length=200, help_text="Of the original record (logical name).")
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    group = models.CharField(max_length=200, blank=True, help_text="Whose dead letter it is.")
    rival = models.BinaryField(
        default=b"",
        db_default=b"",
        help_text="Empty for the first letter with this place; its digest for another that claims it too.",
    )
    contested = models.BooleanField(
        default=False, db_default=False, help_text="Whether letters with different records claim this place."
    )
    proven = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether a proof says that a worker here wrote it, just as it is.",
    )
    origin_known = models.BooleanField(
        help_text="Whether that place is the original one, in a topic of ours."
    )
    writer = models.CharField(max_length=10, choices=[(w.value, w.value) for w in Writer])
    cluster = models.ForeignKey(
        Cluster,
        on_delete=models.PROTECT,
        related_name="letters",
        db_index=False,  # `letter_by_cluster`
    )
    state = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in State], default=State.PENDING.value
    )
    attempt = models.IntegerField(
        default=1, help_text="How often it failed in all: 1, and 1 more for each redrive that failed."
    )
    letter_topic = models.CharField(max_length=200, help_text="Where its latest dead letter stands.")
    letter_partition = models.IntegerField()
    letter_offset = models.BigIntegerField()
    failed_at = models.DateTimeField(help_text="When that was written, by the broker.")
    first_failed_at = models.DateTimeField(null=True, help_text="As its writer says.")
    original_at = models.DateTimeField(
        null=True, help_text="Time of the original record, as its writer says."
    )
    worker = models.CharField(max_length=200, blank=True)
    worker_version = models.CharField(max_length=40, blank=True)
    error_message = ToldField(max_length=500, blank=True)
    tries = models.IntegerField(default=1, help_text="Tries of the consumer before it gave up, as it says.")
    event_id = models.CharField(max_length=128, blank=True)
    correlation_id = models.CharField(max_length=128, blank=True)
    trace_id = models.CharField(max_length=32, blank=True)
    key_text = ToldField(max_length=200, blank=True, help_text="The key as text, cut and escaped.")
    digest = models.BinaryField(
        help_text="Names what is sent again: SHA-256 of key, value and own headers, behind a mark."
    )
    size = models.IntegerField(help_text="Bytes of key and value.")
    redrive_id = models.CharField(
        max_length=64, blank=True, help_text="Of the redrive under way, or the last."
    )
    batch = models.ForeignKey(
        "RedriveBatch",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,  # its items name its letters; each index is written with each step of each letter
        help_text="That it is in from the approval to its end.",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,  # nobody lists letters by it
    )
    failed_redrive_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="Whose failure the latest dead letter tells; empty: the first one.",
    )
    flaws = ArrayField(
        models.CharField(max_length=100), default=list, help_text="Headers that were not believed."
    )
    indexed_at = models.DateTimeField(db_default=Now())
    moved_at = models.DateTimeField(db_default=Now(), help_text="When it came into its state.")
    # What indexes hold in place of state and time: the step from REPROCESSING to PUBLISHED changes nothing in
    # any of them, so the database writes the row anew beside the old one, and no entry of eleven indexes.
    stage = models.GeneratedField(
        expression=Case(When(state__in=_UNDER_WAY, then=Value(STAGE_UNDER_WAY)), default=F("state")),
        output_field=models.CharField(max_length=12),
        db_persist=True,
        help_text="Its state, the two under way as one.",
    )
    closed_at = models.GeneratedField(
        expression=Case(When(state__in=_CLOSED, then=F("moved_at"))),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
        help_text="When it came to its end.",
    )

    objects = LetterQuerySet.as_manager()

    class Meta:
        db_table = "dead_letters"
        ordering = ("-failed_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=["topic", "partition", "offset", "group", "rival"], name="letter_once_a_place"
            ),
            models.UniqueConstraint(
                fields=["redrive_id"], name="letter_of_a_redrive", condition=~Q(redrive_id="")
            ),
            models.CheckConstraint(condition=Q(attempt__gte=1, tries__gte=1), name="letter_failed_once"),
            models.CheckConstraint(condition=Q(size__gte=0), name="letter_has_a_size"),
            models.CheckConstraint(
                name="letter_approved_by_somebody",
                condition=~Q(state="APPROVED") | Q(approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="letter_under_way_has_a_redrive",
                condition=~Q(state__in=["REPROCESSING", "PUBLISHED", "RESOLVED", "FAILED_AGAIN"])
                | ~Q(redrive_id=""),
            ),
        )
        indexes = (
            # What the pages of the API and of the admin are ordered by.
            models.Index(fields=["-failed_at", "-id"], name="letter_by_time"),
            models.Index(fields=["stage", "-failed_at", "-id"], name="letter_by_stage"),
            models.Index(fields=["cluster", "-failed_at", "-id"], name="letter_by_cluster"),
            models.Index(fields=["cluster", "stage", "-failed_at", "-id"], name="letter_by_cluster_stage"),
            # What the cleanup goes through.
            models.Index(
                fields=["closed_at", "id"], name="letter_closed", condition=Q(closed_at__isnull=False)
            ),
            # What people have to look into.
            models.Index(fields=["-failed_at", "-id"], name="letter_contested", condition=Q(contested=True)),
            # What people look for by name.
            models.Index(fields=["event_id"], name="letter_by_event", condition=~Q(event_id="")),
            models.Index(
                fields=["correlation_id"], name="letter_by_correlation", condition=~Q(correlation_id="")
            ),
            models.Index(fields=["trace_id"], name="letter_by_trace", condition=~Q(trace_id="")),
        )
        permissions = (
            ("read_payload", "Can read the bytes of dead letters, with secrets masked"),
            ("read_secrets", "Can read the bytes of dead letters as they are"),
            ("discard_deadletter", "Can decide that a dead letter is not needed"),
            ("cleanup_deadletter", "Can delete dead letters and their bytes before their time"),
        )

    def __str__(self) -> str:
        return f"dead letter {self.pk}"


class LetterPayload(models.Model):
    """The bytes of a letter, in a row of their own: they may go before the letter goes."""

    letter = models.OneToOneField(
        DeadLetter, on_delete=models.CASCADE, primary_key=True, related_name="payload"
    )
    key = models.BinaryField(null=True)
    value = models.BinaryField(null=True, help_text="Null for a tombstone.")
    headers = models.BinaryField(
        null=True, help_text="Names and values in their order, as MessagePack; null if there were none."
    )

    class Meta:
        db_table = "dead_letter_payloads"
        default_permissions = ()

    def __str__(self) -> str:
        return f"payload of dead letter {self.pk}"
