"""Loops that do one thing each. They speak with the test through files in the directory `PROBES`."""

import os
from pathlib import Path
from threading import Event
from typing import ClassVar

from heimdall_project.errors import StopOnPurpose, TransientError
from heimdall_project.streams.consumer import Loop
from heimdall_project.streams.registry import register


def leave(name: str) -> None:
    """Leave a file for the test; it holds our process id."""
    place = Path(os.environ["PROBES"]) / name
    place.with_suffix(".new").write_text(str(os.getpid()))
    place.with_suffix(".new").rename(place)


def found(name: str) -> bool:
    """Whether the test left a file."""
    return (Path(os.environ["PROBES"]) / name).exists()


class Probe(Loop):
    """Turns fast, so that tests need not wait for it."""

    interval = 0.01


@register
class Steady(Probe):
    """Works on and on, and closes when asked. Idempotent: it does nothing."""

    name = "probe-steady"

    def step(self, stop: Event) -> bool:
        """Say that it runs."""
        leave("steady")
        return False

    def close(self) -> None:
        """Say that it ended in order."""
        leave("steady-closed")


@register
class Crash(Probe):
    """Fails in every step. Idempotent: it does nothing."""

    name = "probe-crash"

    def step(self, stop: Event) -> bool:
        """Fail."""
        raise RuntimeError("as it always does")


@register
class Halt(Probe):
    """Stops on purpose until the file `repaired` is there. Idempotent: it does nothing."""

    name = "probe-halt"

    def step(self, stop: Event) -> bool:
        """Stop on purpose."""
        if not found("repaired"):
            raise StopOnPurpose("a person should look at this")
        leave("halt-runs")
        return False


@register
class Outage(Probe):
    """Waits for a dependency, the file `up`. Idempotent: it does nothing."""

    name = "probe-outage"

    def step(self, stop: Event) -> bool:
        """Need the dependency."""
        if not found("up"):
            raise TransientError("probe", "not there")
        leave("outage-over")
        return False


@register
class Busy(Probe):
    """Is in a step until the file `finish` is there, whoever asks. Idempotent: it does nothing."""

    name = "probe-busy"

    def step(self, stop: Event) -> bool:
        """Work."""
        leave("busy")
        while not found("finish"):
            Event().wait(0.01)
        leave("busy-finished")
        return False


@register
class Hang(Busy):
    """Hangs in a step that should be short. Idempotent: it does nothing."""

    name = "probe-hang"
    step_budget: ClassVar[float] = 0.2
