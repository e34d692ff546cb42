"""Redrive batches: frozen sets of letters that are sent again, on the word of two people."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from ..batch_states import APPROVED, ENDED, ITEM_UNDER_WAY, BatchState, ItemState
from ..states import STAGE_UNDER_WAY
from .letter import DeadLetter

REASON_MOST = 500
_UNDER_WAY = sorted(state.value for state in ITEM_UNDER_WAY)


class RedriveBatch(models.Model):
    """Which letters are sent again, why, who said so, how fast, and how it goes.

    The set is frozen when it is proposed; an approval names its hash, and one of another set is refused.
    """

    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in BatchState],
        default=BatchState.PROPOSED.value,
    )
    reason = models.CharField(max_length=REASON_MOST)
    size = models.IntegerField(help_text="Letters in the set.")
    set_hash = models.CharField(max_length=64, help_text="SHA-256 of the set: letters, attempts, bytes.")
    seen_hash = models.CharField(
        max_length=64,
        blank=True,
        help_text="Of the letters that were chosen, before a transform left out what it does not repair.",
    )
    approved_hash = models.CharField(max_length=64, blank=True, help_text="What the approval is for.")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    second_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    needs_second = models.BooleanField(
        help_text="A consumer declares that handling a record twice is unsafe: two approvals are needed."
    )
    canary = models.IntegerField(help_text="Letters that go first, alone.")
    rate = models.FloatField(help_text="Letters a second, at most.")
    most_failures = models.FloatField(help_text="Share of failures at which it stops itself, 0 to 1.")
    most_lag = models.BigIntegerField(help_text="Records that a consumer may be behind; beyond it waits.")
    forgiven = models.IntegerField(default=0, help_text="Failures known when it was last let go on.")
    change = models.CharField(
        max_length=100,
        blank=True,
        help_text="How bytes are changed before they are sent: a transform as `name/version`, or `edit`.",
    )
    break_glass = models.BooleanField(
        default=False, help_text="Approved by its proposer alone, by the right to do so in an emergency."
    )
    note = models.CharField(max_length=500, blank=True, help_text="What it waits for, or why it stopped.")
    free_from = models.DateTimeField(db_default=Now(), help_text="Up to when its rate is used.")
    proposed_at = models.DateTimeField(db_default=Now())
    approved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "redrive_batches"
        ordering = ("-proposed_at", "-id")
        verbose_name_plural = "redrive batches"
        permissions = (
            ("propose_redrive", "Can propose that dead letters are sent again, and steer their batches"),
            ("approve_redrive", "Can approve that dead letters are sent again, if proposed by another"),
            ("break_glass", "Can approve a batch of one's own, where the installation allows it"),
        )
        constraints = (
            models.CheckConstraint(
                name="batch_approved_by_another",
                condition=Q(approved_by__isnull=True)
                | ~Q(approved_by=F("proposed_by"))
                | Q(break_glass=True),
            ),
            # A broken glass is seen on the row, and only where it was broken; a second approval it never is.
            models.CheckConstraint(
                name="batch_break_glass_is_told",
                condition=Q(break_glass=False) | Q(approved_by=F("proposed_by"), needs_second=False),
            ),
            models.CheckConstraint(
                name="batch_second_is_a_third",
                condition=Q(second_approved_by__isnull=True)
                | (
                    ~Q(second_approved_by=F("proposed_by"))
                    & Q(approved_by__isnull=False)
                    & ~Q(second_approved_by=F("approved_by"))
                ),
            ),
            models.CheckConstraint(
                name="batch_approval_is_of_this_set",
                condition=Q(approved_hash="", approved_by__isnull=True)
                | Q(approved_hash=F("set_hash"), approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_runs_approved",
                condition=~Q(state__in=sorted(state.value for state in APPROVED))
                | (
                    Q(approved_by__isnull=False)
                    & (Q(needs_second=False) | Q(second_approved_by__isnull=False))
                ),
            ),
            models.CheckConstraint(
                name="batch_ended_has_time",
                condition=Q(state__in=sorted(s.value for s in ENDED), ended_at__isnull=False)
                | (~Q(state__in=sorted(s.value for s in ENDED)) & Q(ended_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="batch_has_sense",
                condition=Q(
                    size__gte=1, canary__gte=1, rate__gt=0, most_failures__gte=0, most_failures__lte=1,
                    most_lag__gte=0,
                ),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=["-proposed_at", "-id"], name="batch_by_time"),
            models.Index(fields=["id"], name="batch_running", condition=Q(state="RUNNING")),
        )

    def __str__(self) -> str:
        return f"redrive batch {self.pk}"


class BatchItem(models.Model):
    """One letter of a batch, as it was when the set was frozen."""

    batch = models.ForeignKey(RedriveBatch, on_delete=models.CASCADE, related_name="items", db_index=False)
    letter = models.ForeignKey(
        DeadLetter,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="redrives",
        help_text="Its number stays when the cleanup takes the letter.",
    )
    attempt = models.IntegerField(help_text="Of the letter.")
    digest = models.BinaryField(help_text="Of the letter's bytes.")
    redrive_id = models.CharField(max_length=64)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ItemState],
        default=ItemState.WAITING.value,
    )
    reference = models.CharField(max_length=200, blank=True, help_text="Of a redrive target.")
    note = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # As of letters: that it was published is written without an entry of any index.
    stage = models.GeneratedField(
        expression=Case(When(state__in=_UNDER_WAY, then=Value(STAGE_UNDER_WAY)), default=F("state")),
        output_field=models.CharField(max_length=10),
        db_persist=True,
        help_text="Its state, the two under way as one.",
    )

    class Meta:
        db_table = "redrive_items"
        ordering = ("batch", "id")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["batch", "letter"], name="item_once_a_batch"),
            models.UniqueConstraint(fields=["redrive_id"], name="item_of_a_redrive"),
            # A letter is on its way once at a time, whoever sends it.
            models.UniqueConstraint(
                fields=["letter"],
                name="item_under_way_once",
                condition=Q(stage=STAGE_UNDER_WAY),
            ),
        )
        indexes = (
            models.Index(fields=["batch", "stage", "id"], name="item_by_stage"),
            models.Index(fields=["batch", "id"], name="item_in_order"),
        )

    def __str__(self) -> str:
        return f"item {self.pk} of batch {self.batch_id}"


class ItemBytes(models.Model):
    """What is sent in place of a letter's own bytes. Fixed with the set; a trigger refuses every change."""

    item = models.OneToOneField(BatchItem, on_delete=models.CASCADE, primary_key=True, related_name="bytes")
    value = models.BinaryField()

    class Meta:
        db_table = "redrive_item_bytes"
        default_permissions = ()

    def __str__(self) -> str:
        return f"bytes of item {self.pk}"
