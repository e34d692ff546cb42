"""The command line of the local stack; the Makefile is its usual caller.

``python -m docker.local [--instance dev|test] COMMAND``
"""

import argparse
import os
import sys
from collections.abc import Callable

from . import commands
from .errors import StackError
from .instance import CHECKOUT
from .stack import Stack, named_stack
from .up import up

COMMANDS: dict[str, Callable[[Stack], None]] = {
    "up": up,
    "down": commands.down,
    "services-up": commands.services_up,
    "services-down": commands.services_down,
    "status": commands.status,
    "kafka-init": commands.kafka_init,
    "clickhouse-init": commands.clickhouse_init,
    "smoke": commands.smoke,
    "reset": commands.reset,
    "env": commands.env,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 1 if the stack could not do it, the command's own code for ``run``."""
    parser = argparse.ArgumentParser(prog="python -m docker.local", description=__doc__)
    parser.add_argument("--instance", choices=("dev", "test"), default="dev")
    kinds = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        kinds.add_parser(name, help=command.__doc__)
    kinds.add_parser("run", help=commands.run.__doc__).add_argument("line", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    read_dotenv()
    try:
        stack = named_stack(chosen.instance)
        if chosen.command == "run":
            return commands.run(stack, chosen.line)
        COMMANDS[chosen.command](stack)
    except StackError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read_dotenv() -> None:
    """Take ``NAME=value`` lines of ``.env`` where the environment itself says nothing."""
    file = CHECKOUT / ".env"
    for line in file.read_text().splitlines() if file.exists() else ():
        name, equals, value = line.partition("=")
        if equals and name.strip().isidentifier():
            os.environ.setdefault(name.strip(), value.strip().strip("'\""))


if __name__ == "__main__":
    sys.exit(main())
