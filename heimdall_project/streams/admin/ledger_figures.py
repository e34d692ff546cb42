"""What stands above the rows of the ledger: whether it balances, what is in flight, and a plot by minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils.timezone import localtime

from .. import ledger
from ..balance import Balance, Position
from ..ledger import Pair, Step
from ..outcomes import Outcome
from .windows import WINDOWS, Window

NAMES = {
    Outcome.STORED: "Stored",
    Outcome.DUPLICATE: "Duplicates",
    Outcome.DEAD_LETTERED: "Dead letters",
    Outcome.DROPPED: "Dropped by rule",
}


class Tile(NamedTuple):
    """One number."""

    key: str
    title: str
    number: str
    note: str = ""
    colour: str = "default"


def panel(pair: Pair | None, window: Window, now: datetime) -> dict[str, Any]:
    """All that is shown of a pair; without one, only that there is none."""
    shown = {"pair": pair, "pairs": ledger.pairs(), "window": window, "windows": list(WINDOWS.values())}
    if pair is None:
        return shown
    until = _ceiling(now, window.step)
    balance = ledger.ledger_balance(pair=pair)
    steps = ledger.ledger_steps(
        pair=pair, since=until - window.span, until=until, step=window.step, balance=balance
    )
    return {
        **shown,
        "balance": balance,
        "tiles": _tiles(balance, steps, window, now),
        "partitions": _partitions(balance, now),
        "rules": sorted(sum((step.rules for step in steps), start=type(steps[0].rules)()).items()),
        "series": _series(balance, steps, window, now),
        "rows": _rows(steps, window),
        "said": _said(balance, steps, window),
        "at": localtime(now),
    }


def _ceiling(at: datetime, step: timedelta) -> datetime:
    """The end of the step that a moment lies in; steps are counted from midnight."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + step * ((at - midnight) // step + 1)


def _tiles(balance: Balance, steps: Sequence[Step], window: Window, now: datetime) -> list[Tile]:
    accepted = [step.accepted for step in steps]
    known = [number for number in accepted if number is not None]
    note = f"last {window.name}"
    complete = note if len(known) == len(accepted) else f"{note}, as far as the broker tells"
    tiles = [Tile("accepted", "Accepted", _number(sum(known)) if known else "?", complete, "primary")]
    for outcome, colour in zip(NAMES, ("success", "info", "danger", "warning"), strict=True):
        count = sum(step.outcomes[outcome] for step in steps)
        tiles.append(Tile(outcome.value, NAMES[outcome], _number(count), note, colour))
    oldest, flight = balance.oldest, balance.in_flight
    tiles.append(Tile("in-flight", "In flight", "?" if flight is None else _number(flight), "now, measured"))
    moved = "-" if oldest is None else _ago(oldest, now)
    idle = "no cursor yet" if flight else "nothing waits"
    place = idle if oldest is None else f"partition {oldest.partition}"
    tiles.append(Tile("oldest", "Oldest cursor moved", moved, place))
    return tiles


def _partitions(balance: Balance, now: datetime) -> list[dict[str, Any]]:
    most = max((each.in_flight or 0 for each in balance.positions), default=0) or 1
    return [
        {
            "at": each,
            "share": round(100 * (each.in_flight or 0) / most),
            "moved": _ago(each, now),
            "problems": list(each.problems(balance.topic_id)),
        }
        for each in balance.positions
    ]


def _ago(position: Position, now: datetime) -> str:
    if position.moved_at is None:
        return "never"
    seconds = max(0, int((now - position.moved_at).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _series(balance: Balance, steps: Sequence[Step], window: Window, now: datetime) -> dict[str, Any]:
    """What the plots are drawn from. The second one grows in the page, a point each time."""
    oldest = balance.oldest
    waits = (now - oldest.moved_at).total_seconds() if oldest and oldest.moved_at else 0.0
    return {
        "labels": [f"{localtime(step.at):{window.clock}}" for step in steps],
        "accepted": [step.accepted for step in steps],
        **{outcome.value: [step.outcomes[outcome] for step in steps] for outcome in NAMES},
        "each": window.each,
        "now": {
            "at": f"{localtime(now):%H:%M:%S}",
            "in_flight": balance.in_flight,
            "oldest": round(max(0.0, waits), 1),
        },
    }


def _rows(steps: Sequence[Step], window: Window) -> list[dict[str, Any]]:
    """The table: steps in which something happened, newest first."""
    return [
        {
            "at": f"{localtime(step.at):{window.clock}}",
            "accepted": "" if step.accepted is None else _number(step.accepted),
            "counts": [_number(step.outcomes[outcome]) for outcome in NAMES],
            "sources": ", ".join(f"{name} {_number(n.total())}" for name, n in sorted(step.sources.items())),
        }
        for step in reversed(steps)
        if step.accepted or step.counted
    ]


def _said(balance: Balance, steps: Sequence[Step], window: Window) -> str:
    """All of it in one sentence, for those who do not see it."""
    counted = sum(step.counted for step in steps)
    flight = "unknown" if balance.in_flight is None else _number(balance.in_flight)
    even = f"{len(balance.problems)} partitions do not balance" if balance.problems else "the books balance"
    return f"{window.title}: {_number(counted)} records came to an end; in flight now: {flight}; {even}."


def _number(value: int) -> str:
    return f"{value:,}"
