"""``make up``: the whole system in the foreground, until Ctrl-C."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from .child import Child, end_leftovers
from .errors import StackError
from .instance import CHECKOUT, Instance
from .journey import Client, answers, drive_job
from .ports import LOOPBACK
from .process import ProcessRecord, record_of, save_record, wait_for
from .service import Service, refuse_taken
from .stack import Stack, stop_all
from .terminal import say

BIN = CHECKOUT / ".venv/bin"
# What seed_demo makes; a test holds the two together.
DEMO_USERS = ("admin", "operator", "approver", "viewer")
DEMO_PASSWORD = "heimdall-demo"  # noqa: S105 - refused outside of development
DEMO_USER = "operator"
_STOP_BUDGET = 35  # the workers' own drain budget is 20 s


def up(stack: Stack) -> None:
    """Bring everything up, drive one job, and stay until a signal or until a process dies."""
    begun = time.monotonic()
    with suppress(KeyboardInterrupt), _system(stack) as children:
        job = _first_job(stack.instance, children)
        running: dict[str, ProcessRecord] = {}
        _tell_ended(stack, running)  # whatever ends from here on is told
        say(_banner(stack.instance, job, time.monotonic() - begun))
        while True:
            check(children)
            _tell_ended(stack, running)
            time.sleep(0.5)


def up_once(stack: Stack, patience: float = 90) -> str:
    """Bring everything up, drive one job, and stop again; returns a line about the job."""
    with _system(stack) as children:
        return _first_job(stack.instance, children, patience)


@contextmanager
def _system(stack: Stack) -> Iterator[list[Child]]:
    """Services and processes run inside of the block; at its end stops what was started for it."""
    instance = stack.instance
    with only_one(instance), _signals_as_interrupt():
        if leftovers := end_leftovers(instance):
            say(f"Ended what a killed `make up` left running: {', '.join(leftovers)}")
        for field in ("web", "stream", "metrics"):
            refuse_taken(instance, field)
        started: list[Service] = []
        children = children_of(instance)
        try:
            started += stack.start()
            _say_services(stack, started)
            prepare(instance)
            for child in children:
                child.start()
            yield children
        finally:
            _stop(children, started)


def _first_job(instance: Instance, children: list[Child], patience: float = 90) -> str:
    def are_open() -> bool:
        check(children)
        return answers(f"{instance.url}/livez") and answers(f"{instance.stream_url}/stream/")

    if not wait_for(are_open, 60, interval=0.2):
        raise StackError(f"the web server did not answer at {instance.url} within 60 s")
    client = Client(instance.url, DEMO_USER, DEMO_PASSWORD)
    return drive_job(client, patience, meanwhile=lambda: check(children))


def prepare(instance: Instance) -> None:
    """Migrations, topics and demo data; each is idempotent."""
    steps = (("migrate", "--verbosity", "0"), ("ensure_topics",), ("migrate_clickhouse",), ("seed_demo",))
    for arguments in steps:
        manage(instance, *arguments)


def manage(instance: Instance, *arguments: str) -> str:
    """Run one management command against this instance and return its output; StackError if it fails."""
    say(f"manage.py {' '.join(arguments)}")
    run = subprocess.run(
        [str(BIN / "python"), "manage.py", *arguments],
        cwd=CHECKOUT,
        env=application_environment(instance),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C is answered by us, without its traceback
        check=False,
    )
    if run.returncode:
        raise StackError(f"manage.py {arguments[0]} failed:\n{run.stdout[-4000:]}")
    return run.stdout.rstrip()


def application_environment(instance: Instance) -> dict[str, str]:
    """The caller's environment, development settings where it says nothing, and this instance's services."""
    development = {
        "DEBUG": "true",
        "LOG_FORMAT": "console",
        "STREAM_URL": instance.stream_url,
        "CORS_ALLOWED_ORIGINS": f"{instance.url},http://localhost:{instance.ports.web}",
        "PYTHONUNBUFFERED": "1",
    }
    return development | dict(os.environ) | instance.environment()


def children_of(instance: Instance) -> list[Child]:
    """The processes of the application, not started: web door, stream door, workers."""
    environment = application_environment(instance)
    ports = instance.ports
    serve = [str(BIN / "granian"), "--host", LOOPBACK, "--workers", "1"]
    wsgi = [
        "--interface",
        "wsgi",
        "--http",
        "1",
        "--blocking-threads",
        "96",
        "heimdall_project.wsgi:application",
    ]
    asgi = ["--interface", "asgi", "heimdall_project.asgi:application"]
    consumers = [str(BIN / "python"), "manage.py", "run_consumer", "all"]
    return [
        Child("web", [*serve, "--port", str(ports.web), *wsgi], instance, environment),
        Child("stream", [*serve, "--port", str(ports.stream), *asgi], instance, environment),
        Child("workers", consumers, instance, environment),
    ]


def check(children: list[Child]) -> None:
    """StackError with the last lines of a child that has ended by itself."""
    for child in children:
        child.check()


def _tell_ended(stack: Stack, running: dict[str, ProcessRecord]) -> None:
    """Say once which service has ended. Asking collects it too, else PostgreSQL would not start again."""
    for service in stack.services:
        before = running.pop(service.name, None)
        if before and not before.is_alive:
            say(f"{service.name} has ended; make services-up starts it again. Its log: {service.log}")
        if now := service.record():
            running[service.name] = now


def _stop(children: list[Child], started: list[Service]) -> None:
    """First those who use the services, then the services that this run started; nothing else."""
    with _impatience(children):
        if any(child.is_running for child in children):
            say("Stopping web and workers …")
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + _STOP_BUDGET
        for child in children:
            child.wait(max(0.1, deadline - time.monotonic()))
        if started:
            say(f"Stopping {', '.join(service.name for service in started)} …")
        stop_all(started)


@contextmanager
def only_one(instance: Instance) -> Iterator[None]:
    """One ``make up`` an instance, found by ``make down`` through its record."""
    instance.run.mkdir(parents=True, exist_ok=True)
    path = up_record(instance)
    with (instance.run / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError("make up already runs here: make down stops it") from None
        save_record(path, record_of(os.getpid()))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def up_record(instance: Instance) -> Path:
    """Where the record of the running ``make up`` lies."""
    return instance.run / "up.json"


@contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """SIGTERM and a closed terminal end the run like Ctrl-C does."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _impatience(children: list[Child]) -> Iterator[None]:
    """While stopping, a second signal is passed on: the workers end at once, uncommitted."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        for child in children:
            child.ask_to_stop()

    before = {number: signal.signal(number, pass_on) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _say_services(stack: Stack, started: list[Service]) -> None:
    names = {service.name for service in started}
    for service in stack.services:
        how = "started" if service.name in names else "already running, left so at the end"
        say(f"{service.name:10} {LOOPBACK}:{service.port}  {how}")


def _banner(instance: Instance, job: str, seconds: float) -> str:
    body = '{"service_name": "shop", "environment": "demo", "log_content": "ERROR db: connection refused"}'
    return f"""
  Heimdall is up after {seconds:.0f} s; {job}.

    API        {instance.url}/api/v1/          docs {instance.url}/api/v1/docs/
    Admin      {instance.url}/admin/
    Sign in    {" | ".join(DEMO_USERS)}, password {DEMO_PASSWORD}

  Try:
    curl -u {DEMO_USER}:{DEMO_PASSWORD} -H 'Content-Type: application/json' \\
      -d '{body}' \\
      {instance.url}/api/v1/analysis/request

  Ctrl-C stops it. Logs: {instance.logs}
"""
