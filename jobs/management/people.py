"""The person in whose name a command acts."""

from django.core.management.base import CommandError

from heimdall_project.accounts.models import User


def person(name: str) -> User:
    """The active user of that name. Raises CommandError."""
    try:
        return User.objects.get(username=name, is_active=True)
    except User.DoesNotExist:
        raise CommandError(f"There is no active user {name!r}.") from None
