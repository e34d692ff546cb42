"""Redis: settings to client, driver errors to ours. The only module that imports `redis`."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings

from ..errors import TransientError

DEPENDENCY = "Redis"
_CONNECT_TIMEOUT = 1.0
_ANSWER_TIMEOUT = 2.0


@cache
def client() -> redis.Redis:
    """The client of this process, built when it is first asked for. Safe to share among threads.

    Not before a fork: a worker builds its own.
    """
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=_CONNECT_TIMEOUT,
        socket_timeout=_ANSWER_TIMEOUT,
        health_check_interval=30,
        decode_responses=False,
    )


@contextmanager
def errors_translated() -> Iterator[None]:
    """Inside of the block a Redis that is down raises TransientError; its address stays here."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise TransientError(DEPENDENCY, type(error).__name__) from error


def ping() -> None:
    """Raise TransientError unless Redis answers."""
    with errors_translated():
        client().ping()
