"""Readers of environment variables: what fits, and words for what does not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from heimdall_project import env


@pytest.fixture(autouse=True)
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Declarations of these tests stay out of the real table."""
    monkeypatch.setattr(env, "VARIABLES", {})
    yield


@pytest.mark.parametrize(
    ("read", "raw", "value"),
    [
        (lambda: env.flag("X", False, ""), "Yes", True),
        (lambda: env.flag("X", True, ""), "0", False),
        (lambda: env.integer("X", 1, "", most=9), " 9 ", 9),
        (lambda: env.seconds("X", 1, ""), "0.5", 0.5),
        (lambda: env.ratio("X", 1, ""), "0.25", 0.25),
        (lambda: env.listing("X", [], ""), "a, ,b", ["a", "b"]),
        (lambda: env.choice("X", "a", "", of=("a", "b")), "b", "b"),
        (lambda: env.integer("X", 7, ""), "  ", 7),
    ],
)
def test_a_value_that_fits_is_read(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], raw: str, value: object
) -> None:
    monkeypatch.setenv("X", raw)
    assert read() == value


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (lambda: env.flag("X", False, ""), "maybe"),
        (lambda: env.integer("X", 1, "", most=9), "10"),
        (lambda: env.seconds("X", 1, ""), "soon"),
        (lambda: env.ratio("X", 1, ""), "1.1"),
        (lambda: env.choice("X", "a", "", of=("a", "b")), "c"),
        (lambda: env.database("X", "postgres://h/n", ""), "mysql://h/n"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], raw: str
) -> None:
    monkeypatch.setenv("X", raw)
    with pytest.raises(ImproperlyConfigured, match=r"^X: "):
        read()


def test_a_secret_is_read_from_its_file_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("hunter2\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "key"))
    assert env.secret("X", "", "A key.") == "hunter2"
    assert "hunter2" not in str(env.VARIABLES)


def test_a_secret_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_FILE", "/nowhere/key")
    with pytest.raises(ImproperlyConfigured, match="X_FILE: cannot read"):
        env.secret("X", "", "")


def test_a_database_address_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "postgres://us%40er:p%2Fw@db.example:5433/name")
    read = env.database("X", "", "")
    assert [read[part] for part in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "us@er",
        "p/w",
        "db.example",
        "5433",
        "name",
    ]


def test_a_database_may_be_named_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "url").write_text("postgres://ada:s3cret@db:5433/heimdall\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "url"))
    read = env.database("X", "", "h")
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"]) == ("ada", "s3cret", "db", "5433")


def test_a_file_with_another_kind_of_database_is_refused_without_its_text(tmp_path, monkeypatch):
    (tmp_path / "url").write_text("mysql://ada:s3cret@db/heimdall")
    monkeypatch.setenv("X_FILE", str(tmp_path / "url"))
    with pytest.raises(ImproperlyConfigured, match="X_FILE: its value does not fit") as refused:
        env.database("X", "", "h")
    assert "s3cret" not in str(refused.value)
