"""A request's body as events: unpacked, split, checked. Pure."""

from .bodies import Splitter, event_in, events_in, unpacked
from .items import Checked, checked

__all__ = ["Checked", "Splitter", "checked", "event_in", "events_in", "unpacked"]
