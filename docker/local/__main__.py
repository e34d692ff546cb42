"""The command line of the local stack; the Makefile is its usual caller.

``python -m docker.local COMMAND [--instance dev|test]``
"""

import argparse
import sys
from collections.abc import Callable

from .errors import StackError
from .stack import Stack, named_stack


def services_up(stack: Stack) -> None:
    """Start Kafka, PostgreSQL and Redis, and leave them running."""
    started = {service.name for service in stack.start()}
    for service in stack.services:
        how = "started" if service.name in started else "already running"
        print(f"{service.name:9} 127.0.0.1:{service.port}  {how}")


def services_down(stack: Stack) -> None:
    """Stop the services of this instance."""
    stack.stop()


def status(stack: Stack) -> None:
    """Say what runs."""
    for service in stack.services:
        record = service.record()
        state = "stopped"
        if record is not None:
            state = f"pid {record.pid}, " + ("ready" if service.is_ready() else "not ready")
        print(f"{service.name:9} 127.0.0.1:{service.port}  {state}")


def env(stack: Stack) -> None:
    """Print the environment of this instance, one assignment a line."""
    for name, value in stack.instance.environment().items():
        print(f"{name}={value}")


COMMANDS: dict[str, Callable[[Stack], None]] = {
    "services-up": services_up,
    "services-down": services_down,
    "status": status,
    "env": env,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 1 if the stack could not do it."""
    parser = argparse.ArgumentParser(prog="python -m docker.local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--instance", choices=("dev", "test"), default="dev")
    chosen = parser.parse_args(arguments)
    try:
        COMMANDS[chosen.command](named_stack(chosen.instance))
    except StackError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
