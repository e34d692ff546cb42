"""What a request asks for: its query string and headers taken apart. No input or output."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import HTTP
from urllib.parse import parse_qsl, urlsplit

from .failures import AUTHENTICATION_FAILED, NOT_IMPLEMENTED, refusal

_PARAMETER = "param_"
_OURS = (
    "query",
    "database",
    "default_format",
    "user",
    "password",
    "quota_key",
    "query_id",
    "wait_end_of_query",
    "buffer_size",
    "client_protocol_version",
    "stacktrace",
    # Sessions are accepted and hold nothing.
    "session_id",
    "session_timeout",
    "session_check",
    "close_session",
)
_NOT_HERE = ("compress", "decompress", "role")


type Headers = Message[str, str]


@dataclass(frozen=True)
class Request:
    """One request, its body aside."""

    path: str
    query: bytes
    database: str
    answer_format: str
    query_id: str
    waits_for_end: bool
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    user: str
    password: str

    def with_form(self, fields: Mapping[str, str]) -> "Request":
        """The same with what a multipart form holds: the query and its parameters."""
        query = fields.get("query", "").encode() or self.query
        return Request(
            **{**vars(self), "query": query, "parameters": {**self.parameters, **parameters(fields)}}
        )


def read(target: str, headers: Headers) -> Request:
    """Take a request apart. Raises ServerError on what this server does not do."""
    parts = urlsplit(target)
    given = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=1000))
    for name in _NOT_HERE:
        if given.get(name, "0") not in ("", "0"):
            raise refusal(NOT_IMPLEMENTED, f"The local server does not implement {name}.")
    user, password = credentials(given, headers)
    return Request(
        path=parts.path,
        query=given.get("query", "").encode(),
        database=given.get("database") or headers.get("X-ClickHouse-Database") or "",
        answer_format=given.get("default_format") or headers.get("X-ClickHouse-Format") or "TabSeparated",
        query_id=given.get("query_id", ""),
        waits_for_end=given.get("wait_end_of_query", "0") not in ("", "0"),
        settings={
            k: v for k, v in given.items() if not (k in _OURS or k in _NOT_HERE or k.startswith(_PARAMETER))
        },
        parameters=parameters(given),
        user=user,
        password=password,
    )


def parameters(given: Mapping[str, str]) -> dict[str, str]:
    """Values bound on the server, by the names that the query gives them."""
    return {name[len(_PARAMETER) :]: value for name, value in given.items() if name.startswith(_PARAMETER)}


def credentials(given: Mapping[str, str], headers: Headers) -> tuple[str, str]:
    """By headers of ClickHouse, by basic authentication, or in the query string; never two ways at once."""
    by_headers = bool(headers.get("X-ClickHouse-User") or headers.get("X-ClickHouse-Key"))
    basic = headers.get("Authorization", "")
    in_query = "user" in given or "password" in given
    if by_headers + bool(basic) + in_query > 1:
        reason = "Invalid authentication: it is not allowed to use two ways of authentication simultaneously"
        raise refusal(AUTHENTICATION_FAILED, reason)
    if by_headers:
        return headers.get("X-ClickHouse-User") or "default", headers.get("X-ClickHouse-Key") or ""
    if basic:
        return _basic(basic)
    return given.get("user") or "default", given.get("password", "")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise refusal(
            AUTHENTICATION_FAILED, "Invalid authentication: only basic authentication is understood"
        )
    return user or "default", password


def form(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart form, which clients use for parameters too long for a URL."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            raise refusal(NOT_IMPLEMENTED, "The local server does not implement external data.")
        fields[str(name)] = part.get_content().removesuffix("\n")
    return fields
