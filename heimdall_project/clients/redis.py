"""Redis: settings to client, driver errors to ours. The only module that imports `redis`."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..errors import TransientError

DEPENDENCY = "Redis"
_CONNECT_TIMEOUT = 1.0
_ANSWER_TIMEOUT = 2.0
_QUICK_TIMEOUT = 0.25


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


class QuickClient:
    """Bytes under keys, for those who would rather go without than wait: short timeouts, no second try.

    Any error of the server or on the way to it is TransientError. Connects when it is first used.
    """

    def __init__(self, url: str, *, timeout: float = _QUICK_TIMEOUT) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=timeout,
            socket_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=False,
        )

    def get(self, key: str, *, most: int) -> bytes | None:
        """The first `most` bytes; None where there is nothing."""
        with _any_error_translated():
            value = self._redis.getrange(key, 0, most - 1)
        return value if isinstance(value, bytes) and value else None

    def put(self, key: str, value: bytes, *, lifetime: float) -> None:
        """Keep them for so many seconds."""
        with _any_error_translated():
            self._redis.set(key, value, px=max(1, int(lifetime * 1000)))

    def close(self) -> None:
        """Let the connections go."""
        self._redis.close()


@contextmanager
def _any_error_translated() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise TransientError(DEPENDENCY, type(error).__name__) from error
