"""What the command line can do, one function a command. Each takes the stack and the rest of the line."""

import os
import shutil
import signal
import subprocess

from .child import end_leftovers
from .errors import StackError
from .instance import CHECKOUT
from .journey import Client, answers, drive_job
from .model import PATIENCE, model_asked_for, settings_of
from .process import end, load_record, wait_for
from .stack import Stack, stop_all
from .terminal import confirmed, say
from .up import DEMO_PASSWORD, DEMO_USER, manage, up_once, up_record

_UP_STOPS_WITHIN = 90  # its own budgets for workers and services, one after the other


def services_up(stack: Stack) -> None:
    """Start Kafka, PostgreSQL, Redis and ClickHouse, and leave them running."""
    started = {service.name for service in stack.start()}
    for service in stack.services:
        how = "started" if service.name in started else "already running"
        say(f"{service.name:10} 127.0.0.1:{service.port}  {how}")


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
        say(f"{service.name:10} 127.0.0.1:{service.port}  {state}")
    if running := load_record(up_record(stack.instance)):
        say(f"make up    {stack.instance.url}  pid {running.pid}")


def env(stack: Stack) -> None:
    """Print the environment of this instance, one assignment a line."""
    for name, value in stack.instance.environment().items():
        say(f"{name}={value}")


def down(stack: Stack) -> None:
    """Stop a ``make up`` that runs elsewhere, and the services, by their records only."""
    if running := load_record(up_record(stack.instance)):
        say(f"Stopping make up (pid {running.pid}) …")
        end(running, signal.SIGTERM, _UP_STOPS_WITHIN)
    end_leftovers(stack.instance)
    stack.stop()


def reset(stack: Stack) -> None:
    """Stop everything of this instance and delete its data, after asking."""
    home = stack.instance.home
    say(f"This stops instance {stack.instance.name} and deletes:")
    for place in [home, *(service.data.resolve() for service in stack.services)]:
        if place == home or not place.is_relative_to(home):
            say(f"  {place}")
    if os.environ.get("FORCE") != "1" and not confirmed("Delete all of it?"):
        raise StackError("nothing was deleted (FORCE=1 does not ask)")
    down(stack)
    stack.destroy()
    shutil.rmtree(home, ignore_errors=True)


def kafka_init(stack: Stack) -> None:
    """Create the Kafka topics that are missing and report drift."""
    started = stack.start()
    try:
        say(manage(stack.instance, "ensure_topics"))
    finally:
        stop_all(started)


def clickhouse_init(stack: Stack) -> None:
    """Take the tables in ClickHouse to the version of this checkout."""
    started = stack.start()
    try:
        say(manage(stack.instance, "migrate_clickhouse"))
    finally:
        stop_all(started)


def smoke(stack: Stack) -> None:
    """Drive one job to SUCCEEDED through the running system, or through one brought up for it.

    With MODEL in the environment always through one of its own, whose worker asks that model.
    """
    url = stack.instance.url
    if model := model_asked_for():
        if load_record(up_record(stack.instance)):
            raise StackError("a system runs here that asks another engine: make down first")
        os.environ.update(settings_of(model))
        say(up_once(stack, PATIENCE))
    elif load_record(up_record(stack.instance)):
        wait_for(lambda: answers(f"{url}/livez"), 60)  # it may be starting itself
        say(drive_job(Client(url, DEMO_USER, DEMO_PASSWORD)))
    else:
        say(up_once(stack))


def run(stack: Stack, command: list[str]) -> int:
    """Run a command with the services of this instance; stop those that it had to start, unless KEEP=1.

    Returns the command's exit code. Ctrl-C reaches the command from the terminal; we wait for what it
    makes of it and then tidy up. SIGTERM is passed on.
    """
    started = stack.start()
    try:
        environment = os.environ | stack.instance.environment()
        process = subprocess.Popen(command, cwd=CHECKOUT, env=environment)
        signal.signal(signal.SIGINT, lambda number, frame: None)
        signal.signal(signal.SIGTERM, lambda number, frame: process.send_signal(number))
        return process.wait()
    finally:
        if os.environ.get("KEEP") != "1":
            stop_all(started)
