"""Answers on their way out: compressed as the client accepts, in chunks where their length is not known."""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from io import BufferedIOBase

import lz4.frame

from .engine import Counts
from .failures import ServerError

try:
    from compression import zstd
except ImportError:  # before Python 3.14
    from backports import zstd


def summary(counts: Counts) -> str:
    """`X-ClickHouse-Summary`: numbers as strings."""
    return json.dumps({name: str(value) for name, value in asdict(counts).items()})


def chosen_encoding(accepted: str, settings: Mapping[str, str]) -> str:
    """The `Content-Encoding` of an answer: "" unless the client asks and switches it on, as for a server."""
    if settings.get("enable_http_compression", "0") in ("", "0", "false"):
        return ""
    names = [part.partition(";")[0].strip() for part in accepted.split(",")]
    return next((name for name in ("zstd", "lz4", "gzip", "deflate") if name in names), "")


def encoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Each piece can be read when it arrives."""
    if not encoding:
        yield from pieces
        return
    begin, compress, finish = _ENCODERS[encoding]()
    yield begin
    for piece in pieces:
        yield compress(piece)
    yield finish()


def write_chunks(out: BufferedIOBase, pieces: Iterable[bytes]) -> None:
    """A body whose length is not known before its end."""
    for piece in pieces:
        if piece:
            out.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    out.write(b"0\r\n\r\n")


def late_exception(error: ServerError, tag: str) -> bytes:
    """How an exception looks to a client that has read half of its answer."""
    mark, text = tag.encode(), error.text.encode()
    return b"\r\n__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (mark, text, len(text) + 1, mark)


type _Encoder = tuple[bytes, Callable[[bytes], bytes], Callable[[], bytes]]


def _zlib(window: int) -> _Encoder:
    stream = zlib.compressobj(3, wbits=window)
    return b"", lambda piece: stream.compress(piece) + stream.flush(zlib.Z_SYNC_FLUSH), stream.flush


def _lz4() -> _Encoder:
    stream = lz4.frame.LZ4FrameCompressor(auto_flush=True)
    return stream.begin(), stream.compress, stream.flush


def _zstd() -> _Encoder:
    stream = zstd.ZstdCompressor()
    return b"", lambda piece: stream.compress(piece, stream.FLUSH_BLOCK), stream.flush


_ENCODERS: dict[str, Callable[[], _Encoder]] = {
    "zstd": _zstd,
    "lz4": _lz4,
    "gzip": lambda: _zlib(31),
    "deflate": lambda: _zlib(15),
}
