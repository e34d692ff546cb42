"""The body of a request, whole or not at all: nothing of one that was cut off reaches the engine."""

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from typing import BinaryIO, Protocol

import lz4.frame

from .failures import (
    LZ4_DECODER_FAILED,
    QUERY_IS_TOO_LARGE,
    UNKNOWN_COMPRESSION_METHOD,
    ZLIB_INFLATE_FAILED,
    ZSTD_DECODER_FAILED,
    refusal,
)

try:
    from compression import zstd
except ImportError:  # before Python 3.14
    from backports import zstd

MAX_BODY = 256 * 1024 * 1024
"""Bytes of a body after decompression; a server has no such bound."""

_PIECE = 256 * 1024
_LONGEST_CHUNK_LINE = 1024


class BrokenBody(Exception):
    """The client stopped before its body was whole: there is nobody to answer."""


class Decoder(Protocol):
    """What lzma, lz4 and zstd have in common: output comes in pieces of at most `max_length`."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Inflater:
    """zlib with that same face."""

    def __init__(self, window: int) -> None:
        self._zlib = zlib.decompressobj(window)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """The end of the stream was reached."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """What came after the end."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The next piece."""
        piece = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = not self._zlib.unconsumed_tail and len(piece) < max_length
        return piece


@contextmanager
def in_memory_file() -> Iterator[BinaryIO]:
    """A file without a name that the engine can open by its descriptor."""
    with os.fdopen(os.memfd_create("body"), "w+b", buffering=0) as file:
        yield file


def pieces_of_length(source: BufferedIOBase, length: int) -> Iterator[bytes]:
    """So many bytes; BrokenBody if the client sends fewer."""
    while length > 0:
        piece = source.read(min(length, _PIECE))
        if not piece:
            raise BrokenBody(f"the body ended {length} bytes early")
        length -= len(piece)
        yield piece


def pieces_of_chunks(source: BufferedIOBase) -> Iterator[bytes]:
    """A body in chunks up to the empty one that ends it; BrokenBody if that one never comes."""
    while size := _chunk_size(source.readline(_LONGEST_CHUNK_LINE)):
        yield from pieces_of_length(source, size)
        if source.readline(3) not in (b"\r\n", b"\n"):
            raise BrokenBody("a chunk is longer than it said")
    while (trailer := source.readline(_LONGEST_CHUNK_LINE)) not in (b"\r\n", b"\n"):
        if not trailer:
            raise BrokenBody("the body ended inside of its trailers")


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not line.endswith(b"\n") or not digits.isalnum():
        raise BrokenBody("the size of a chunk is missing")
    try:
        return int(digits, 16)
    except ValueError as error:
        raise BrokenBody("the size of a chunk is not a number") from error


def decoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Undo `Content-Encoding`. Raises ServerError on data that are broken, cut off, or too many."""
    total = 0
    for piece in _undo(pieces, encoding):
        total += len(piece)
        if total > MAX_BODY:
            raise refusal(QUERY_IS_TOO_LARGE, f"The body is larger than {MAX_BODY} bytes")
        yield piece


def _undo(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    match encoding:
        case "" | "identity":
            yield from pieces
        case "gzip" | "deflate":
            window = 31 if encoding == "gzip" else 15
            yield from _inflate(pieces, lambda: Inflater(window), ZLIB_INFLATE_FAILED)
        case "lz4":
            yield from _inflate(pieces, lz4.frame.LZ4FrameDecompressor, LZ4_DECODER_FAILED)
        case "zstd":
            yield from _inflate(pieces, zstd.ZstdDecompressor, ZSTD_DECODER_FAILED)
        case _:
            raise refusal(UNKNOWN_COMPRESSION_METHOD, f"Unknown compression method: {encoding}")


def _inflate(pieces: Iterator[bytes], make: Callable[[], Decoder], code: int) -> Iterator[bytes]:
    """One frame after the other: several in a row are one body."""
    decoder: Decoder | None = None
    for piece in pieces:
        rest = piece
        while rest:
            decoder = make() if decoder is None else decoder
            yield from _step(decoder, rest, code)
            rest = b""
            if decoder.eof:
                rest, decoder = decoder.unused_data or b"", None
    if decoder is not None:
        raise refusal(code, "The compressed body is cut off")


def _step(decoder: Decoder, data: bytes, code: int) -> Iterator[bytes]:
    """What came out, in pieces of bounded size: a few bytes may stand for gigabytes."""
    try:
        yield decoder.decompress(data, _PIECE)
        while not decoder.eof and not decoder.needs_input:
            yield decoder.decompress(b"", _PIECE)
    except (zlib.error, RuntimeError, zstd.ZstdError, EOFError) as error:
        raise refusal(code, f"The compressed body is broken: {type(error).__name__}") from error


def write_all(file: BinaryIO, piece: bytes) -> None:
    """A file without a buffer may take less than it is given."""
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


def leave_data(file: BinaryIO, text: bytes, data_at: int) -> int:
    """Leave only the data of the INSERT in the file; its descriptor."""
    if data_at < len(text):  # the data begin in the query string and go on in the body
        file.seek(0)
        data = text[data_at:].removesuffix(b"\n") + file.read()
    elif data_at == len(text):
        return file.fileno()
    else:
        file.seek(data_at - len(text))
        data = file.read()
    file.seek(0)
    file.truncate()
    write_all(file, data)
    return file.fileno()
