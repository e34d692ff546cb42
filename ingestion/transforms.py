"""What repairs dead letters of page views; chosen by people, see `heimdall_project.streams.transforms`."""

from typing import Any

from heimdall_project.streams.topics import Topic
from heimdall_project.streams.transforms import transform


@transform(Topic.PAGE_VIEWS, name="drop-stray-dwell", version=1)
def drop_stray_dwell(event: dict[str, Any]) -> dict[str, Any]:
    """Takes `dwell_ms` off events that are no dwell: some clients send it with every event."""
    if event["event_type"] == "dwell":
        return event
    return {name: value for name, value in event.items() if name != "dwell_ms"}


@transform(Topic.PAGE_VIEWS, name="strip-nul", version=1)
def strip_nul(event: dict[str, Any]) -> dict[str, Any]:
    """Takes NUL characters out of all texts, also out of those in `props`."""
    changed: dict[str, Any] = _without_nul(event)
    return changed


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {_without_nul(name): _without_nul(each) for name, each in value.items()}
        case list():
            return [_without_nul(each) for each in value]
    return value
