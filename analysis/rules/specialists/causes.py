"""What follows from what, by the names of the rules."""

from __future__ import annotations

from ..findings import Finding
from ..rule import Depth

_CALLERS = frozenset(
    ("connection_lost", "connection_refused", "job_failed", "retries_spent", "timeout", "unhandled",
     "upstream_failed")
)  # fmt: skip
_PATH = _CALLERS | {"member_lost", "name_resolution", "quorum", "rate_limited", "unreachable"}
_RESTARTS = _CALLERS | {"crash_loop", "member_lost"}

EXPLAINS: dict[str, frozenset[str]] = {
    "link_down": _PATH,
    "conntrack_full": _PATH,
    "unreachable": _CALLERS | {"member_lost", "quorum"},
    "name_resolution": _CALLERS | {"member_lost"},
    "ports_exhausted": _CALLERS,
    "tls": _CALLERS,
    "quorum": _CALLERS | {"member_lost"},
    "disk_full": _RESTARTS | {"corruption", "crashed", "pool_exhausted", "replica_lost", "store_memory"},
    "hardware": _RESTARTS | {"corruption", "replica_lost", "stalled"},
    "corruption": _RESTARTS | {"crashed"},
    "store_memory": _CALLERS,
    "lock_wait": _CALLERS | {"pool_exhausted", "slow_query"},
    "slow_query": _CALLERS | {"pool_exhausted"},
    "schema": _CALLERS | {"crash_loop"},
    "pool_exhausted": _CALLERS,
    "out_of_memory": _RESTARTS | {"crashed", "replica_lost"},
    "crashed": _RESTARTS,
    "stalled": _RESTARTS,
    "threads_exhausted": _CALLERS,
    "descriptors": _CALLERS,
    "configuration": _RESTARTS,
    "missing_code": _RESTARTS,
    "missing_file": _RESTARTS,
    "address_in_use": _RESTARTS,
    "bad_data": _CALLERS | {"member_lost"},
    "authentication": _CALLERS | {"permission"},
    "permission": _CALLERS,
    "password_guessing": frozenset(("authentication",)),
    "injection_attempt": _CALLERS | {"bad_data", "permission", "schema"},
    "privilege_abuse": frozenset(("authentication", "permission")),
    "probing": frozenset(("injection_attempt", "missing_file", "permission")),
}
_SAME_SOURCE = frozenset(("probing",))


def explains(cause: Finding, effect: Finding) -> bool:
    """Whether one finding is reason enough for another: by its kind, and because it began before.

    A symptom may be seen before its cause is written down; anything deeper may not.
    """
    if effect.rule.name not in EXPLAINS.get(cause.rule.name, ()):
        return False
    if cause.rule.name in _SAME_SOURCE and cause.target != effect.target and effect.target is not None:
        return False
    return cause.first.line.number <= effect.first.line.number or effect.rule.depth <= Depth.SYMPTOM
