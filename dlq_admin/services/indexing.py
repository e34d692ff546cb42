"""Dead letters become rows: each once, whatever it holds and however often it is read."""

from collections.abc import Sequence
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from heimdall_project.observability import metrics
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams import redrive, topics
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.letter_proof import PROOF
from heimdall_project.streams.letter_proof import is_proven as is_written_here
from heimdall_project.streams.records import Record

from ..letters import Facts, KnownTopics, is_of, read
from ..states import MAY_COME_BACK, Event, State, Writer
from .contested import places_contested
from .counting import Move, clusters_count, clusters_ensure
from .lines import Line, lines_add
from .rows import (
    Identity,
    Letter,
    letters_fail_again,
    letters_find,
    letters_insert,
    redriven_lock,
    redrives_known,
)

log = get_logger(__name__)
ACTOR = "dlq-indexer"
type Answers = list[Indexed | None]


class Indexed(StrEnum):
    """What became of a dead letter."""

    NEW = "new"
    """It has a row now."""
    RETURNED = "returned"
    """It was sent again and failed again: its row tells of that now."""
    CONTESTED = "contested"
    """It has a row now, and another letter with another record has the same place."""
    DUPLICATE = "duplicate"
    """Its row tells of it already."""


def letters_index(*, records: Sequence[Record]) -> list[Indexed]:
    """Index dead letters in one transaction; answers what became of each, in their order.

    Idempotent by the place of the original record, its group, and what is sent again of it; a letter that
    comes back from a redrive by its redrive id, which counts only with a proof. Refuses no record.
    """
    known = known_topics()
    letters = [_read(record, known) for record in records]
    answers: Answers = [None] * len(letters)
    with transaction.atomic():
        _bring_back(letters, answers)
        while None in answers:
            _add(letters, answers)
    done = [answer for answer in answers if answer is not None]
    for what in Indexed:
        if number := done.count(what):
            metrics.LETTERS_INDEXED.labels(what.value).inc(number)
    return done


def _read(record: Record, known: KnownTopics) -> Letter:
    facts = read(record, known)
    if facts.writer is Writer.HEIMDALL:
        facts.proven = is_written_here(record)
        if not facts.proven and record.header(PROOF):
            facts.flaws.append(PROOF)
    return Letter(record, facts)


def known_topics() -> KnownTopics:
    """The catalogue of topics as the reader of letters wants it."""
    origins = {spec.name: spec.dead_letters for spec in topics.specs() if spec.dead_letters}
    return KnownTopics(settings.KAFKA_TOPIC_PREFIX, origins)


def _add(letters: Sequence[Letter], answers: Answers) -> None:
    """One round: letters without an answer get a row, or turn out to have one.

    One whose place another letter has with another record is a rival of that, and left for the next round; so
    is one that another process was faster with.
    """
    todo = [n for n, answer in enumerate(answers) if answer is None]
    taken = letters_find(letters[n].facts.identity for n in todo)
    fresh: dict[Identity, int] = {}
    for n in todo:
        facts = letters[n].facts
        if (digest := taken.get(facts.identity)) is None:
            taken[facts.identity], fresh[facts.identity] = facts.digest, n
        elif is_same(letters[n], digest):
            answers[n] = Indexed.DUPLICATE
        else:
            facts.disputed()
    for identity in _insert([letters[n] for n in fresh.values()]):
        n = fresh[identity]
        answers[n] = Indexed.CONTESTED if letters[n].facts.contested else Indexed.NEW
    for n in todo:  # twins within this batch: answered when the first of them is
        if answers[n] is Indexed.DUPLICATE and (first := fresh.get(letters[n].facts.identity)) is not None:
            answers[n] = Indexed.DUPLICATE if answers[first] else None


def is_same(letter: Letter, digest: bytes) -> bool:
    """Whether the letter with this digest holds the same record, headers that are sent again included."""
    record, facts = letter
    return digest == facts.digest or is_of(
        digest, key=record.key, value=record.value, headers=record.headers, writer=facts.writer
    )


