"""Whose business a finding is."""

from __future__ import annotations

import re
from enum import StrEnum

from ..findings import Finding


class Domain(StrEnum):
    """The four specialists. The database's also knows disks and copies of data."""

    DATABASE = "database"
    NETWORK = "network"
    APPLICATION = "application"
    SECURITY = "security"


RULES_OF = {
    Domain.DATABASE: frozenset(
        ("constraint", "corruption", "deadlock", "disk_full", "hardware", "lock_wait", "pool_exhausted",
         "replica_lost", "schema", "slow_query", "store_memory")
    ),
    Domain.NETWORK: frozenset(
        ("address_in_use", "connection_lost", "connection_refused", "conntrack_full", "link_down",
         "member_lost", "name_resolution", "ports_exhausted", "quorum", "rate_limited", "timeout", "tls",
         "unreachable", "upstream_failed")
    ),
    Domain.APPLICATION: frozenset(
        ("bad_data", "configuration", "crash_loop", "crashed", "defect", "descriptors", "image_pull",
         "job_failed", "missing_code", "missing_file", "null_value", "out_of_memory", "recursion",
         "retries_spent", "stalled", "threads_exhausted", "unhandled", "unrecognised", "warned")
    ),
    Domain.SECURITY: frozenset(
        ("authentication", "injection_attempt", "password_guessing", "permission", "privilege_abuse",
         "probing")
    ),
}  # fmt: skip
_DOMAIN_OF = {name: domain for domain, names in RULES_OF.items() for name in names}
_STORE = re.compile(
    r"postgres|mysql|maria|innodb|redis|mongo|cassandra|clickhouse|elasticsearch|opensearch|oracle|sqlserver"
    r"|memcached|\bdfs\.|hdfs|namenode|datanode|\bdatabase\b|\bdb\b",
    re.IGNORECASE,
)
# What happens to a store is the database's business, whatever it is; so is a store that does not answer.
_OF_A_STORE = frozenset(
    ("crash_loop", "crashed", "descriptors", "out_of_memory", "stalled", "threads_exhausted")
)
_TOWARDS_A_STORE = frozenset(("connection_lost", "connection_refused", "timeout"))


def domain_of(finding: Finding) -> Domain:
    """The specialist that a finding belongs to: by its rule, or by the data store that it is about."""
    name = finding.rule.name
    if name in _OF_A_STORE and finding.component and _STORE.search(finding.component):
        return Domain.DATABASE
    if name in _TOWARDS_A_STORE and finding.target and _STORE.search(finding.target):
        return Domain.DATABASE
    return _DOMAIN_OF[name]
