"""Page views as other versions of the project might judge them; `PROBE_CONTRACT` names one."""

from typing import Annotated

from heimdall_project.events.page_views import PageView
from heimdall_project.events.texts import text
from ingestion.consumers import ClickHouseWriter


class Narrower(PageView):
    """Refuses what this version takes."""

    content_id: Annotated[str, text(1, 20)]


class Wider(PageView):
    """Takes what this version refuses."""

    content_id: Annotated[str, text(1, 1000)]


def use(version: str) -> None:
    """Have the writer of this process judge by that version."""
    ClickHouseWriter.event = {"narrower": Narrower, "wider": Wider}[version]
