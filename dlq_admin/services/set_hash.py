"""The hash that names a set of letters: what a person saw, what was proposed, what an approval is for.

A page that shows a set, the proposal that freezes it and the approval compare their hashes, so all of them
are made by this one text of SQL. It covers the change, and of each letter its number, attempt, bytes, and
what is sent in place of these bytes.
"""


def hash_sql(*, letter: str, replacement: str = "NULL::bytea") -> str:
    """An aggregate over the rows of a set, as hex; it asks for the value `change` (`hashed_change`).

    `letter` and `replacement` are the columns of a row that hold a letter's number and the bytes sent in
    place of its own; its `attempt` and `digest` are called so everywhere.
    """
    return f"""encode(sha256(convert_to(%(change)s || coalesce(string_agg(
        {letter} || ':' || attempt || ':' || encode(digest, 'hex')
            || coalesce(':' || encode(sha256({replacement}), 'hex'), ''), ',' ORDER BY {letter}
    ), ''), 'UTF8')), 'hex')"""


def hashed_change(name: str) -> str:
    """How a hash begins, by the name of the change; "" for none."""
    return f"{name}|" if name else ""
