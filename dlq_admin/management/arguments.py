"""What `manage.py dlq` can be told."""

from argparse import SUPPRESS, ArgumentParser
from typing import Any

from ..services import OPEN_IN_WORDS
from ..states import GROUPS, Disposition, State

STATES = [*(state.value for state in State), *GROUPS]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the actions."""
    _everywhere(parser)
    parser.set_defaults(url="", user="", json=False)
    actions: Any = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, help: str) -> ArgumentParser:
        # Made anew and not by `add_parser` of Django, which would add its own options once more.
        made: ArgumentParser = actions.add_parser(name, help=help)
        _everywhere(made)
        return made

    listed = action("list", "dead letters, the latest failure first")
    _filters(listed)
    listed.add_argument("--limit", type=int, default=50, help="Rows at most.")
    shown = action("show", "one dead letter with its history")
    shown.add_argument("id", type=int)
    shown.add_argument("--payload", action="store_true", help="And its bytes; the look is written down.")
    action("stats", "how many stand where")
    causes = action("clusters", "causes that have open letters, the latest failure first")
    causes.add_argument("--limit", type=int, default=50, help="Rows at most.")
    _add_acts(action)


def _everywhere(parser: ArgumentParser) -> None:
    """Options that stand before the action or behind it: where one is not given, it says nothing."""
    add = parser.add_argument
    add("--url", default=SUPPRESS, help="Of the web door; by default HEIMDALL_URL.")
    add("--user", default=SUPPRESS, help="As whom; by default HEIMDALL_USER.")
    add("--json", action="store_true", default=SUPPRESS, help="Answers as the API gives them.")


def _add_acts(action: Any) -> None:
    propose = action("propose", "freeze a set, for another person to approve")
    _chosen(propose)
    propose.add_argument("--transform", default="", help="`name/version` of a registered transform.")
    propose.add_argument("--rate", type=float, help="Letters a second.")
    propose.add_argument("--canary", type=int, help="Letters that go first, alone.")
    approve = action("approve", "agree to a batch that another proposed")
    approve.add_argument("batch", type=int)
    approve.add_argument("--set-hash", default="", help="Of the set that was looked at; without it, it asks.")
    approve.add_argument("--break-glass", action="store_true", help="One's own, where that is allowed.")
    _why(approve)
    redrive = action("redrive", "send letters again that other people approved one by one")
    _chosen(redrive)
    batch = action("batch", "one batch, how far it is, and what held up its letters")
    batch.add_argument("batch", type=int)
    report = action("report", "the outcome of each letter of a batch, as CSV, or JSON lines with --json")
    report.add_argument("batch", type=int)
    cleanup = action("cleanup", "delete old dead letters, or their bytes")
    cleanup.add_argument("--payloads-older-than-days", type=int, metavar="N")
    cleanup.add_argument("--rows-older-than-days", type=int, metavar="N")
    cleanup.add_argument("--open-too", action="store_true", help="Also what nobody has decided about.")
    cleanup.add_argument("--in-words", default="", help=f'With --open-too: "{OPEN_IN_WORDS}".')
    _why(cleanup)


def _filters(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--state", action="append", choices=STATES, default=[])
    add("--disposition", action="append", choices=[each.value for each in Disposition], default=[])
    add("--cluster", help="Id of the cause.")
    add("--topic")
    add("--group")
    add("--error-class")
    add("--event-id")
    add("--since", metavar="TIME", help="ISO 8601.")
    add("--until", metavar="TIME", help="ISO 8601.")


def _chosen(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="None: those the filters let through.")
    _filters(parser)
    _why(parser)


def _why(parser: ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, metavar="TEXT", help="Why; kept in the audit trail.")
    parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")


def filters_of(options: dict[str, Any]) -> dict[str, Any]:
    """Filters that were given, by the names that the API has for them."""
    names = (
        "state", "disposition", "cluster", "topic", "group", "error_class", "event_id", "since", "until"
    )  # fmt: skip
    return {name: options[name] for name in names if options[name] not in (None, [], "")}
