"""What a client still sends though its request is refused: read, and kept nowhere.

A connection that is closed while a body is on its way is reset, and a client that sends first and reads
afterwards, or a proxy that does, learns of a lost connection in place of the refusal. So such a body is read
as far as `MOST_TIMES` the largest that is taken, and only then answered. A client that asks before it sends
(`Expect: 100-continue`) is answered at once.
"""

from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest

MOST_TIMES = 16
_PIECE = 64 * 1024


def is_still_sent(request: HttpRequest) -> bool:
    """Whether a body comes that Django would leave where it is."""
    if "wsgi.input" not in request.META or request.META.get("HTTP_EXPECT", "").lower() == "100-continue":
        return False
    return "HTTP_TRANSFER_ENCODING" in request.META or _length(request) > 0


def pass_over(request: HttpRequest) -> None:
    """Read the body to its end or its bound. May take as long as the client does."""
    most = MOST_TIMES * settings.API_MAX_BODY_BYTES
    left = most if "HTTP_TRANSFER_ENCODING" in request.META else min(most, _length(request))
    with suppress(OSError):  # the client is gone: nobody waits for the answer
        while left > 0 and (piece := request.META["wsgi.input"].read(min(left, _PIECE))):
            left -= len(piece)


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0
