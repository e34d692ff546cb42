"""The image: small, of pinned bases, run by nobody special, and without secrets in any layer."""

import json
import re
from collections.abc import Iterator

import pytest

from heimdall_project.env import VARIABLES
from tests.architecture import compose

TEXT = (compose.DOCKER / "Dockerfile").read_text()
IGNORED = (compose.ROOT / ".dockerignore").read_text().splitlines()


def instructions() -> Iterator[tuple[str, str]]:
    """Name and arguments of each, in order."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")))
    for line in filter(str.strip, joined.splitlines()):
        name, _, rest = line.strip().partition(" ")
        yield name, rest.strip()


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


BUILD, FINAL = stages()


def of(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for each, rest in stage if each == name]


def test_every_base_is_pinned_by_version_and_distribution() -> None:
    bases = [of(stage, "FROM")[0].split()[0] for stage in (BUILD, FINAL)]
    assert all(re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-bookworm", base) for base in bases)
    assert len(set(bases)) == 1  # what was compiled in one runs in the other


def test_only_what_was_built_goes_into_the_image() -> None:
    assert all(each.startswith("--from=build ") for each in of(FINAL, "COPY"))
    assert not of(BUILD, "ADD") + of(FINAL, "ADD")


def test_nothing_is_fetched_but_by_hash() -> None:
    installs = [each for each in of(BUILD, "RUN") if "pip install" in each]
    assert installs and all("--require-hashes" in each and "--no-deps" in each for each in installs)
    assert not any(word in TEXT for word in ("curl ", "wget ", "apt-get", "apk "))
    assert "PIP_NO_CACHE_DIR=1" in " ".join(of(BUILD, "ENV"))


def test_it_runs_as_a_numbered_user_who_owns_nothing() -> None:
    """A number, so that Kubernetes can tell that it is not root."""
    assert of(FINAL, "USER")[-1] == "10001" and "--chown" not in " ".join(of(FINAL, "COPY"))
    names = [name for name, _ in FINAL]
    last_user = len(names) - 1 - names[::-1].index("USER")
    assert not {"RUN", "COPY"} & set(names[last_user:])


def test_no_layer_keeps_a_secret() -> None:
    secret = {name for name, variable in VARIABLES.items() if variable.secret}
    kept = " ".join(
        rest for stage in (BUILD, FINAL) for name in ("ENV", "ARG", "LABEL") for rest in of(stage, name)
    )
    assert not {name for name in secret if name in kept}
    given = {
        found[1] for found in re.finditer(r"\b(\w+)=(\S+)", " ".join(of(BUILD, "RUN"))) if found[1] in secret
    }
    assert given == {"SECRET_KEY"} and "SECRET_KEY=only-for-collecting-static-files" in TEXT


@pytest.mark.parametrize("name", [".git", ".env", ".venv", ".local", "tests", "benchmarks"])
def test_what_does_not_belong_into_an_image_is_not_sent_to_the_builder(name: str) -> None:
    assert name in IGNORED


def test_signals_reach_the_program_and_its_health_is_asked() -> None:
    """Commands are lists: a shell between would keep SIGTERM for itself."""
    assert all(isinstance(json.loads(each), list) for each in of(FINAL, "CMD"))
    assert not of(FINAL, "ENTRYPOINT") and of(FINAL, "STOPSIGNAL") == ["SIGTERM"]
    [check] = of(FINAL, "HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2])[1] == "docker/healthcheck.py"
    assert (compose.ROOT / "docker/healthcheck.py").exists()


def test_directories_are_absolute() -> None:
    assert all(each.startswith("/") for stage in (BUILD, FINAL) for each in of(stage, "WORKDIR"))
