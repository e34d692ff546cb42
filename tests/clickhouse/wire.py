"""HTTP as it goes over the wire, without a client that helps."""

import base64
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from heimdall_project.clients.clickhouse import Address


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> int | None:
        """ClickHouse's code; None if it is no exception."""
        value = self.headers.get("x-clickhouse-exception-code")
        return int(value) if value else None

    @property
    def text(self) -> str:
        """The body without its last line end."""
        return self.body.decode().rstrip("\n")

    @property
    def written(self) -> int:
        """`written_rows` of the summary."""
        return int(json.loads(self.headers["x-clickhouse-summary"])["written_rows"])


class Wire:
    """Requests to one server, by default as its user."""

    def __init__(self, address: Address) -> None:
        self.address = address

    def ask(
        self,
        body: bytes | Iterator[bytes] | str = b"",
        *,
        method: str = "POST",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """One request on a connection of its own."""
        given = {"Authorization": self.credentials} if headers is None else dict(headers)
        with self.connection() as connection:
            data = body.encode() if isinstance(body, str) else body
            chunked = isinstance(data, Iterator)
            connection.request(method, self.target(path, **query), data, given, encode_chunked=chunked)
            return read(connection.getresponse())

    def encoded(self, body: bytes, encoding: str, **query: Any) -> Answer:
        """One request whose body is compressed already."""
        headers = {"Authorization": self.credentials, "Content-Encoding": encoding}
        return self.ask(body, headers=headers, **query)

    def head(self, length: str, **query: Any) -> bytes:
        """The head of a POST whose body is described by `length`."""
        lines = [f"POST {self.target('/', **query)} HTTP/1.1", f"Host: {self.address.host}"]
        return "\r\n".join([*lines, f"Authorization: {self.credentials}", length, "", ""]).encode()

    @property
    def credentials(self) -> str:
        """Basic authentication of the address."""
        return basic(self.address.user, self.address.password)

    def target(self, path: str, **query: Any) -> str:
        """Path and query string, in the database of the address."""
        return f"{path}?{urlencode({'database': self.address.database} | query)}"

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """A connection that stays open between requests."""
        kind = http.client.HTTPSConnection if self.address.secure else http.client.HTTPConnection
        connection = kind(self.address.host, self.address.port, timeout=60)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        """Bytes as one likes."""
        with socket.create_connection((self.address.host, self.address.port), timeout=60) as opened:
            yield opened


def read(response: http.client.HTTPResponse) -> Answer:
    """All of it, with names in small letters."""
    body = response.read()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def basic(user: str, password: str) -> str:
    """Basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
