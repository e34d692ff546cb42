"""What a request can be refused with, in ClickHouse's own words: a code, a text, and their HTTP status."""

import re

NOT_IMPLEMENTED = 48
SYNTAX_ERROR = 62
UNKNOWN_TYPE_OF_QUERY = 78
UNKNOWN_COMPRESSION_METHOD = 89
READONLY = 164
TOO_MANY_SIMULTANEOUS_QUERIES = 202
QUERY_IS_TOO_LARGE = 229
ZLIB_INFLATE_FAILED = 354
INTO_OUTFILE_NOT_ALLOWED = 358
AUTHENTICATION_FAILED = 516
ZSTD_DECODER_FAILED = 561
LZ4_DECODER_FAILED = 618
UNKNOWN_EXCEPTION = 1002

_NAMES = {number: name for name, number in globals().items() if isinstance(number, int)}

# As src/Server/HTTP/exceptionCodeToHTTPStatus.cpp of ClickHouse sorts them.
_BAD_REQUEST = (6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376)
_BAD_REQUEST_NEWER = (427, 441, 675, 676)
_NOT_FOUND = (46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511)
_STATUS: dict[int, int] = {
    **dict.fromkeys((*_BAD_REQUEST, *_BAD_REQUEST_NEWER), 400),
    **dict.fromkeys(_NOT_FOUND, 404),
    **dict.fromkeys((192, 193, 497, 512, 516), 403),
    **dict.fromkeys((76, 209, 439), 503),
    194: 401,
    159: 408,
    381: 411,
    229: 413,
    779: 415,
    48: 501,
}
_CODE = re.compile(r"Code: (\d+)\.")
# We hand the body of an insert to the engine as a file; a server has no such words in its answer.
_OUR_FILE = re.compile(
    r"\(in file/uri /proc/self/fd/\d+\): ?|: While executing File: data for INSERT was parsed from file"
)
_TWICE = re.compile(r"^(Code: \d+\. DB::Exception: )\1")


class ServerError(Exception):
    """A request that is answered with an exception; `text` is what the client reads."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status that ClickHouse gives this code; 500 where its list has none."""
        return _STATUS.get(self.code, 500)


def refusal(code: int, reason: str) -> ServerError:
    """An exception of this server, formed as the engine forms its own."""
    return ServerError(code, f"Code: {code}. DB::Exception: {reason} ({_NAMES[code]})")


def from_engine(error: Exception) -> ServerError:
    """The engine's own exception."""
    text = _TWICE.sub(r"\1", _OUR_FILE.sub("", str(error)))
    found = _CODE.search(text)
    return ServerError(int(found[1]) if found else UNKNOWN_EXCEPTION, text)
