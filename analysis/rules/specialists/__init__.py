"""Four specialists read the same findings, and a coordinator picks the root of what they see.

Each speaks for its own kinds of failure. A root beats its symptoms: a database that stopped explains the
timeouts of the application, a network link that is down explains what can no longer be reached.
"""

from .coordinator import Consultation, Opinion, consult
from .domains import Domain

__all__ = ["Consultation", "Domain", "Opinion", "consult"]
