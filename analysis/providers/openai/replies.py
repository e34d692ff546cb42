"""What a response of the endpoint means: a completion, or one of our faults. Pure; total for any bytes."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from heimdall_project.errors import InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.jobs import Usage

from ...prompts.defusing import plain
from .endpoint import Reply
from .faults import Away, ContextTooLong, Rejected, Unusable

LONGEST_WAIT = 300.0
"""Seconds; an endpoint that asks for more is asked again then."""
SAID_CHARS = 300
MOST_TOKENS = 100_000_000
_CONTEXT = re.compile(
    r"context_length|context[ _]size|context[ _](?:length|window)|maximum context|too many (?:input )?tokens"
    r"|(?:prompt|input|request) (?:is )?too (?:long|large)|string_above_max_length|reduce the length"
)
_MODEL_GONE = re.compile(r"model_not_found|model .{0,200}(?:not found|does not exist|not exist|not loaded)")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?")


class Completion(msgspec.Struct, frozen=True):
    """What the model said, why it stopped, and what the endpoint counted."""

    text: str
    finish: str
    usage: Usage | None


class _Choice(msgspec.Struct):
    message: dict[str, Any] = {}
    finish_reason: Any = None


class _Body(msgspec.Struct):
    choices: list[_Choice]
    usage: Any = None


def completion_of(reply: Reply, now: datetime) -> Completion:
    """The completion. Raises Away, ContextTooLong, Rejected or Unusable."""
    if reply.status != 200:
        raise _fault(reply, now)
    try:
        body: _Body = codec.decode(_Body, reply.body)
    except InvalidMessage:
        raise Unusable("not_json", "the response of the endpoint is not the JSON of a completion") from None
    if not body.choices:
        raise Unusable("wrong_shape", "it is empty")
    choice = body.choices[0]
    finish = choice.finish_reason if isinstance(choice.finish_reason, str) else ""
    return Completion(_text(choice.message.get("content")), finish[:40], _usage(body.usage))


def _text(content: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _usage(counted: Any) -> Usage | None:
    if not isinstance(counted, dict):
        return None
    values = [counted.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (
        value if type(value) is int and 0 <= value <= MOST_TOKENS else None for value in values
    )
    if prompt is None or completion is None:
        return None
    return Usage(prompt_tokens=prompt, completion_tokens=completion)


def _fault(reply: Reply, now: datetime) -> Exception:
    said = _said(reply.body)
    status, wait = reply.status, wait_of(reply.headers, now)
    if status in {401, 403}:
        return Away(f"it does not let us in ({status})", wait=wait, setting="MODEL_API_KEY")
    if status == 404 or _MODEL_GONE.search(said):
        return Away(f"it does not know the model or the path ({status})", wait=wait, setting="MODEL_NAME")
    if 300 <= status < 400:
        return Away(f"it sends us elsewhere ({status}), and we do not follow", setting="MODEL_URL")
    if status in {400, 413, 422} and (status == 413 or _CONTEXT.search(said)):
        return ContextTooLong("the log and the answer are longer than the model can take in")
    if status in {402, 408, 409, 425, 429} or status >= 500:
        return Away(f"it answered {status}", wait=wait)
    refusal = f"The endpoint refuses the request with {status}{_code(reply.body)}."
    return Rejected(refusal, said=" ".join(plain(said).split())[:SAID_CHARS])


def _said(body: bytes) -> str:
    return body[:8_192].decode(errors="replace").lower()


def _code(body: bytes) -> str:
    """The code of an error, if it looks like one; what else an endpoint says is not repeated."""
    try:
        said = codec.decode(Any, body)
    except InvalidMessage:
        return ""
    error = said.get("error") if isinstance(said, dict) else None
    found = [error.get(name) for name in ("code", "type")] if isinstance(error, dict) else []
    codes = [code for code in found if isinstance(code, str) and _CODE.fullmatch(code)]
    return f" ({codes[0]})" if codes else ""


def wait_of(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds that `Retry-After` asks for, as a number or a date; bounded, 0 if there is none or no sense."""
    said = headers.get("retry-after", "").strip()[:64]
    if _SECONDS.fullmatch(said):
        return min(float(said), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(said)
        until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
        seconds = (until - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)
