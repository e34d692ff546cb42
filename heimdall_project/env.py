"""Typed readers of environment variables.

Each call declares a variable: name, kind, default and a line of meaning. `VARIABLES` collects the
declarations, so the settings table in `docs/settings.md` and `.env.example` are generated, not typed.
A value that does not fit raises `ImproperlyConfigured` naming the variable, the value and what fits.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One environment variable, as documented."""

    name: str
    kind: str
    default: str
    help: str
    section: str
    secret: bool = False


VARIABLES: dict[str, Variable] = {}
_section = "General"


def section(title: str) -> None:
    """Start a section of the settings table; the variables declared next belong to it."""
    global _section
    _section = title


def _declare[T](
    name: str, kind: str, default: T, help: str, parse: Callable[[str], T], *, secret: bool = False
) -> T:
    shown = "" if default is None else ",".join(default) if isinstance(default, list) else str(default)
    VARIABLES[name] = Variable(
        name=name, kind=kind, default=shown, help=help, section=_section, secret=secret
    )
    raw = os.environ.get(name, "")
    return default if raw.strip() == "" else _parsed(name, kind, raw, parse, secret=secret)


def _parsed[T](name: str, kind: str, raw: str, parse: Callable[[str], T], *, secret: bool) -> T:
    try:
        return parse(raw.strip())
    except ValueError as error:
        value = "its value" if secret else repr(raw)
        raise ImproperlyConfigured(f"{name}: {value} does not fit: expected {kind}. {error}") from error


def text(name: str, default: str, help: str) -> str:
    """Read a string."""
    return _declare(name, "text", default, help, str)


def choice(name: str, default: str, help: str, *, of: tuple[str, ...]) -> str:
    """Read one of `of`, case-sensitive."""

    def parse(raw: str) -> str:
        if raw not in of:
            raise ValueError(f"Choose one of {', '.join(of)}.")
        return raw

    return _declare(name, " | ".join(of), default, help, parse)


def flag(name: str, default: bool, help: str) -> bool:
    """Read a boolean: 1/true/yes/on or 0/false/no/off."""

    def parse(raw: str) -> bool:
        if (lowered := raw.lower()) in _TRUE:
            return True
        if lowered in _FALSE:
            return False
        raise ValueError("Use true or false.")

    return _declare(name, "true | false", default, help, parse)


def integer(name: str, default: int, help: str, *, least: int = 0, most: int = 2**31) -> int:
    """Read a whole number between `least` and `most`."""

    def parse(raw: str) -> int:
        if not least <= (value := int(raw)) <= most:
            raise ValueError(f"It must lie between {least} and {most}.")
        return value

    return _declare(name, "integer", default, help, parse)


def seconds(name: str, default: float, help: str, *, least: float = 0.0, most: float = 86_400 * 366) -> float:
    """Read a duration in seconds, fractions allowed."""

    def parse(raw: str) -> float:
        if not least <= (value := float(raw)) <= most:
            raise ValueError(f"It must lie between {least} and {most} seconds.")
        return value

    return _declare(name, "seconds", default, help, parse)


def number(name: str, default: float, help: str, *, least: float, most: float) -> float:
    """Read a number between `least` and `most`, fractions allowed."""

    def parse(raw: str) -> float:
        if not least <= (value := float(raw)) <= most:
            raise ValueError(f"It must lie between {least:g} and {most:g}.")
        return value

    return _declare(name, "number", default, help, parse)


def ratio(name: str, default: float, help: str) -> float:
    """Read a number between 0 and 1."""

    def parse(raw: str) -> float:
        if not 0.0 <= (value := float(raw)) <= 1.0:
            raise ValueError("It must lie between 0 and 1.")
        return value

    return _declare(name, "0..1", default, help, parse)


def listing(name: str, default: list[str], help: str) -> list[str]:
    """Read a comma-separated list; blanks around items are dropped."""
    return _declare(
        name, "comma-separated", default, help, lambda raw: [s.strip() for s in raw.split(",") if s.strip()]
    )


def secret(name: str, default: str, help: str) -> str:
    """Read a secret from `NAME`, or from the file that `NAME_FILE` names (container secrets)."""
    value = _declare(name, "secret (or NAME_FILE)", "", help, str, secret=True)
    return _of_file(name) or value or default


def _of_file(name: str) -> str | None:
    """What the file says that `NAME_FILE` names; None without that variable."""
    if not (path := os.environ.get(f"{name}_FILE")):
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path!r}: {error.strerror}") from error


def secret_url(name: str, default: str, help: str) -> str:
    """Read an address that may hold a password from `NAME`, or from the file that `NAME_FILE` names."""
    value = _declare(name, "URL (or NAME_FILE)", default, help, str, secret=True)
    return _of_file(name) or value


def database(name: str, default: str, help: str) -> dict[str, object]:
    """Read a `postgres://user:password@host:port/name` URL, or that of `NAME_FILE`, as Django's settings."""

    def parse(raw: str) -> str:
        if urlsplit(raw).scheme not in {"postgres", "postgresql"}:
            raise ValueError("Use postgres://user:password@host:port/name.")
        return raw

    kind = "postgres:// URL (or NAME_FILE)"
    url = _declare(name, kind, default, help, parse, secret=True)
    if told := _of_file(name):
        url = _parsed(f"{name}_FILE", kind, told, parse, secret=True)
    parts = urlsplit(url)
    return {
        "ENGINE": "django_prometheus.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }
