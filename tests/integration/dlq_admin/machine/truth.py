"""What happened, as the database itself tells it row by row, and what must hold whatever happened."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from dlq_admin.models import BatchItem, DeadLetter, LetterLine, LetterPayload, RedriveBatch
from heimdall_project.accounts.models import AuditEvent
from heimdall_project.streams.models import RedriveOutcome
from heimdall_project.streams.records import Outgoing

from ..letters import assert_counted
from .office import Office

LETTERS, BATCHES, ITEMS = "dead_letters", "redrive_batches", "redrive_items"
EDGES = {
    LETTERS: "-PENDING PENDING-APPROVED PENDING-DISCARDED APPROVED-PENDING APPROVED-DISCARDED "
    "APPROVED-REPROCESSING REPROCESSING-PUBLISHED REPROCESSING-RESOLVED REPROCESSING-FAILED_AGAIN "
    "PUBLISHED-RESOLVED PUBLISHED-FAILED_AGAIN FAILED_AGAIN-APPROVED FAILED_AGAIN-DISCARDED",
    BATCHES: "-PROPOSED PROPOSED-RUNNING PROPOSED-REJECTED PROPOSED-CANCELLED RUNNING-PAUSED RUNNING-STOPPED "
    "RUNNING-DONE RUNNING-CANCELLED PAUSED-RUNNING PAUSED-CANCELLED STOPPED-RUNNING STOPPED-CANCELLED",
    ITEMS: "-WAITING WAITING-SENDING WAITING-SKIPPED SENDING-PUBLISHED SENDING-RESOLVED SENDING-FAILED "
    "PUBLISHED-RESOLVED PUBLISHED-FAILED",
}
"""As docs/dead-letters.md draws them."""
STEERED = {
    "RUNNING-PAUSED": "dlq.pause", "PAUSED-RUNNING": "dlq.resume", "STOPPED-RUNNING": "dlq.resume",
    "PROPOSED-CANCELLED": "dlq.cancel", "RUNNING-CANCELLED": "dlq.cancel", "PAUSED-CANCELLED": "dlq.cancel",
    "STOPPED-CANCELLED": "dlq.cancel", "PROPOSED-REJECTED": "dlq.reject",
}  # fmt: skip
ON_THE_WAY = {"WAITING", "SENDING", "PUBLISHED"}
SPY = """
CREATE TEMP TABLE moves (id bigserial, kind text, row bigint, was text, now text);
CREATE FUNCTION pg_temp.spy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE was text := ''; now text := ''; row bigint;
BEGIN
    IF TG_OP <> 'INSERT' THEN was := OLD.state; row := OLD.id; END IF;
    IF TG_OP <> 'DELETE' THEN now := NEW.state; row := NEW.id; END IF;
    IF was <> now THEN
        INSERT INTO moves (kind, row, was, now) VALUES (TG_TABLE_NAME, row, was, now);
    END IF;
    RETURN NULL;
END $$;
"""
SPY_ON = (
    "CREATE TRIGGER spy AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION pg_temp.spy()"
)


def spy() -> None:
    """Have the database write down each change of a state until the end of the test's transaction."""
    with connection.cursor() as sql:
        sql.execute(SPY + ";".join(SPY_ON.format(table) for table in EDGES))


@dataclass
class Frozen:
    """A letter as a batch froze it."""

    item: int
    batch: int
    letter: int
    attempt: int
    key: bytes | None
    value: bytes | None
    sent: bool = False


class Truth:
    """What is known of letters, batches and items, kept beside the product."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.now: dict[tuple[str, int], str] = {}
        self.path: dict[int, list[str]] = {}
        """Moves of letters."""
        self.turns: Counter[tuple[int, str]] = Counter()
        """Moves of batches."""
        self.kept: dict[int, tuple[Any, ...]] = {}
        """Bytes of letters, when they were seen first."""
        self.frozen: dict[str, Frozen] = {}
        """By redrive id."""
        self._claimed: set[int] = set()
        """Items that were taken since the last check."""
        self._approvers = self.office.approvers()
        self._moves = self._lines = self._audit = 0
        self._told: dict[int, list[str]] = {}
        self._acts: Counter[tuple[str, str]] = Counter()
        self._decided: Counter[tuple[str, str]] = Counter()

    # --- looking ------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Follow what moved since the last look; every move is one that may be."""
        with connection.cursor() as sql:
            sql.execute("SELECT id, kind, row, was, now FROM moves WHERE id > %s ORDER BY id", [self._moves])
            moves = sql.fetchall()
        for self._moves, kind, row, was, now in moves:
            assert self.now.get((kind, row), "") == was
            if kind == LETTERS and not now:
                assert was in self.office.deletes, f"a letter went that was {was}"
                for known in (self.path, self.kept, self._told):
                    known.pop(row, None)
                del self.now[kind, row]
                continue
            if kind == ITEMS and not now:  # a transform does not fit it: it never was part of the set
                assert was == "WAITING" and row not in {each.item for each in self.frozen.values()}
                del self.now[kind, row]
                continue
            assert f"{was}-{now}" in EDGES[kind].split(), f"{kind} {row}: {was} → {now}"
            self.now[kind, row] = now
            if kind == LETTERS:
                self.path.setdefault(row, []).append(f"{was}-{now}")
            elif kind == BATCHES:
                self.turns[row, f"{was}-{now}"] += 1
            elif now == "SENDING":
                self._claimed.add(row)
        self._freeze()

    def _freeze(self) -> None:
        known = {each.item for each in self.frozen.values()}
        for item in BatchItem.objects.exclude(pk__in=known).select_related("letter__payload", "bytes"):
            own = item.letter.payload
            changed = getattr(item, "bytes", None)
            self.frozen[item.redrive_id] = Frozen(
                item=item.pk,
                batch=item.batch_id,
                letter=item.letter_id,
                attempt=item.attempt,
                key=_bytes(own.key),
                value=_bytes(own.value if changed is None else changed.value),
            )

    def goes_out(self, record: Outgoing) -> None:
        """A redrive is published: is it one that two people wanted?"""
        redrive_id = dict(record.headers).get("redrive_id")
        if not redrive_id or record.topic == "dlq.failed":
            return
        self.look()
        sent = self.frozen[redrive_id.decode()]
        assert (record.key, record.value) == (sent.key, sent.value), (
            "other bytes than those that were approved"
        )
        if not sent.sent:
            states = self.now[ITEMS, sent.item], self.now[LETTERS, sent.letter]
            given_up = self.now[BATCHES, sent.batch] == "CANCELLED" and states[0] == "FAILED"
            assert states == ("SENDING", "REPROCESSING") or given_up, f"sent while {states}"
            assert sent.attempt == self.attempt(sent.letter) - given_up < settings.DLQ_MAX_ATTEMPTS
            assert self.turns[sent.batch, "PROPOSED-RUNNING"]
        sent.sent = True

    def so_far(self) -> int:
        """A number that grows with each move."""
        self.look()
        return self._moves

    def attempt(self, letter: int) -> int:
        """How often it failed."""
        return 1 + sum(move.endswith("-FAILED_AGAIN") for move in self.path[letter])

    # --- promises -----------------------------------------------------------------------------------------

    def check(self) -> None:
        """What must hold after each step."""
        self.look()
        self._check_letters()
        self._check_bytes()
        self._check_histories()
        self._check_batches()
        self._check_rights()
        self._check_audit()
        assert_counted()
        connection.check_constraints()

    def _check_letters(self) -> None:
        rows = DeadLetter.objects.values_list("pk", "state", "attempt", "batch_id", "redrive_id")
        assert {row[0] for row in rows} == set(self.path), "a letter is lost"
        ways = {(f.letter, f.batch): self.now[ITEMS, f.item] for f in self.frozen.values()}
        for pk, state, attempt, batch, redrive_id in rows:
            assert self.now[LETTERS, pk] == state
            assert attempt == self.attempt(pk)
            assert attempt <= settings.DLQ_MAX_ATTEMPTS
            if batch is None:
                assert state not in ("REPROCESSING", "PUBLISHED")
            else:
                assert ways[pk, batch] in ON_THE_WAY, f"letter {pk} is {state}, held by a batch that is done"
            if state in ("PUBLISHED", "RESOLVED"):
                assert self.frozen[redrive_id].sent

    def _check_bytes(self) -> None:
        for pk, *parts in LetterPayload.objects.values_list("pk", "key", "value", "headers"):
            now = tuple(map(_bytes, parts))
            assert self.kept.setdefault(pk, now) == now, "bytes of a letter changed"
            assert pk in self.path

    def _check_histories(self) -> None:
        lines = LetterLine.objects.filter(pk__gt=self._lines, letter_id__in=list(self.path)).order_by("pk")
        for line in lines:
            self._lines = line.pk
            if line.from_state != line.to_state:
                self._told.setdefault(line.letter_id, []).append(f"{line.from_state}-{line.to_state}")
            singly = not line.note.startswith("in batch")
            if line.actor in self.office.names and line.event in ("approve", "discard") and singly:
                self._decided[f"dead letter {line.letter_id}", f"dlq.{line.event}"] += 1
        assert self._told == self.path, "histories tell something else than what happened"

    def _check_batches(self) -> None:
        batches = RedriveBatch.objects.select_related("proposed_by", "approved_by", "second_approved_by")
        for batch in batches.exclude(approved_by=None):
            assert batch.approved_by and batch.approved_hash == batch.set_hash
            assert batch.break_glass or batch.approved_by != batch.proposed_by
            signed = f"{batch.pk} {batch.set_hash}{' glass' * batch.break_glass}"
            mine = [each for each in self.frozen.values() if each.batch == batch.pk]
            singly = {(batch.approved_by.username, f"{each.letter} {each.attempt}") for each in mine}
            assert (batch.approved_by.username, signed) in self.office.signed or singly <= self.office.signed
            if batch.needs_second and batch.state not in ("PROPOSED", "REJECTED", "CANCELLED"):
                assert batch.second_approved_by
                assert (batch.second_approved_by.username, signed) in self.office.signed
            assert batch.size == len(mine)

    def _check_rights(self) -> None:
        """What was taken to be sent was so while those who approved it might."""
        now, before = self.office.approvers(), self._approvers
        batches = RedriveBatch.objects.filter(items__in=self._claimed, break_glass=False).distinct()
        for names in batches.values_list("approved_by__username", "second_approved_by__username"):
            assert {name for name in names if name} <= now | before, (
                "sent though its approver may not any more"
            )
        self._approvers = now
        self._claimed.clear()

    def _check_audit(self) -> None:
        new = AuditEvent.objects.filter(pk__gt=self._audit, kind="intent").order_by("pk")
        for self._audit, action, target in new.values_list("pk", "action", "target"):
            self._acts[target, action] += 1
        wanted = Counter(self._decided)
        for (batch, move), times in self.turns.items():
            if move in STEERED:
                wanted[f"redrive batch {batch}", STEERED[move]] += times
        assert wanted <= self._acts, "a decision without its act in the audit trail"
        begun = sum(times for (_, move), times in self.turns.items() if move == "-PROPOSED")
        asked = sum(
            self._acts[key] for key in self._acts if key[1] in ("dlq.propose", "dlq.edit", "dlq.reprocess")
        )
        assert begun <= asked

    def check_handled(self, handled: dict[str, list[bytes]], excused: dict[str, int]) -> None:
        """Each redrive was handled once at most, with the bytes that were approved."""
        for pk, redrive_id in DeadLetter.objects.filter(state="RESOLVED").values_list("pk", "redrive_id"):
            assert redrive_id in handled, f"letter {pk} is RESOLVED and was not handled"
        for redrive_id, values in handled.items():
            assert len(values) <= 1 + excused.get(redrive_id, 0), f"redrive {redrive_id} was handled twice"
            assert set(values) == {self.frozen[redrive_id].value}

    def unknown(self) -> set[int]:
        """Batches of which something is under way though nothing happens any more: an unsafe worker died at
        it, so that nobody knows how it ended."""
        left = {i: f for i, f in self.frozen.items() if self.now[ITEMS, f.item] in ("SENDING", "PUBLISHED")}
        begun = RedriveOutcome.objects.filter(redrive_id__in=left, status="started")
        assert set(begun.values_list("redrive_id", flat=True)) == set(left), "sent, and no end comes"
        return {each.batch for each in left.values()}

    def check_end(self) -> None:
        """Nothing is stuck after everybody has done what they could."""
        states = Counter(state for (kind, _), state in self.now.items() if kind == LETTERS)
        assert not states["REPROCESSING"] + states["PUBLISHED"], "letters without an end"
        for (kind, row), state in self.now.items():
            if kind == BATCHES:
                assert state in ("DONE", "CANCELLED", "REJECTED", "PROPOSED"), f"batch {row} is {state}"
        items = {f.item for f in self.frozen.values() if self.now[BATCHES, f.batch] in ("DONE", "CANCELLED")}
        assert not {self.now[ITEMS, item] for item in items} & ON_THE_WAY
        assert not DeadLetter.objects.exclude(batch=None).exists()


def _bytes(data: bytes | memoryview | None) -> bytes | None:
    return None if data is None else bytes(data)
