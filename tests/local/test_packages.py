"""Which system packages are asked for, and how."""

import pytest

from .shell import Shell

APT_KNOWS = 'case "$2" in {names}) echo "  Candidate: {version}" ;; *) echo "  Candidate: (none)" ;; esac'


@pytest.fixture
def complete(shell: Shell) -> Shell:
    """A machine on which nothing is missing."""
    shell.fake_python("bin/python3.13", "3.13")
    shell.fake("bin/java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")
    shell.fake("bin/mvn", "true")
    shell.fake("bin/redis-server", "true")
    shell.fake("bin/chromium", "true")
    shell.fake("postgresql/15/bin/postgres", "true")
    return shell


def missing(shell: Shell, profile: str = "dev") -> list[str]:
    return shell.run(f"missing_packages {profile}").stdout.split()


def test_nothing_is_missing_on_a_complete_machine(complete: Shell) -> None:
    assert missing(complete) == []


def test_an_old_java_is_replaced_by_the_newest_that_apt_knows(complete: Shell) -> None:
    complete.fake("bin/java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    complete.fake("bin/apt-cache", APT_KNOWS.format(names="openjdk-17-jre-headless", version="17.0.15"))
    assert missing(complete) == ["openjdk-17-jre-headless"]


def test_an_old_postgresql_does_not_count(complete: Shell) -> None:
    (complete.home / "postgresql/15").rename(complete.home / "postgresql/12")
    assert missing(complete) == ["postgresql"]


def test_only_the_tests_ask_for_a_browser(complete: Shell) -> None:
    (complete.bin / "chromium").unlink()
    complete.fake("bin/apt-cache", APT_KNOWS.format(names="chromium", version="140.0"))
    assert (missing(complete, "run"), missing(complete, "dev")) == ([], ["chromium"])


def test_the_linters_ask_for_no_service(shell: Shell) -> None:
    shell.fake_python("bin/python3.13", "3.13")
    assert missing(shell, "lint") == []


def test_a_distribution_with_a_new_python_is_asked_for_it(complete: Shell) -> None:
    (complete.bin / "python3.13").unlink()
    complete.fake("bin/apt-cache", APT_KNOWS.format(names="python3", version="3.13.5-1"))
    complete.fake("bin/dpkg", '[[ "$*" == "--compare-versions 3.13.5-1 ge 3.12" ]]')
    assert missing(complete) == ["python3", "python3-venv"]


def test_without_root_the_exact_command_is_named_and_nothing_is_installed(complete: Shell) -> None:
    (complete.bin / "redis-server").unlink()
    (complete.bin / "mvn").unlink()
    complete.fake("bin/apt-get", "touch apt-get-was-called")
    answer = complete.run("is_root() { false; }; ensure_packages run")
    assert answer.returncode == 1
    assert "sudo apt-get install -y --no-install-recommends maven redis-server" in answer.stderr.replace(
        "sudo apt-get update && ", ""
    )
    assert not (complete.home / "apt-get-was-called").exists()


def test_root_without_apt_is_told_what_is_missing(complete: Shell) -> None:
    (complete.bin / "mvn").unlink()
    answer = complete.run("is_root() { true; }; ensure_packages run")
    assert answer.returncode == 1 and "maven" in answer.stderr
