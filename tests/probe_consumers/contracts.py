"""Events as other versions of the project might judge them; `PROBE_CONTRACT` names one."""

from typing import Annotated

from heimdall_project.events.page_views import PageView
from heimdall_project.events.texts import text
from ingestion.consumers import ClickHouseWriter

from .consumers import Note, Record1


class Narrower(PageView):
    """Refuses what this version takes."""

    content_id: Annotated[str, text(1, 20)]


class Wider(PageView):
    """Takes what this version refuses."""

    content_id: Annotated[str, text(1, 1000)]


class LongNote(Note):
    """Refuses what this version takes."""

    id: Annotated[str, text(20, 100)]


def use(version: str) -> None:
    """Have the writer of this process, or the worker of notes, judge by that version."""
    if version == "long-notes":
        Record1.event = LongNote
        return
    ClickHouseWriter.event = {"narrower": Narrower, "wider": Wider}[version]
