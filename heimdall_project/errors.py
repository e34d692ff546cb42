"""The whole error tree.

HeimdallError
├── InvalidMessage            this record can never be processed: dead letter at once, never retried
│   └── ContractViolation     it decodes, but does not fit the contract of its topic
├── TransientError            a dependency is down: pause, keep polling, back off; no dead letters
├── StatementRefused          ClickHouse answers a statement with an exception; its code says which
├── RetriesExhausted          a product gave up on this record after its own bounded tries: dead letter
├── StopOnPurpose             the worker must stop and stay down until a person decides
│   ├── FloodDetected         too many records of a topic are invalid: that is an outage
│   └── OffsetGap             a committed offset that the broker no longer has
├── DeadLetterUnavailable     a dead letter was not acknowledged: stop uncommitted
├── DeliveryFailed            the broker did not acknowledge a published record
│   └── RecordRefused         and never will: not this record, however often it is sent
├── EventTooLarge             an event that its topic does not take; refused before it is written down
├── Fenced                    another process holds the lease now
└── Refused                   a request that cannot be granted; becomes problem+json at the API
    ├── NotFound              404
    ├── Forbidden             403
    ├── RequestTimeout        408
    ├── Conflict              409
    ├── Gone                  410
    ├── TooLarge              413
    ├── UnsupportedMedia      415
    ├── Unprocessable         422
    └── Unavailable           503 with Retry-After
        └── Busy              429 with Retry-After
"""

from collections.abc import Mapping


class HeimdallError(Exception):
    """Base of every error of our own."""


class InvalidMessage(HeimdallError):
    """This record can never be processed.

    `reason` is safe to show: it names field and rule, never the value.
    """

    disposition = "poison"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ContractViolation(InvalidMessage):
    """The record decodes but does not fit the contract of its topic."""

    disposition = "contract"


class TransientError(HeimdallError):
    """A dependency is down; the same work may succeed later."""

    def __init__(self, dependency: str, reason: str = "") -> None:
        super().__init__(f"{dependency}: {reason}" if reason else dependency)
        self.dependency = dependency


class StatementRefused(HeimdallError):
    """ClickHouse answers a statement with an exception.

    `code` and `name` are ClickHouse's. `column` (or the constraint that a row violates) and `row` (from 1, in
    the data that were sent) where it names them, else "" and None. Its own text is left out: it quotes some.
    """

    def __init__(self, code: int, name: str = "", *, column: str = "", row: int | None = None) -> None:
        said = f"ClickHouse refuses with code {code} {name}".rstrip()
        said += f", column {column}" if column else ""
        said += f", row {row}" if row is not None else ""
        super().__init__(said)
        self.code, self.name, self.column, self.row = code, name, column, row


class RetriesExhausted(HeimdallError):
    """A product gave up on this record after its own bounded tries."""

    disposition = "retries_exhausted"


class StopOnPurpose(HeimdallError):
    """The worker must stop and stay down until a person decides."""


class FloodDetected(StopOnPurpose):
    """Too many records of a topic are invalid: that is an outage, not a set of dead letters."""


class OffsetGap(StopOnPurpose):
    """The broker no longer has a committed offset; `missing` records can not be read."""

    def __init__(self, topic: str, partition: int, committed: int, low: int, high: int) -> None:
        self.topic, self.partition, self.committed, self.low, self.high = (
            topic,
            partition,
            committed,
            low,
            high,
        )
        self.missing = low - committed if committed < low else committed - high
        where = f"{topic}[{partition}]: committed offset {committed}, broker has {low}..{high}"
        what = (
            "were deleted before they were read" if committed < low else "are gone: was the topic recreated?"
        )
        super().__init__(f"{where}; {self.missing} records {what}")


class DeadLetterUnavailable(HeimdallError):
    """A dead letter was not acknowledged, so nothing may move past its record."""


class DeliveryFailed(HeimdallError):
    """The broker did not acknowledge a published record."""


class RecordRefused(DeliveryFailed):
    """The broker does not take this record, or one that went with it; sent again it would be the same."""


class EventTooLarge(HeimdallError):
    """The topic does not take an event of this size; in the outbox it would block its key for ever."""


class Fenced(HeimdallError):
    """Another process holds the lease now; what this one was about to do must not happen."""


class Refused(HeimdallError):
    """A request that cannot be granted.

    `errors` maps the path of each offending field to what is wrong with it; `more` are further members of the
    problem.
    """

    status, slug, title = 400, "bad-request", "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        errors: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = dict(errors or {})
        self.more = dict(more or {})


class NotFound(Refused):
    """There is no such thing, or the caller may not know of it."""

    status, slug, title = 404, "not-found", "Not found"


class Forbidden(Refused):
    """The caller is known and may not do this."""

    status, slug, title = 403, "forbidden", "Forbidden"


class RequestTimeout(Refused):
    """The request was not there in its time."""

    status, slug, title = 408, "request-timeout", "Request timeout"


class Conflict(Refused):
    """The state of the thing does not allow this now."""

    status, slug, title = 409, "conflict", "Conflict"


class Gone(Refused):
    """It was there, and is kept no longer."""

    status, slug, title = 410, "gone", "Gone"


class TooLarge(Refused):
    """More than is taken in one request."""

    status, slug, title = 413, "too-large", "Request body too large"


class UnsupportedMedia(Refused):
    """The body is of a kind that is not read here."""

    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class Unprocessable(Refused):
    """The request is well formed and still cannot be followed."""

    status, slug, title = 422, "unprocessable", "Unprocessable"


class Unavailable(Refused):
    """A dependency is down; try again after `retry_after` seconds."""

    status, slug, title = 503, "unavailable", "Service unavailable"

    def __init__(
        self, detail: str, *, retry_after: int = 5, more: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail, more=more)
        self.retry_after = retry_after


class Busy(Unavailable):
    """More is under way than this process takes on; nothing was done."""

    status, slug, title = 429, "too-many-requests", "Too many requests"
