"""Systems of many nodes: leaders, members, leases, jobs, restarts."""

import re

from heimdall_project.events.jobs import Severity

from ..rule import Depth, Rule, Target, any_of

RULES = (
    Rule(
        name="quorum",
        pattern=any_of(
            r"(?:lost|no|without|not enough) quorum",
            r"quorum (?:is )?lost",
            r"cannot open channel to \d+ at election",
            r"zookeeperserver not running",
            r"no leader\b",
            r"lost leadership",
            r"leader_?not_?available",
            r"not_?leader",
            r"leader election (?:failed|timed out)",
            r"election timeout",
            r"no master (?:found|elected)",
            r"masternotdiscovered",
            r"split[- ]brain",
        ),
        depth=Depth.DEPENDENCY,
        severity=Severity.HIGH,
        target=Target.ENDPOINT,
        quiet=True,
    ),
    Rule(
        name="crash_loop",
        pattern=any_of(
            r"crashloop",
            r"back-?off .{0,30}restarting",
            r"restart(?:ing|ed)? (?:too (?:quickly|often)|loop)",
            r"start request repeated too quickly",
            r"respawning too fast",
            r"exited (?:with|abnormally|unexpectedly)",
            r"exit(?:ed)? (?:with )?(?:code|status)[ =:]*(?!0\b)\d+",
            r"main process exited",
            r"liveness probe failed",
            r"failed liveness",
            r"(?:worker|child|process) .{0,40}(?:died|was killed|terminated by signal)",
        ),
        depth=Depth.DEPENDENCY,
        severity=Severity.HIGH,
        quiet=True,
        subjects=(
            re.compile(r"container[=: ]+\"?([A-Za-z][\w.-]*)"),
            re.compile(r"([\w@.-]+\.service)\b"),
            re.compile(r"pod[/=: \"]+([\w.-]+)"),
        ),
    ),
    Rule(
        name="image_pull",
        pattern=any_of(r"imagepullbackoff", r"errimagepull", r"failed to pull image", r"manifest unknown"),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
        quiet=True,
    ),
    Rule(
        name="member_lost",
        pattern=any_of(
            r"connection to node .{1,80} could not be established",
            r"node .{1,60} (?:lost|unreachable|not ?ready|is down|has failed)",
            r"nodenotready",
            r"heartbeat (?:lost|failed|timeout|missed)",
            r"missed heartbeat",
            r"lost (?:executor|worker|node|task ?tracker|heartbeat)",
            r"executor ?lost",
            r"failed to renew lease",
            r"expiring session",
            r"session (?:0x\w+ )?(?:has )?expired",
            r"error in contacting rm",
            r"could not contact rm",
            r"retrying connect to server",
            r"address change detected",
            r"not responding",
            r"commitfailed",
            r"max\.poll\.interval",
            r"got not answer",
        ),
        depth=Depth.SYMPTOM,
        severity=Severity.HIGH,
        target=Target.ENDPOINT,
    ),
    Rule(
        name="retries_spent",
        pattern=any_of(
            r"giving up",
            r"max(?:imum)?(?: number of)? (?:retries|attempts)",
            r"retries (?:exhausted|exceeded)",
            r"retry limit",
            r"too many failed attempts",
        ),
        depth=Depth.SYMPTOM,
        severity=Severity.HIGH,
    ),
    Rule(
        name="job_failed",
        pattern=any_of(
            r"\b(?:job|task|build|batch|taskattempt|stage) .{0,80}\bfail(?:ed|ure)\b",
            r"list of failed maps",
            r"failures on node",
            r"task cleanup failed",
            r"transitioned from \w+ to (?:fail|kill)",
        ),
        depth=Depth.SYMPTOM,
        severity=Severity.MEDIUM,
        quiet=True,
    ),
)
