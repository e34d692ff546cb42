"""Something ran out: memory, disk, descriptors, connections, threads."""

import re

from heimdall_project.events.jobs import Severity

from ..rule import Depth, Rule, Target, any_of

RULES = (
    Rule(
        name="out_of_memory",
        pattern=any_of(
            r"out ?of ?memory",
            r"oom[- _]?kill",
            r"killed process \d+",
            r"cannot allocate memory",
            r"enomem",
            r"memoryerror",
            r"gc overhead limit",
            r"java heap space",
            r"memory limit exceeded",
            r"failed to allocate (?:memory|\d+|heap|buffer|bytes|more)",
            r"memory cgroup",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.CRITICAL,
        quiet=True,
        subjects=(
            re.compile(r"Killed process \d+,? \(?([\w.-]+)"),
            re.compile(r"([\w.-]+) invoked oom-killer"),
        ),
    ),
    Rule(
        name="disk_full",
        pattern=any_of(
            r"no space left",
            r"enospc",
            r"disk (?:is )?full",
            r"not enough (?:free )?(?:disk )?space",
            r"insufficient (?:disk )?space",
            r"database or disk is full",
            r"disk quota exceeded",
            r"disk(?:errorexception|outofspace)",
            r"filesystem .{0,60}(?:100%|full)",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.CRITICAL,
        target=Target.PATH,
        quiet=True,
    ),
    Rule(
        name="descriptors",
        pattern=any_of(
            r"too many open files", r"\bemfile\b", r"\benfile\b", r"file descriptors? (?:limit|exhausted)"
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
    ),
    Rule(
        name="pool_exhausted",
        pattern=any_of(
            r"connection is not available",
            r"pool (?:is |was )?(?:exhausted|full|empty)",
            r"pool exhaust",
            r"queuepool limit",
            r"too many (?:clients|connections)",
            r"connection slots are reserved",
            r"waiting for (?:idle object|(?:a )?connection from (?:the )?pool|a free connection)",
            r"(?:could not|cannot|unable to|failed to) (?:get|obtain|acquire) (?:a )?(?:jdbc )?connection",
            r"pooltimeout",
            r"couldn't get a connection after",
            r"max(?:imum)? pool size",
            r"no (?:available|free) connections?",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
        target=Target.ENDPOINT,
    ),
    Rule(
        name="threads_exhausted",
        pattern=any_of(
            r"unable to create (?:new )?native thread",
            r"can't start new thread",
            r"rejectedexecution",
            r"thread pool (?:is )?exhausted",
            r"(?:queue|buffer|backlog) (?:is )?full",
            r"resource temporarily unavailable",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
    ),
    Rule(
        name="stalled",
        pattern=any_of(
            r"soft lockup",
            r"hung_task",
            r"blocked for more than \d+ seconds",
            r"detected pause in jvm",
            r"stop-the-world",
            r"gc pause .{0,40}\b\d{4,} ?ms",
            r"watchdog.{0,40}(?:stuck|timeout|hard lockup)",
            r"rcu_sched .{0,30}stall",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
    ),
)
