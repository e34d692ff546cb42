"""`make up` from its first line to Ctrl-C: real services and processes around a tiny application."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docker.local import Instance, Stack, private_instance
from docker.local.instance import CHECKOUT, PORT_VARIABLES
from docker.local.ports import is_taken
from docker.local.process import load_record, wait_for

MANAGE = """\
import signal, sys, time
if sys.argv[1] == "run_consumer":
    signal.signal(signal.SIGTERM, lambda *_: (print("drained", flush=True), sys.exit(0)))
    print("consuming", flush=True)
    time.sleep(600)
"""
WSGI = """\
import json
def application(environ, start_response):
    answer = {"analysis_id": 7, "status": "SUCCEEDED"}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
"""
ASGI = """\
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"""


class Project:
    """A checkout with the stack of this one, an application of three small files, and own ports."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.instance = self._instance()
        shutil.copytree(CHECKOUT / "docker", root / "docker", ignore=shutil.ignore_patterns("__pycache__"))
        (root / ".venv").symlink_to(CHECKOUT / ".venv")
        (root / ".local").mkdir()
        (root / ".local/cache").symlink_to(CHECKOUT / ".local/cache")
        (root / "heimdall_project").mkdir()
        (root / "heimdall_project/wsgi.py").write_text(WSGI)
        (root / "heimdall_project/asgi.py").write_text(ASGI)
        (root / "manage.py").write_text(MANAGE)

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        """`make up`; a test that fails must not wait for it to end by itself."""
        ports = {PORT_VARIABLES[name][0]: str(port) for name, port in vars(self.instance.ports).items()}
        with subprocess.Popen(
            [str(CHECKOUT / ".venv/bin/python"), "-m", "docker.local", "up"],
            cwd=self.root,
            env=os.environ | ports,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            except BaseException:
                process.terminate()
                raise

    def _instance(self) -> Instance:
        home = self.root / ".local/dev"
        return private_instance(home)


@pytest.fixture
def project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as root:
        Path(root).chmod(0o755)
        made = Project(Path(root))
        yield made
        Stack(made.instance).destroy()


def until(process: subprocess.Popen[str], word: str) -> str:
    """Read what the process prints until a line holds ``word``."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if word in line:
            return seen
    raise AssertionError(f"no line with {word!r} in:\n{seen}")


def test_ctrl_c_stops_what_was_started_in_order_and_ends_with_zero(project: Project) -> None:
    with project.up() as run:
        until(run, "Ctrl-C stops it")
        run.send_signal(signal.SIGINT)
        rest, _ = run.communicate(timeout=60)
    assert run.returncode == 0, rest
    assert rest.index("drained") < rest.index("Stopping kafka, postgres, redis, clickhouse")
    assert not any(is_taken(port) for port in vars(project.instance.ports).values())


def test_services_that_ran_before_are_left_running(project: Project) -> None:
    Stack(project.instance).start()
    with project.up() as run:
        until(run, "Ctrl-C stops it")
        run.terminate()
        run.communicate(timeout=60)
    assert run.returncode == 0
    assert [service.is_ready() for service in Stack(project.instance).services] == [True] * 4


def test_a_child_that_dies_ends_the_run_with_its_last_lines(project: Project) -> None:
    Stack(project.instance).start()
    (project.root / "heimdall_project/wsgi.py").write_text("raise ImportError('no such application')")
    with project.up() as run:
        said, _ = run.communicate(timeout=90)
    assert run.returncode == 1
    assert "error: web ended with code" in said and "no such application" in said.partition("error:")[2]


def test_a_service_that_dies_is_named_and_can_be_started_again_beside_the_running_system(
    project: Project,
) -> None:
    with project.up() as run:
        until(run, "Ctrl-C stops it")
        postgres = Stack(project.instance).postgres
        postgres.kill()
        assert "services-up" in until(run, "postgres has ended")
        assert postgres.start()
        run.terminate()
        run.communicate(timeout=60)
    assert run.returncode == 0


def test_after_a_killed_run_the_next_one_tidies_up_and_starts(project: Project) -> None:
    Stack(project.instance).start()
    with project.up() as killed:
        until(killed, "Ctrl-C stops it")
        killed.kill()
    workers = load_record(project.instance.run / "workers.json")
    assert workers is not None and workers.is_alive
    with project.up() as run:
        assert "Ended what a killed `make up` left running" in until(run, "Ctrl-C stops it")
        assert wait_for(lambda: not workers.is_alive, 1)
        run.terminate()
        run.communicate(timeout=60)
