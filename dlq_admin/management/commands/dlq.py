"""`manage.py dlq ACTION`: dead letters from a terminal, through the API, as the person whose name it bears.

It goes through the API and not to the tables, so that rights, approvals and the audit trail are the same.
"""

import getpass
import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ..arguments import add_arguments, filters_of
from ..printing import listing, table
from ..remote import Remote

LISTED = ("id", "state", "attempt", "topic", "group", "error_class", "failed_at", "error_message")
CAUSES = ("id", "total", "pending", "failed_again", "topic", "group", "error_class", "last_seen", "message")
HISTORY = ("at", "event", "from_state", "to_state", "attempt", "actor", "note")
TRIED = ("letter", "passes", "obstacle", "violations")


class Command(BaseCommand):
    """Look at dead letters, and act on them."""

    help = (
        "Dead letters, through the API as a person: HEIMDALL_URL, HEIMDALL_USER, HEIMDALL_PASSWORD, or --url "
        "and --user."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        add_arguments(parser)

    def handle(self, *, action: str, **options: Any) -> None:
        """Do one."""
        user = options["user"] or settings.HEIMDALL_USER
        if not user:
            raise CommandError("As whom? Set HEIMDALL_USER or --user.")
        self._remote = Remote(
            url=options["url"] or settings.HEIMDALL_URL, user=user, password=self._password(user)
        )
        self._as_json: bool = options["json"]
        getattr(self, f"_{action}")(options)

    def _password(self, user: str) -> str:
        if settings.HEIMDALL_PASSWORD:
            password: str = settings.HEIMDALL_PASSWORD
            return password
        if not sys.stdin.isatty():
            raise CommandError(f"With which password? Set HEIMDALL_PASSWORD, or ask {user} at a terminal.")
        return getpass.getpass(f"Password of {user}: ")

    def _tell(self, answer: Any, text: str) -> None:
        self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) if self._as_json else text)

    # --- looking ------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        rows = list(self._remote.pages("dlq", filters_of(options), most=max(1, options["limit"])))
        self._tell(rows, table(rows, LISTED))

    def _clusters(self, options: dict[str, Any]) -> None:
        rows = list(self._remote.pages("dlq/clusters", {"open": "true"}, most=max(1, options["limit"])))
        self._tell(rows, table(rows, CAUSES))

    def _show(self, options: dict[str, Any]) -> None:
        address = f"dlq/{options['id']}"
        answer = {"letter": self._remote.get(address), "history": self._remote.get(f"{address}/history")}
        text = f"{listing(answer['letter'])}\n\n{table(answer['history'], HISTORY)}"
        if options["payload"]:
            answer["payload"] = payload = self._remote.get(f"{address}/payload")
            contents = {name: payload[name]["content"] for name in ("key", "value")}
            headers = {each["name"]: each["content"] for each in payload["headers"] or ()}
            text += f"\n\n{listing({**contents, **{f'header {n}': v for n, v in headers.items()}})}"
        self._tell(answer, text)

    def _stats(self, options: dict[str, Any]) -> None:
        answer = self._remote.get("dlq/stats")
        facts = {name: value for name, value in answer.items() if not isinstance(value, dict | list)}
        self._tell(answer, "\n\n".join([listing(facts), listing(answer["by_state"])]))

    def _batch(self, options: dict[str, Any]) -> None:
        answer = self._remote.get(f"dlq/batches/{options['batch']}")
        facts = {name: value for name, value in answer.items() if name != "progress"}
        self._tell(answer, listing({**facts, **answer["progress"]}))

    def _report(self, options: dict[str, Any]) -> None:
        kind = "json" if self._as_json else "csv"
        report = self._remote.raw(f"dlq/batches/{options['batch']}/report", {"format": kind})
        self.stdout.write(report.decode(), ending="")

    # --- acting -------------------------------------------------------------------------------------------

    def _propose(self, options: dict[str, Any]) -> None:
        chosen = _chosen(options)
        if options["dry_run"]:
            self._try(self._remote.post("dlq/dry-run", chosen | {"transform": options["transform"]}))
            return
        pace = {name: options[name] for name in ("rate", "canary") if options[name] is not None}
        body = chosen | pace | {"reason": options["reason"], "transform": options["transform"]}
        self._tell_batch(self._remote.post("dlq/batches", body))

    def _approve(self, options: dict[str, Any]) -> None:
        address = f"dlq/batches/{options['batch']}"
        if options["dry_run"]:
            self._try(self._remote.get(f"{address}/dry-run", {"limit": 500}))
            return
        seen = options["set_hash"] or self._confirmed(self._remote.get(address))
        body = {"reason": options["reason"], "set_hash": seen, "break_glass": options["break_glass"]}
        self._tell_batch(self._remote.post(f"{address}/approve", body))

    def _confirmed(self, batch: dict[str, Any]) -> str:
        """The hash of the set, once the person at the terminal has looked at it."""
        self.stderr.write(listing({name: batch[name] for name in ("id", "proposed_by", "reason", "size")}))
        if not sys.stdin.isatty():
            raise CommandError("Which set? Give --set-hash, as `manage.py dlq batch` shows it.")
        if input("Send these again? [y/N] ").strip().lower() != "y":
            raise CommandError("Nothing was approved.")
        found: str = batch["set_hash"]
        return found

    def _redrive(self, options: dict[str, Any]) -> None:
        chosen = _chosen(options)
        if options["dry_run"]:
            self._try(self._remote.post("dlq/dry-run", chosen))
            return
        answer = self._remote.post("dlq/reprocess", chosen | {"reason": options["reason"]})
        batches = table(answer["batches"], ("id", "state", "size", "approved_by"))
        refused = table(answer["refused"], ("id", "status", "detail")) if answer["refused"] else ""
        self._tell(answer, f"{batches}\n\nNot sent:\n{refused}" if refused else batches)

    def _cleanup(self, options: dict[str, Any]) -> None:
        body = {name: options[name] for name in ("reason", "open_too", "in_words", "dry_run")}
        for name in ("payloads_older_than_days", "rows_older_than_days"):
            if options[name] is not None:
                body[name] = options[name]
        answer = self._remote.post("dlq/cleanup", body)
        would = "would be deleted" if answer["dry_run"] else "deleted"
        text = f"Bytes of {answer['payloads']} letters and {answer['rows']} letters {would}."
        self._tell(answer, f"{text} There is more: call it again." if answer["more"] else text)

    def _try(self, trial: dict[str, Any]) -> None:
        rows = [
            {**each, "violations": "; ".join(f"{v['path']} {v['rule']}" for v in each["violations"])}
            for each in trial["letters"]
            if each["obstacle"] or each["passes"] is False
        ]
        facts = {name: trial[name] for name in ("passing", "failing", "held_up")}
        places = table(trial["places"], ("topic", "topic_exists", "consumer", "runs", "effects"))
        parts = [listing(facts), places, *([table(rows, TRIED)] if rows else [])]
        if trial["after"]:
            parts.append(f"These are the first {len(trial['letters'])} letters; there are more.")
        self._tell(trial, "\n\n".join(parts))

    def _tell_batch(self, batch: dict[str, Any]) -> None:
        shown = ("id", "state", "size", "change", "proposed_by", "approved_by", "needs_second", "set_hash")
        self._tell(batch, listing({name: batch[name] for name in shown}))


def _chosen(options: dict[str, Any]) -> dict[str, Any]:
    """Letters by their ids, or by filters: never all of them by an oversight."""
    filters = filters_of(options)
    if bool(options["ids"]) == bool(filters):
        raise CommandError("Which letters? Give ids or filters, and not both.")
    return {"ids": options["ids"]} if options["ids"] else {"filters": filters}
