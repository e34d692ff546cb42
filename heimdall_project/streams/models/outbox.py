"""Events waiting to be published, and who may publish them."""

from django.db import models
from django.db.models.functions import Now


class OutboxMessage(models.Model):
    """One event, written in the transaction of the change that it tells of.

    `id` grows per key in order of commit, because writers of a key hold that key's lock while they insert.
    """

    topic = models.CharField(max_length=200, help_text="Logical topic.")
    key = models.BinaryField(null=True)
    value = models.BinaryField(null=True)
    headers = models.JSONField(default=dict)
    event_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    partition = models.IntegerField(null=True, help_text="Where the broker put it.")
    offset = models.BigIntegerField(null=True)
    hooks_due = models.BooleanField(
        default=False, db_default=False, help_text="Published, but a publish hook failed and is run again."
    )

    class Meta:
        # A constraint, not `unique=True`: that would add an index for LIKE, which each mark would pay for.
        constraints = (models.UniqueConstraint(fields=["event_id"], name="outbox_event_once"),)
        indexes = (
            models.Index(fields=["id"], name="outbox_unsent", condition=models.Q(sent_at__isnull=True)),
            models.Index(fields=["sent_at"], name="outbox_sent", condition=models.Q(sent_at__isnull=False)),
            models.Index(fields=["id"], name="outbox_hooks_due", condition=models.Q(hooks_due=True)),
        )

    def __str__(self) -> str:
        return f"{self.topic} {self.event_id}"


class RelayLease(models.Model):
    """Who may publish the outbox. `token` grows with each change of holder: a fencing token."""

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=200, blank=True)
    token = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder or 'nobody'} (token {self.token})"
