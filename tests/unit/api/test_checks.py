"""Mistakes in what faces the network are found before anything runs."""

import os
import subprocess
import sys

import pytest
from pytest_django import Settings

from heimdall_project.api.checks import front_door, is_origin

GOOD_KEY = "wHq3vX9zR4tYb7nKc2mPd6sFg8jLa1eU5iOx0TyBvNqWrEzS"


def found(settings: Settings, **changed: object) -> list[str]:
    """Ids of what the check finds."""
    for name, value in {"SECRET_KEY": GOOD_KEY, **changed}.items():
        setattr(settings, name, value)
    return [str(message.id) for message in front_door(None)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"SECRET_KEY": ""}, ["heimdall.E001"]),
        ({"SECRET_KEY": "short"}, ["heimdall.E002"]),
        ({"SECRET_KEY": "a" * 60}, ["heimdall.E002"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["heimdall.E003"]),
        ({"ALLOWED_HOSTS": []}, ["heimdall.E004"]),
        ({"STREAM_URL": "127.0.0.1:8001"}, ["heimdall.E005"]),
        ({"STREAM_URL": "http://127.0.0.1:8001"}, []),
        ({"READY_REQUIRES": ["postgresql", "postgres"]}, ["heimdall.E006"]),
        ({"API_BODY_SECONDS": 30.0, "WORKER_STOP_GRACE": 30.0}, ["heimdall.E007"]),
        ({"CORS_ALLOWED_ORIGINS": ["http://a.example"], "SESSION_COOKIE_SECURE": True}, ["heimdall.W001"]),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, ["heimdall.W002"]),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector/otlp"}, []),
        ({"DEBUG": True, "SECRET_KEY": "short", "ALLOWED_HOSTS": ["*"]}, []),
    ],
)
def test_each_mistake_has_its_id(settings: Settings, changed: dict[str, object], expected: list[str]) -> None:
    assert found(settings, **changed) == expected


@pytest.mark.parametrize(
    "url", ["http://a/", "http://a?x", "ftp://a", "a:80", "http://u@a", "http://a:x", "http://"]
)
def test_what_is_more_or_less_than_an_origin_is_none(url: str) -> None:
    assert not is_origin(url)


def check(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run `manage.py check` in an environment of its own."""
    run = subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_production_values_pass_the_deployment_check_without_a_word() -> None:
    code, output = check(
        "--deploy",
        "--fail-level=WARNING",
        SECRET_KEY=GOOD_KEY + "0123456789",
        ALLOWED_HOSTS="heimdall.example",
        KAFKA_REPLICATION_FACTOR="3",
        SECURE_SSL_REDIRECT="true",
        TRUST_FORWARDED_PROTO="true",
        SECURE_HSTS_SECONDS="31536000",
        SECURE_HSTS_INCLUDE_SUBDOMAINS="true",
        SECURE_HSTS_PRELOAD="true",
    )
    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")


def test_an_installation_without_a_key_does_not_start_and_says_what_to_do() -> None:
    code, output = check()
    assert code == 1 and "SECRET_KEY" in output and "DEBUG=true" in output
