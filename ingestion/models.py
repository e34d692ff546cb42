"""What the rights of the product are about. Events live in Kafka and ClickHouse, not in PostgreSQL."""

from django.db import models


class PageView(models.Model):
    """A page view in ClickHouse: no table here, only something that rights can name."""

    class Meta:
        managed = False
        default_permissions = ("add", "view")
