"""`manage.py consumer pause|resume|start|skip|override|anew WORKER ...`: orders to workers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused, TransientError
from heimdall_project.streams import control


class Command(BaseCommand):
    """Give an order to a worker, as a person who may give it."""

    help = "Pause, resume or start a worker, skip one record, or let a flood through. Every order is audited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand an order."""
        orders = parser.add_subparsers(dest="order", required=True, metavar="ORDER")
        for name, meaning in {
            "pause": "take in nothing more until it is resumed",
            "resume": "go on after a pause",
            "start": "start it again after it stopped on purpose",
            "skip": "pass one record by, to the dead letters",
            "override": "let a flood of invalid records through for a while",
            "anew": "close the books of a topic that was deleted and made anew, and begin with the new one",
        }.items():
            order = orders.add_parser(name, help=meaning)
            order.add_argument("worker", metavar="WORKER")
            order.add_argument("--user", required=True, metavar="NAME", help="Who gives the order.")
            order.add_argument("--reason", required=True, metavar="TEXT", help="Why.")
            if name == "skip":
                order.add_argument("--topic", required=True)
                order.add_argument("--partition", required=True, type=int)
                order.add_argument("--offset", required=True, type=int)
            if name == "anew":
                order.add_argument("--topic", required=True)
            if name == "override":
                order.add_argument("--minutes", type=int, default=15)

    def handle(self, *args: Any, order: str, worker: str, user: str, reason: str, **options: Any) -> None:
        """Give the order."""
        who_what_why: dict[str, Any] = {"actor": _person(user), "worker": worker, "reason": reason}
        try:
            if order == "pause":
                control.consumer_pause(**who_what_why)
            elif order == "resume":
                control.consumer_resume(**who_what_why)
            elif order == "start":
                control.consumer_start(**who_what_why)
            elif order == "override":
                control.flood_override(**who_what_why, minutes=options["minutes"])
            elif order == "anew":
                control.topic_begin_anew(**who_what_why, topic=options["topic"])
            else:
                place = {name: options[name] for name in ("topic", "partition", "offset")}
                control.record_skip(**who_what_why, **place)
        except Refused as refused:
            more = "".join(f"\n  {field}: {problem}" for field, problem in refused.errors.items())
            raise CommandError(f"{refused.detail}{more}") from None
        except TransientError as error:
            raise CommandError(f"The order was not given: {error}") from None
        self.stdout.write(f"{worker}: order to {order} given; it takes effect with the next heartbeat.")


def _person(name: str) -> User:
    try:
        return User.objects.get(username=name, is_active=True)
    except User.DoesNotExist:
        raise CommandError(f"There is no active user {name!r}.") from None
