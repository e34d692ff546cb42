"""Who acts, and the record of what they did."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person or program with an account. Roles are Django groups."""
