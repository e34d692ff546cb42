"""What the exit code of a worker says; the supervisor and the platform decide by it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Every way in which a worker process ends, with a gloss for logs."""

    gloss: str

    def __new__(cls, value: int, gloss: str) -> "ExitCode":
        """An integer that carries its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.gloss = gloss
        return member

    DONE = 0, "drained and ended when it was asked to"
    CRASHED = 1, "ended by an unexpected error; it is started again after a backoff"
    USAGE = 2, "the command line names something that does not exist"
    ON_PURPOSE = 3, "stopped on purpose; it stays down until a person starts it"
    ABANDONED = 4, "left at once, uncommitted: a second signal came or the drain budget was over"
    ORDERED = 5, "a person ordered a stopped worker to start again"
    WATCHDOG = 70, "one call took longer than its budget, so the watchdog ended the process"


def describe(code: int) -> str:
    """A sentence for an exit code; negative codes are signals, as `os.waitstatus_to_exitcode` gives them."""
    if code < 0:
        return f"killed by signal {-code}"
    glosses = {member.value: member.gloss for member in ExitCode}
    return glosses.get(code, f"ended with exit code {code}")
