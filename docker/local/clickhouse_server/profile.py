"""Who may enter, and with which settings: a JSON file that is read again whenever it changes.

As `users.xml` of a server, which is watched too: a test makes the engine read-only, starves it of memory or
changes a password while clients are connected.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .failures import AUTHENTICATION_FAILED, refusal


@dataclass(frozen=True)
class Profile:
    """One user with a password, a database that always exists, and settings that each request begins with."""

    user: str
    password: str
    database: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def admit(self, user: str, password: str) -> None:
        """Raise ServerError unless these are the credentials; which of the two is wrong is not said."""
        known = hmac.compare_digest(user.encode(), self.user.encode())
        if not (hmac.compare_digest(password.encode(), self.password.encode()) and known):
            reason = "Authentication failed: password is incorrect, or there is no user with such name."
            raise refusal(AUTHENTICATION_FAILED, f"{user}: {reason}")


class ProfileFile:
    """The profile as it stands in its file now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = -1
        self._profile: Profile | None = None

    def current(self) -> Profile:
        """Read again if the file was written since."""
        changed = self._path.stat().st_mtime_ns
        if self._profile is None or changed != self._read_at:
            self._profile = Profile(**json.loads(self._path.read_text()))
            self._read_at = changed
        return self._profile
