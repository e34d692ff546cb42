"""How long the writer's calls may take, in seconds; `checks` holds them against the settings."""

SEARCH_BUDGET = 20.0
"""After this a search for refused rows is interrupted: the rest is offered again."""
HANDLER_BUDGET = 120.0
"""For one call of the handler: a search, and then an insert and a count that both take their whole time."""


def longest_call(insert_timeout: float, connect_timeout: float) -> float:
    """The longest that one call takes while ClickHouse hangs: connect, insert without an answer, count."""
    return SEARCH_BUDGET + 2 * (insert_timeout + connect_timeout)
