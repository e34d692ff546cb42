"""Templates to log excerpts. The same logs every time: whoever seeds twice gets nothing new."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

SERVICES = Path(__file__).parent / "services"
BEGIN = datetime(2026, 11, 16, 6, tzinfo=UTC)
SPAN = timedelta(days=5)
CALM = 0.45
"""Share of excerpts in which nothing is wrong."""
_PLACEHOLDER = re.compile(r"\{\{(?:(?P<name>\w+):)?(?P<kind>\w+)(?: (?P<arguments>[^{}]*))?\}\}")
_USERS = ("ada", "grace", "edsger", "barbara", "linus", "margaret", "dennis", "radia", "alan", "frances")


class DemoLog(NamedTuple):
    """One excerpt."""

    service_name: str
    environment: str
    logged_at: datetime
    content: str
    is_calm: bool


def demo_logs(*, each: int = 40) -> list[DemoLog]:
    """`each` excerpts of every service, in order of time."""
    logs = [log for path in sorted(SERVICES.glob("*.toml")) for log in _of_service(path, each)]
    return sorted(logs, key=lambda log: log.logged_at)


def _of_service(path: Path, number: int) -> Iterator[DemoLog]:
    service: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    for index in range(number):
        draw = Random(f"{path.stem} {index}")  # noqa: S311 - the same every time, on purpose
        begin = BEGIN + SPAN * (index + draw.random()) / number
        incident = None if draw.random() < CALM else draw.choice(service["incident"])
        yield DemoLog(
            service_name=path.stem,
            environment=draw.choice(service["environments"]),
            logged_at=begin,
            content="\n".join(_records(service, incident, begin, draw)),
            is_calm=incident is None,
        )


def _records(
    service: Mapping[str, Any], incident: Mapping[str, Any] | None, begin: datetime, draw: Random
) -> Iterator[str]:
    usual = service["ordinary"]  # the first are the most frequent
    templates = draw.choices(usual, [1 / place for place in range(1, len(usual) + 1)], k=draw.randint(12, 40))
    if incident:  # it begins in the middle of ordinary work, and its records come in their order
        where = draw.randint(4, len(templates))
        times = draw.randint(1, 3)
        templates[where:where] = [each for each in incident["records"] for _ in range(draw.randint(1, times))]
    moment, known = begin, dict[str, str]()
    for template in templates:
        moment += timedelta(milliseconds=draw.expovariate(1 / 900))
        yield _fill(template.strip("\n"), _stamp(moment, service["stamp"]), known, draw)


def _stamp(moment: datetime, form: str) -> str:
    return moment.strftime(form.replace("%f", f"{moment.microsecond // 1000:03}"))


def _fill(template: str, time: str, known: dict[str, str], draw: Random) -> str:
    def value(match: re.Match[str]) -> str:
        name, kind, arguments = match["name"], match["kind"], match["arguments"] or ""
        if kind == "time":
            return time
        if kind in known:
            return known[kind]
        made = _make(kind, arguments, draw)
        return known.setdefault(name, made) if name else made

    return _PLACEHOLDER.sub(value, template)


def _make(kind: str, arguments: str, draw: Random) -> str:
    match kind:
        case "int":
            low, high = map(int, arguments.split())
            return str(draw.randint(low, high))
        case "hex":
            return f"{draw.getrandbits(4 * int(arguments)):0{arguments}x}"
        case "uuid":
            digits = f"{draw.getrandbits(128):032x}"
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        case "ip":  # ranges reserved for documentation
            return f"{draw.choice(('192.0.2', '198.51.100', '203.0.113'))}.{draw.randint(1, 254)}"
        case "user":
            return draw.choice(_USERS)
        case "pick":
            return draw.choice(arguments.split("|"))
        case _:
            raise ValueError(f"unknown placeholder {{{{{kind} {arguments}}}}}")
