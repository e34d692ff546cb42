"""The spans of time that figures are drawn over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple


class Window(NamedTuple):
    """A span of time and the steps that it is drawn in."""

    name: str
    span: timedelta
    step: timedelta
    clock: str
    """How a step is called below the plot."""
    each: str

    @property
    def title(self) -> str:
        """As it is said."""
        return f"Last {self.name}"


WINDOWS: Mapping[str, Window] = {
    "hour": Window("hour", timedelta(hours=1), timedelta(minutes=1), "%H:%M", "minute"),
    "day": Window("day", timedelta(days=1), timedelta(minutes=15), "%a %H:%M", "15 minutes"),
}


def window_named(name: str) -> Window:
    """The window of this name; the hour for any other."""
    return WINDOWS.get(name, WINDOWS["hour"])
