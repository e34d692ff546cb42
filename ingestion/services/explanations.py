"""What a dead letter says of a page view that does not fit its contract."""

from heimdall_project.errors import ContractViolation, InvalidMessage
from heimdall_project.events.page_views import PageView
from heimdall_project.events.violations import violations
from heimdall_project.streams.records import Record

LIMIT = 480
"""Characters; a dead letter keeps 500."""


def page_view_explained(record: Record, error: InvalidMessage) -> InvalidMessage:
    """Every rule that it breaks with its path, as long as they fit, else every path; never a value."""
    if not isinstance(error, ContractViolation) or record.value is None:
        return error
    broken = violations(PageView, record.value, strict=False)
    told = "; ".join(f"{path} {rule}" for path, rule in broken)
    if len(told) > LIMIT:
        told = f"{len(broken)} rules are broken, at " + ", ".join(path for path, _ in broken)
    return ContractViolation(told[:LIMIT]) if broken else error
