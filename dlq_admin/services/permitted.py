"""Who may act, and with which words."""

from heimdall_project.accounts.models import User
from heimdall_project.errors import Forbidden, Unprocessable

from ..models.batch import REASON_MOST

DISCARD = "dlq_admin.discard_deadletter"
PROPOSE = "dlq_admin.propose_redrive"
APPROVE = "dlq_admin.approve_redrive"
BREAK_GLASS = "dlq_admin.break_glass"
CLEAN_UP = "dlq_admin.cleanup_deadletter"


def permitted(actor: User, right: str) -> None:
    """Raise Forbidden unless `actor` has this right now."""
    if not actor.has_perm(right):
        raise Forbidden(f"{actor.get_username()} may not do this: {right} is needed.")


def reason_of(text: str) -> str:
    """A reason that can be kept. Raises Unprocessable."""
    if "\0" in text or not 1 <= len(text.strip()) <= REASON_MOST:
        raise Unprocessable(
            "This needs a reason.", errors={"reason": f"must have 1 to {REASON_MOST} characters"}
        )
    return text.strip()
