"""Filters that people keep."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

NAME_LENGTH = 60
QUERY_LENGTH = 1000


class SavedFilter(models.Model):
    """A query string of a list under a name: its owner's alone, or for all who may see that list."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)
    page = models.CharField(max_length=100, help_text="Which list: the label of its model.")
    query = models.CharField(max_length=QUERY_LENGTH, help_text="Without a leading question mark.")
    shared = models.BooleanField(default=False, help_text="Offered to everybody who may see the list.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "saved_filters"
        ordering = ("name", "id")
        # Kept and deleted on the list itself, by who may see that list; no page of its own to have rights on.
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_filter_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_filter_has_name"),
        )
        indexes = (models.Index(fields=["page"], name="saved_filter_shared", condition=Q(shared=True)),)

    def __str__(self) -> str:
        return self.name
