"""The cache on a real Redis of its own: shared, expiring, stopped, frozen, full of garbage."""

from collections.abc import Iterator

import pytest
import redis as driver

from analysis.cache import RedisCache
from analysis.cache.remote import PAUSE, PREFIX, Paused
from docker.local import Redis, private_instance
from heimdall_project.clients.redis import QuickClient
from heimdall_project.errors import TransientError
from tests.unit.analysis.cache.engine import Clock, Engine, given, wrapped


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A server that these tests may break."""
    server = Redis(private_instance(tmp_path_factory.mktemp("redis")))
    server.start()
    yield server
    server.thaw()
    server.destroy()


@pytest.fixture
def redis(server: Redis) -> Iterator[Redis]:
    """The server, up and empty."""
    server.thaw()
    server.start()
    direct(server).flushall()
    yield server
    server.thaw()


def direct(server: Redis) -> driver.Redis:
    return driver.Redis(port=server.port, single_connection_client=False)


class Counting(QuickClient):
    """Knows how often it was asked."""

    asked = 0

    def get(self, key: str, *, most: int) -> bytes | None:
        self.asked += 1
        return super().get(key, most=most)


@pytest.fixture
def client(redis: Redis) -> Iterator[Counting]:
    client = Counting(f"redis://127.0.0.1:{redis.port}/0")
    yield client
    client.close()


def test_an_answer_of_one_worker_serves_another(client: Counting) -> None:
    first, second = Engine(), Engine()
    wrapped(first, RedisCache(client, lifetime=60)).analyze(given())
    assert wrapped(second, RedisCache(client, lifetime=60)).analyze(given()).from_cache
    assert second.asked == 0


def test_the_server_forgets_an_entry_when_its_time_is_over(client: Counting, redis: Redis) -> None:
    wrapped(Engine(), RedisCache(client, lifetime=60)).analyze(given())
    (key,) = direct(redis).keys(PREFIX + "*")
    assert 50_000 < direct(redis).pttl(key) <= 60_000


def test_no_masked_value_reaches_the_server(client: Counting, redis: Redis) -> None:
    wrapped(Engine(), RedisCache(client, lifetime=60)).analyze(given())
    (key,) = direct(redis).keys()
    assert "a@example.com" not in f"{key!r} {direct(redis).get(key)!r}"


@pytest.mark.parametrize("value", [b"\x00garbage", b"x" * 5_000_000, b"[]"], ids=["garbage", "huge", "empty"])
def test_what_others_wrote_under_the_key_is_no_answer(client: Counting, redis: Redis, value: bytes) -> None:
    engine = Engine()
    analyzer = wrapped(engine, RedisCache(client, lifetime=60))
    analyzer.analyze(given())
    (key,) = direct(redis).keys()
    direct(redis).set(key, value)
    assert not analyzer.analyze(given()).from_cache
    assert analyzer.analyze(given()).from_cache


def test_a_value_of_another_type_is_an_error_and_no_answer(client: Counting, redis: Redis) -> None:
    engine = Engine()
    analyzer = wrapped(engine, RedisCache(client, lifetime=60))
    analyzer.analyze(given())
    (key,) = direct(redis).keys()
    direct(redis).delete(key)
    direct(redis).lpush(key, b"x")
    assert not analyzer.analyze(given()).from_cache


@pytest.mark.parametrize("how", ["stop", "kill", "freeze"])
def test_without_redis_every_question_is_answered_and_it_is_asked_once_in_a_pause(
    client: Counting, redis: Redis, how: str
) -> None:
    engine, clock = Engine(), Clock()
    analyzer = wrapped(engine, RedisCache(client, lifetime=60, clock=clock))
    analyzer.analyze(given())
    getattr(redis, how)()
    asked = client.asked
    for _ in range(5):
        assert not analyzer.analyze(given()).from_cache
    assert (engine.asked, client.asked - asked) == (6, 1)
    redis.thaw()
    redis.start()
    assert not analyzer.analyze(given()).from_cache  # still in the pause
    clock.seconds += PAUSE
    analyzer.analyze(given())  # asked again, and kept where the server lost it
    assert analyzer.analyze(given()).from_cache


def test_a_frozen_server_costs_one_short_timeout(client: Counting, redis: Redis) -> None:
    cache = RedisCache(client, lifetime=60)
    redis.freeze()
    with pytest.raises(TransientError, match="TimeoutError"):
        cache.get("x")
    with pytest.raises(Paused):
        cache.put("x", b"y")
