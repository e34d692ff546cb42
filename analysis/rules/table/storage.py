"""Data on disks and in databases."""

from heimdall_project.events.jobs import Severity

from ..rule import Depth, Rule, Target, any_of

RULES = (
    Rule(
        name="replica_lost",
        pattern=any_of(
            r"exception while serving blk",
            r"(?:missing|corrupt|lost|could not obtain) (?:block|replica)",
            r"under-?replicated",
            r"bad datanode",
            r"not[ _]enough[ _](?:in-sync )?replicas",
            r"notenoughreplicas",
            r"block .{0,60}(?:corrupt|missing)",
            r"replica .{0,60}(?:corrupt|missing|lost|offline)",
            r"checksum (?:error|mismatch|failed|exception)",
            r"checksumexception",
            r"(?:shard|partition)s? .{0,40}(?:unassigned|offline|unavailable)",
        ),
        depth=Depth.DEPENDENCY,
        severity=Severity.HIGH,
        target=Target.ENDPOINT,
        quiet=True,
    ),
    Rule(
        name="hardware",
        pattern=any_of(
            r"input/output error",
            r"\beio\b",
            r"i/o error",
            r"bad sector",
            r"medium error",
            r"read-only file ?system",
            r"\berofs\b",
            r"uncorrectable",
            r"machine check",
            r"parity error",
            r"(?:ddr|edram|ecc|tlb|memory) error",
            r"tlb error",
            r"hardware error",
            r"data corruption",
            r"smart (?:error|failure)",
            r"exceeds warning threshold",
            r"over ?heat",
            r"threshold exceeded",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
        quiet=True,
    ),
    Rule(
        name="deadlock",
        pattern=any_of(
            r"dead ?lock",
            r"lock wait timeout",
            r"could not serialize access",
            r"waits for sharelock",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
    ),
    Rule(
        name="schema",
        pattern=any_of(
            r"relation \"?.{1,80}\"? does not exist",
            r"no such (?:table|column)",
            r"unknown column",
            r"table .{1,80} (?:does not|doesn't) exist",
            r"column .{1,80} (?:does not|doesn't) exist",
            r"undefined ?table",
            r"undefined ?column",
            r"invalid object name",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
    ),
    Rule(
        name="constraint",
        pattern=any_of(
            r"duplicate (?:key|entry)",
            r"unique constraint",
            r"violates .{0,30}constraint",
            r"integrity ?(?:error|constraintviolation)",
            r"uniqueviolation",
        ),
        depth=Depth.DEPENDENCY,
        severity=Severity.MEDIUM,
    ),
    Rule(
        name="slow_query",
        pattern=any_of(
            r"canceling statement due to", r"slow query", r"query_timeout", r"long[- ]running (?:query|trans)"
        ),
        depth=Depth.DEPENDENCY,
        severity=Severity.MEDIUM,
    ),
)
