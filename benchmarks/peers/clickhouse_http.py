"""ClickHouse by HTTP with nothing but the standard library: the least that an insert can cost a client."""

import time
from http.client import HTTPConnection
from urllib.parse import unquote, urlencode, urlsplit

COLUMNS = (
    "event_id, content_id, user_id, event_type, occurred_at, dwell_ms, props,"
    " topic, partition, offset, accepted_ms"
)
IDLE = 5.0
"""Seconds after which a connection is not trusted any more: servers close those that are silent."""


class ClickHouse:
    """One keep-alive connection to `http://user:password@host:port/database`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._headers = {
            "X-ClickHouse-User": unquote(parts.username or "default"),
            "X-ClickHouse-Key": unquote(parts.password or ""),
        }
        self._database = parts.path.strip("/")
        self._used = 0.0

    def ask(self, query: str, body: bytes = b"", **settings: str) -> bytes:
        """The answer to a query; AssertionError with what the server says if it refuses."""
        if time.monotonic() - self._used > IDLE:
            self._connection.close()  # the next request opens it again
        path = "/?" + urlencode({"database": self._database, "query": query, **settings})
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        said, self._used = answer.read(), time.monotonic()
        assert answer.status == 200, said[:500]
        return said

    def insert_page_views(self, lines: list[bytes]) -> None:
        """One insert of encoded events."""
        query = f"INSERT INTO page_views ({COLUMNS}) FORMAT JSONEachRow"
        self.ask(query, b"\n".join(lines), date_time_input_format="best_effort")
