"""The API as a person sees it from a terminal."""

import base64
import json
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.core.management.base import CommandError

TIMEOUT = 60.0


class _Stay(HTTPRedirectHandler):
    """A password is not carried to another address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: the redirect becomes an error."""


class Remote:
    """Asks the API with the name and password of one person. Every error is a CommandError in plain words."""

    def __init__(self, *, url: str, user: str, password: str) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise CommandError(f"{url!r} is no address; write https://host or http://host:port")
        self._root = url.rstrip("/") + "/api/v1/"
        name = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {name}", "Accept": "*/*"}
        self._user = user

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """What stands there."""
        return json.loads(self.raw(path, query))

    def raw(self, path: str, query: Mapping[str, Any] | None = None) -> bytes:
        """The same as bytes."""
        given = {name: value for name, value in (query or {}).items() if value not in (None, "", [])}
        address = urljoin(self._root, path) + (f"?{urlencode(given, doseq=True)}" if given else "")
        return self._ask(Request(address, headers=self._headers))  # noqa: S310 - the scheme was looked at

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What comes of it."""
        request = Request(  # noqa: S310
            urljoin(self._root, path),
            data=json.dumps(body).encode(),
            headers={**self._headers, "Content-Type": "application/json"},
            method="POST",
        )
        return json.loads(self._ask(request))

    def pages(self, path: str, query: Mapping[str, Any], *, most: int) -> Iterator[dict[str, Any]]:
        """Rows of a list, `most` of them."""
        left, page = most, self.get(path, {**query, "page_size": min(most, 500)})
        while True:
            yield from page["results"][:left]
            left -= len(page["results"])
            if left <= 0 or not page["next"]:
                return
            # Only what it asks for: behind a proxy the address may be one that cannot be reached from here.
            page = self.get(path, parse_qs(urlsplit(page["next"]).query))

    def _ask(self, request: Request) -> bytes:
        try:
            with build_opener(_Stay).open(request, timeout=TIMEOUT) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            raise CommandError(self._told(error)) from None
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise CommandError(
                f"{self._root} does not answer: {reason}. Set HEIMDALL_URL or --url."
            ) from None

    def _told(self, error: HTTPError) -> str:
        """A problem in words."""
        if error.code == 401:
            return f"{self._root} does not know {self._user or 'nobody'} with this password."
        try:
            problem = json.loads(error.read())
            fields = [f"{each['path']}: {each['message']}" for each in problem.get("errors") or ()]
            return "; ".join([f"{error.code} {problem['title']}: {problem['detail']}", *fields])
        except (ValueError, KeyError, TypeError):
            return f"{error.code} {error.reason}, and no word of why: is this Heimdall's API?"
