"""What the planner of PostgreSQL has to know before it is given a set of letters.

Between a mass of deletions and the next round of autovacuum it takes a table for empty that has filled again.
All its indexes cost the same then, it reads a whole one to find a key, and does so for each letter of a set:
the proposal of 20,000 takes minutes.
"""

from django.db import connection

_BELIEVED = "SELECT min(reltuples) FROM pg_class WHERE oid = ANY(%s::regclass[])"
_LETTERS = ["dead_letters", "dead_letter_payloads"]


def letters_known(*, least: int) -> None:
    """Have the tables of letters analyzed if the planner believes in fewer than there are at least."""
    with connection.cursor() as sql:
        sql.execute(_BELIEVED, [_LETTERS])
        if 0 <= sql.fetchone()[0] < least:  # -1: never analyzed, and guessed by the size of the file
            sql.execute(f"ANALYZE {', '.join(_LETTERS)}")


def items_known() -> None:
    """Have the items of batches analyzed, after a large set was frozen."""
    with connection.cursor() as sql:
        sql.execute("ANALYZE redrive_items")
