"""Lists as files: CSV, or a JSON object a line. Streamed with a server-side cursor, in bounded memory."""

import csv
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from io import StringIO
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from ..errors import Refused, TransientError, Unprocessable

MOST_SECONDS = 300.0
"""An export holds a transaction and a thread; a client that reads too slowly is cut off."""
ROWS_HEADER = "X-Export-Rows"
"""How many rows the file has when it is whole: it breaks off if the database goes away on the way."""
CHUNK = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets read them


class CSV(BaseRenderer):
    """`?format=csv`."""

    media_type, format, charset = "text/csv", "csv", "utf-8"


class JSONLines(BaseRenderer):
    """`?format=json`."""

    media_type, format, charset = "application/x-ndjson", "json", "utf-8"


FORMATS = (CSV, JSONLines)


class ByParameter(BaseContentNegotiation):
    """The format that the query asks for; CSV without one, whatever `Accept` says."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer and its media type. Raises Refused."""
        offered = {each.format: each for each in renderers}
        asked = request.query_params.get("format", CSV.format)
        if asked not in offered:
            raise Refused("There is no such format.", errors={"format": f"One of {', '.join(offered)}."})
        return offered[asked], offered[asked].media_type


def export(
    rows: QuerySet[Any, Any],
    *,
    columns: Sequence[str],
    name: str,
    kind: str,
    most: int,
    window: tuple[str, str] = ("since", "until"),
) -> StreamingHttpResponse:
    """A file of the rows, tuples in the order of `columns`. Raises Unprocessable for more than `most`, naming
    the parameters of the `window`."""
    number = rows.order_by()[: most + 1].count()
    if number > most:
        raise Unprocessable(
            f"More than {most:,} rows fit.",
            errors={window[0]: f"Narrow the window with {' and '.join(window)}, or use other filters."},
        )
    return respond(_read(rows), columns=columns, name=name, kind=kind, number=number)


def respond(
    rows: Generator[Sequence[Any]], *, columns: Sequence[str], name: str, kind: str, number: int
) -> StreamingHttpResponse:
    """A file of rows that come one by one; `number` is how many there are. `rows` is closed at the end, also
    when the client goes away before it."""
    write = _csv if kind == CSV.format else _json_lines
    response = StreamingHttpResponse(write(columns, rows))
    media_type = CSV.media_type if kind == CSV.format else JSONLines.media_type
    response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    file = f"{name}-{timezone.now():%Y%m%dT%H%M%SZ}.{'csv' if kind == CSV.format else 'ndjson'}"
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    response.headers[ROWS_HEADER] = str(number)
    return response


def _read(rows: QuerySet[Any, Any]) -> Generator[tuple[Any, ...]]:
    until = time.monotonic() + MOST_SECONDS
    with transaction.atomic():  # without one the server would first write the whole result down
        for row in rows.iterator(chunk_size=CHUNK):
            if time.monotonic() > until:
                raise TransientError("export", "the client reads too slowly")
            yield row


def _csv(columns: Sequence[str], rows: Generator[Sequence[Any]]) -> Iterator[bytes]:
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    with closing(rows):
        for count, row in enumerate(rows, 1):
            writer.writerow([cell(value) for value in row])
            if count % CHUNK == 0:
                yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def cell(value: object) -> str:
    """A value as a spreadsheet may read it: no text is taken for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat()
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case Mapping() | list() | msgspec.Raw():
            return msgspec.json.encode(value).decode()
    return str(value)


def _json_lines(columns: Sequence[str], rows: Generator[Sequence[Any]]) -> Iterator[bytes]:
    encoder, lines = msgspec.json.Encoder(), bytearray()
    with closing(rows):
        for count, row in enumerate(rows, 1):
            lines += encoder.encode(dict(zip(columns, row, strict=True))) + b"\n"
            if count % CHUNK == 0:
                yield bytes(lines)
                lines.clear()
    yield bytes(lines)