def _insert(letters: Sequence[Letter]) -> list[Identity]:
    """Write these; answers those that nobody else had written meanwhile."""
    if not letters:
        return []
    clusters = clusters_ensure([letter.facts for letter in letters])
    written = letters_insert(letters, clusters)
    lines_add([_line(number, Event.INDEXED, "", facts, 1) for number, facts in written], actor=ACTOR)
    places_contested((facts for _, facts in written), actor=ACTOR)
    moves = [
        Move(clusters[facts.cause], None, State.PENDING, number, facts.failed_at) for number, facts in written
    ]
    clusters_count(moves)
    return [facts.identity for _, facts in written]


def _line(letter: int, event: Event, before: str, facts: Facts, attempt: int) -> Line:
    after = State.PENDING if event is Event.INDEXED else State.FAILED_AGAIN
    hop = (facts.letter_topic, facts.letter_partition, facts.letter_offset)
    note = f"{facts.cause.error_class}: {facts.error_message}" if facts.cause.error_class else ""
    redrive_id = facts.redrive_id if event is Event.FAILED_AGAIN else ""
    return Line(letter, event, before, after, attempt, redrive_id, *hop, note)


# --- letters that come back ------------------------------------------------------------------------------


def _bring_back(letters: Sequence[Letter], answers: Answers) -> None:
    """Letters of redrives that failed go to the rows that were sent again; others are left as they are."""
    proven = _of_redrives(letters)
    rows = redriven_lock(letters[n].facts.redrive_id for n in proven)
    earlier = redrives_known(letters[n].facts.redrive_id for n in proven) - set(rows)
    back: list[int] = []
    for n in proven:
        if letters[n].facts.redrive_id in earlier:  # its letter was sent again once more since
            answers[n] = Indexed.DUPLICATE
        elif (row := rows.get(letters[n].facts.redrive_id)) is not None:
            fits = row.failed_redrive_id != row.redrive_id and row.state in MAY_COME_BACK
            answers[n] = Indexed.RETURNED if fits else Indexed.DUPLICATE
            if fits:
                back.append(n)
                rows[row.redrive_id] = row._replace(failed_redrive_id=row.redrive_id)
    if not back:
        return
    pairs = [(rows[letters[n].facts.redrive_id], letters[n].facts) for n in back]
    clusters = clusters_ensure([facts for _, facts in pairs])
    attempts = letters_fail_again(pairs, clusters)
    again = [_line(row.id, Event.FAILED_AGAIN, row.state, facts, attempts[row.id]) for row, facts in pairs]
    lines_add(again, actor=ACTOR)
    left = [Move(row.cluster, State(row.state), None, row.id) for row, _ in pairs]
    came = [
        Move(clusters[facts.cause], None, State.FAILED_AGAIN, row.id, facts.failed_at) for row, facts in pairs
    ]
    clusters_count([*left, *came])
    log.info("Redriven records failed again", action="letters_failed_again", letters=len(back))


def _of_redrives(letters: Sequence[Letter]) -> list[int]:
    """Letters of redrives: those with a proof of that, and those of ours whose redrive target says so."""
    proven = {n for n, letter in enumerate(letters) if is_proven(letter)}
    by_topic: dict[str, list[int]] = {}
    for n, (_, facts) in enumerate(letters):
        if n not in proven and facts.origin_known and facts.proven:
            by_topic.setdefault(facts.topic, []).append(n)
    for topic, asked in by_topic.items():
        if (target := redrive.target(topic)) is not None:
            found = target.came_of([_as_sent(letters[n]) for n in asked])
            for n, redrive_id in zip(asked, found, strict=True):
                if redrive_id:
                    letters[n].facts.redrive_id = redrive_id
                    proven.add(n)
    return sorted(proven)


def _as_sent(letter: Letter) -> redrive.Letter:
    record, facts = letter
    return redrive.Letter(facts.topic, record.key, record.value, as_dict(record.headers))


def is_proven(letter: Letter) -> bool:
    """Whether a worker of ours says, and proves, that this is the record of a redrive, failed again."""
    record, facts = letter
    said = record.header(redrive.PROOF) if record.headers and facts.redrive_id else None
    if not said or not facts.origin_known or facts.writer is not Writer.HEIMDALL:
        return False
    original = Record(facts.topic, facts.partition, facts.offset, 0, record.key, record.value)
    return redrive.is_proven(record=original, redrive_id=facts.redrive_id, group=facts.group, said=said)
