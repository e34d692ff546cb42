"""`make stack-up` and `make compose-smoke` where Docker is missing, not ready, and there."""

import subprocess
from pathlib import Path

import pytest

from docker.local.instance import CHECKOUT

TOOLS = ("bash", "dirname", "grep", "od", "tr", "sh")
READY = {
    "info": "active true",
    "secret": "heimdall-secret-key\nheimdall-database-url\nheimdall-postgres-password\n"
    "heimdall-clickhouse-url\nheimdall-clickhouse-password",
    "node": "node1",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory with the ordinary tools that the scripts use, and no docker."""
    place = tmp_path / "bin"
    place.mkdir()
    for tool in TOOLS:
        [found] = [each for each in (Path("/bin", tool), Path("/usr/bin", tool)) if each.exists()][:1]
        (place / tool).symlink_to(found)
    return place


def docker(path: Path, answers: dict[str, str], *, code: int = 0) -> Path:
    """A docker that answers by its first word and writes down what it was asked; answers where."""
    asked = path.parent / "asked"
    cases = "\n".join(f"{word}) printf '%s\\n' '{answer}' ;;" for word, answer in answers.items())
    script = f'#!/bin/sh\necho "$@" >>{asked}\ncase "$1" in\n{cases}\nesac\nexit {code}\n'
    (path / "docker").write_text(script)
    (path / "docker").chmod(0o755)
    return asked


def run(path: Path, script: str, *words: str, **environment: str) -> tuple[int, str]:
    """Exit code and everything said."""
    done = subprocess.run(
        [str(CHECKOUT / "docker" / script), *words],
        env={"PATH": str(path), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("script", "word", "instead"),
    [("stack.sh", "up", "make up"), ("stack.sh", "down", "make up"), ("compose_smoke.sh", "", "make smoke")],
)
def test_without_docker_it_is_named_and_so_is_what_does_without(
    path: Path, script: str, word: str, instead: str
) -> None:
    code, said = run(path, script, *filter(None, [word]))
    assert code == 1 and "docker" in said and "is not here" in said and instead in said


def test_an_engine_that_does_not_answer_is_named(path: Path) -> None:
    docker(path, {"info": "Cannot connect to the Docker daemon"}, code=1)
    code, said = run(path, "stack.sh", "up")
    assert code == 1 and "does not answer: Cannot connect" in said


@pytest.mark.parametrize("state", ["inactive false", "active false"])
def test_an_engine_that_manages_no_swarm_is_told_what_to_do(path: Path, state: str) -> None:
    docker(path, READY | {"info": state})
    code, said = run(path, "stack.sh", "up")
    assert code == 1 and "docker swarm init" in said


def test_everything_that_is_missing_is_named_at_once_and_nothing_is_deployed(path: Path) -> None:
    asked = docker(path, READY | {"secret": "heimdall-secret-key", "node": ""})
    (path / "docker").write_text((path / "docker").read_text().replace("printf '%s\\n' '' ;;", ";;"))
    code, said = run(path, "stack.sh", "up")
    assert code == 1
    for name in ("HEIMDALL_IMAGE", "ALLOWED_HOSTS", "heimdall-database-url", "heimdall-postgres-password"):
        assert name in said
    assert "--label-add heimdall.data=true" in said and "heimdall-secret-key:" not in said
    assert "deploy" not in asked.read_text()


def test_with_all_of_it_the_stack_is_deployed(path: Path) -> None:
    asked = docker(path, READY)
    code, said = run(path, "stack.sh", "up", HEIMDALL_IMAGE="r/heimdall:1", ALLOWED_HOSTS="h.example")
    assert code == 0 and "make stack-down" in said
    assert asked.read_text().splitlines()[-1] == (
        "stack deploy --compose-file stack.yml --with-registry-auth --prune --detach=true heimdall"
    )


def test_taking_it_down_says_what_stays(path: Path) -> None:
    asked = docker(path, READY)
    code, said = run(path, "stack.sh", "down")
    assert code == 0 and "secrets stay" in said
    assert asked.read_text().splitlines()[-1] == "stack rm heimdall"


@pytest.mark.parametrize("code", [0, 1])
def test_the_smoke_test_in_containers_ends_as_its_job_did_and_leaves_nothing(path: Path, code: int) -> None:
    asked = path.parent / "asked"
    (path / "docker").write_text(
        f'#!/bin/sh\necho "$@" >>{asked}\n'
        f'case "$*" in *" up "*) [ -n "$SECRET_KEY" ] || exit 9; exit {code} ;; esac\n'
    )
    (path / "docker").chmod(0o755)
    ended, _ = run(path, "compose_smoke.sh")
    *_, up, down = asked.read_text().splitlines()
    assert ended == code and up.endswith("up --build --abort-on-container-exit --exit-code-from e2e")
    assert down.endswith("down --volumes --remove-orphans")
