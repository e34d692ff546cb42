"""One call over real sockets: bounded in time and size, and discreet."""

import logging
import socket
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from django.core.exceptions import ImproperlyConfigured

from analysis.analyzer import GivenUp, always
from analysis.providers.openai.endpoint import Address, Endpoint, Reply
from analysis.providers.openai.faults import Away, TimedOut, Unusable
from tests.model_endpoint import ModelEndpoint

KEY = "sk-very-secret-0123456789"
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "1| error"}]}'


@pytest.fixture
def server() -> Iterator[ModelEndpoint]:
    with ModelEndpoint() as running:
        yield running


@pytest.fixture
def endpoint(server: ModelEndpoint) -> Iterator[Endpoint]:
    with Endpoint(Address(url=server.url + "/", key=KEY, timeout=0.6), connections=4) as opened:
        yield opened


def test_a_call_is_one_post_with_the_key(server: ModelEndpoint, endpoint: Endpoint) -> None:
    reply = endpoint.post(BODY, always)
    assert reply.status == 200 and b"choices" in reply.body
    [asked] = server.asked
    assert (asked.path, asked.authorization) == ("/v1/chat/completions", f"Bearer {KEY}")


def test_without_a_key_none_is_sent(server: ModelEndpoint) -> None:
    with Endpoint(Address(url=server.url), connections=1) as endpoint:
        endpoint.post(BODY, always)
    assert server.asked[0].authorization == ""


@pytest.mark.parametrize("behaviour", ["hang", "trickle", "trickle_head", "slow:5"])
def test_a_call_ends_at_its_deadline_whatever_the_server_sends(
    server: ModelEndpoint, endpoint: Endpoint, behaviour: str
) -> None:
    server.will(behaviour)
    with pytest.raises(TimedOut, match=r"within 0\.6 s"):
        endpoint.post(BODY, always)


def test_a_call_that_nobody_waits_for_is_broken_off(server: ModelEndpoint) -> None:
    server.will("hang")

    def unwanted() -> None:
        if server.asked:
            raise GivenUp("cancelled")

    with Endpoint(Address(url=server.url, timeout=60), connections=1) as endpoint:
        with pytest.raises(GivenUp):
            endpoint.post(BODY, unwanted)
        assert endpoint.post(BODY, always).status == 200  # its only connection is free again


@pytest.mark.parametrize("behaviour", ["cut", "cut_stream", "huge", "gzip"])
def test_a_body_that_does_not_come_whole_cannot_be_used(
    server: ModelEndpoint, endpoint: Endpoint, behaviour: str
) -> None:
    server.will(behaviour)
    with pytest.raises(Unusable):
        endpoint.post(BODY, always)


@pytest.mark.parametrize("behaviour", ["drop", "garbage"])
def test_a_server_that_says_nothing_we_understand_is_away(
    server: ModelEndpoint, endpoint: Endpoint, behaviour: str
) -> None:
    server.will(behaviour)
    with pytest.raises(Away):
        endpoint.post(BODY, always)


def test_a_server_that_does_not_listen_is_away(server: ModelEndpoint, endpoint: Endpoint) -> None:
    server.stop()
    with pytest.raises(Away, match="no connection") as caught:
        endpoint.post(BODY, always)
    assert caught.value.setting == "MODEL_URL"


def test_a_name_that_does_not_exist_is_away() -> None:
    with (
        Endpoint(Address(url="http://nowhere.invalid/v1", timeout=5), connections=1) as endpoint,
        pytest.raises(Away),
    ):
        endpoint.post(BODY, always)


def test_a_server_that_never_accepts_is_away_and_not_slow() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # its backlog is full from now on: a further connection hangs
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with (
            Endpoint(Address(url=f"http://127.0.0.1:{port}/v1", timeout=0.6), connections=1) as endpoint,
            pytest.raises(Away),
        ):
            endpoint.post(BODY, always)
        for filler in fillers:
            filler.close()


def test_redirects_are_not_followed(server: ModelEndpoint, endpoint: Endpoint) -> None:
    with ModelEndpoint() as elsewhere:
        server.will(f"redirect:{elsewhere.url}/chat/completions")
        assert endpoint.post(BODY, always).status == 307
        assert not elsewhere.asked


def test_no_proxy_of_the_environment_sees_the_log(
    server: ModelEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelEndpoint() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with Endpoint(Address(url=server.url), connections=1) as endpoint:
            assert endpoint.post(BODY, always).status == 200
        assert not proxy.asked


def test_as_many_calls_as_connections_run_at_once(server: ModelEndpoint, endpoint: Endpoint) -> None:
    server.otherwise = "hang"
    replies: list[Reply] = []
    callers = [Thread(target=lambda: replies.append(endpoint.post(BODY, always))) for _ in range(4)]
    for caller in callers:
        caller.start()
    while server.at_once < 4:
        Event().wait(0.005)
    server.release.set()
    for caller in callers:
        caller.join()
    assert [reply.status for reply in replies] == [200] * 4 and server.most_at_once == 4


def test_closing_ends_what_is_under_way(server: ModelEndpoint) -> None:
    server.will("hang")
    errors: list[Exception] = []
    with Endpoint(Address(url=server.url, timeout=60), connections=1) as endpoint:

        def call() -> None:
            try:
                endpoint.post(BODY, always)
            except Away as error:
                errors.append(error)

        caller = Thread(target=call)
        caller.start()
        while not server.asked:
            Event().wait(0.005)
    caller.join()
    assert [str(error) for error in errors] == ["model: the client was closed"]


def test_the_key_is_in_no_representation_error_or_log(
    server: ModelEndpoint, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.will("well", "401", "echo", "drop")
    endpoint.post(BODY, always)
    endpoint.post(BODY, always)
    said = endpoint.post(BODY, always).body.decode()
    with pytest.raises(Away) as caught:
        endpoint.post(BODY, always)
    shown = [repr(Address(url=server.url, key=KEY)), repr(endpoint), repr(caught.value), caplog.text, said]
    assert "you sent Bearer ***" in said
    assert all(KEY not in text for text in shown) and caught.value.__cause__ is None


@pytest.mark.parametrize("key", ["sk with blank", "sk\nX-Other: 1", "ключ"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        Address(url="http://127.0.0.1/v1", key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:11434/v1",
        "ftp://host/v1",
        "http://",
        "http://user:pass@host/v1",
        "http://host/v1?key=1",
        "http://host:port/v1",
        "http://[::1/v1",
        "http://ho\x00st/v1",
    ],
)
def test_a_url_that_is_none_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        Address(url=url)
    assert "pass" not in str(caught.value)
