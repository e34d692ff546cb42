"""The pure parts of the local ClickHouse: statements, requests, bodies, refusals."""

import gzip
import io
import time
import zlib
from collections.abc import Iterator
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker.local.clickhouse_server import bodies, failures, request, statement
from docker.local.clickhouse_server.failures import ServerError
from docker.local.clickhouse_server.statement import Insert, Statement


@pytest.mark.parametrize(
    ("text", "before", "after", "data"),
    [
        ("INSERT INTO t FORMAT CSV\n1", "INSERT INTO t ", " FORMAT CSV", "1"),
        ("INSERT INTO t FORMAT CSV 1", "INSERT INTO t ", " FORMAT CSV", "1"),
        ("INSERT INTO t FORMAT CSV \t\r\n 1", "INSERT INTO t ", " FORMAT CSV", " 1"),
        ("insert into t (a) values (1)", "insert into t (a) ", " FORMAT Values", " (1)"),
        ("INSERT INTO t FORMAT Values (1)", "INSERT INTO t ", " FORMAT Values", " (1)"),
        (
            "INSERT INTO t SETTINGS a = 'x' FORMAT CSV\n1",
            "INSERT INTO t ",
            "SETTINGS a = 'x'  FORMAT CSV",
            "1",
        ),
        (
            "INSERT INTO t (`format`, values) FORMAT CSV\n1",
            "INSERT INTO t (`format`, values) ",
            " FORMAT CSV",
            "1",
        ),
        ("INSERT INTO values.format VALUES (1)", "INSERT INTO values.format ", " FORMAT Values", " (1)"),
        (
            "INSERT INTO `VALUES` -- FORMAT\n VALUES (1)",
            "INSERT INTO `VALUES` -- FORMAT\n ",
            " FORMAT Values",
            " (1)",
        ),
        ("/* ; */ INSERT INTO t FORMAT CSV\n';", "/* ; */ INSERT INTO t ", " FORMAT CSV", "';"),
        ("INSERT INTO t FORMAT JSONEachRow\n", "INSERT INTO t ", " FORMAT JSONEachRow", ""),
    ],
)
def test_an_insert_is_cut_where_its_data_begin(text: str, before: str, after: str, data: str) -> None:
    found = statement.read(text.encode())
    assert isinstance(found, Insert)
    assert (found.before.decode(), found.after.decode()) == (before, after)
    assert text[found.data_at :] == data


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("SELECT 1", None),
        ("SELECT 1 FORMAT JSON", "JSON"),
        ("SELECT 1 format Native;", "Native"),
        ("SELECT 'FORMAT x', (SELECT 1 FORMAT y)", None),
        ("SELECT 1 -- FORMAT x\n", None),
        ("SELECT $tag$ FORMAT x $tag$ FORMAT CSV", "CSV"),
        ("INSERT INTO t SELECT 1", None),
        ("INSERT INTO t WITH 1 AS x SELECT x", None),
        ("INSERT INTO t FORMAT CSV SETTINGS a = 1\n1", None),
        ("INSERT", None),
    ],
)
def test_what_has_no_data_behind_it_is_run_as_it_stands(text: str, named: str | None) -> None:
    assert statement.read(text.encode()) == Statement(named)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 62),
        (" -- nothing", 62),
        ("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", 78),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", 358),
        ("INSERT INTO t; DROP TABLE t", 62),
    ],
)
def test_files_of_the_server_and_second_statements_are_out_of_reach(text: str, code: int) -> None:
    with pytest.raises(ServerError) as refused:
        statement.read(text.encode())
    assert refused.value.code == code


@given(st.binary(max_size=300))
def test_any_bytes_are_a_statement_or_a_refusal(text: bytes) -> None:
    try:
        statement.read(text)
    except ServerError as refused:
        assert refused.status >= 400


def test_the_data_of_an_insert_are_not_looked_at() -> None:
    rows = b'{"id": 1, "name": "row"}\n' * 10_000
    begin = time.process_time()
    for _ in range(100):
        statement.read(b"INSERT INTO t FORMAT JSONEachRow\n" + rows)
    assert time.process_time() - begin < 2  # a look at them would take a minute


# --- requests -------------------------------------------------------------------------------------------


def headers(**given: str) -> "Message[str, str]":
    made: Message[str, str] = Message()
    for name, value in given.items():
        made[name.replace("_", "-")] = value
    return made


def test_a_query_string_is_parted_into_what_is_ours_parameters_and_settings() -> None:
    asked = request.read("/?query=SELECT+1&database=d&param_x=1&max_threads=2&session_id=s", headers())
    assert (asked.query, asked.database) == (b"SELECT 1", "d")
    assert (asked.parameters, asked.settings) == ({"x": "1"}, {"max_threads": "2"})


def test_what_is_not_implemented_says_so() -> None:
    with pytest.raises(ServerError) as refused:
        request.read("/?compress=1", headers())
    assert (refused.value.status, refused.value.code) == (501, 48)


@pytest.mark.parametrize("value", ["Basic", "Basic !!!", "Basic dXNlcg==", "Bearer x", "Basic //79"])
def test_credentials_that_cannot_be_read_are_refused(value: str) -> None:
    with pytest.raises(ServerError) as refused:
        request.read("/", headers(Authorization=value))
    assert refused.value.status == 403


def test_a_form_holds_the_query_and_its_parameters() -> None:
    parts = (("query", "SELECT {x:String}"), ("param_x", "a\r\nb"))
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in parts)
    fields = request.form("multipart/form-data; boundary=b", (body + "--b--\r\n").encode())
    asked = request.read("/?param_y=2", headers()).with_form(fields)
    assert asked.query == b"SELECT {x:String}" and asked.parameters["y"] == "2"
    assert asked.parameters["x"].splitlines() == ["a", "b"]


# --- bodies ---------------------------------------------------------------------------------------------


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[begin : begin + size] for begin in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def source(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


@given(st.binary(max_size=2000), st.integers(1, 300))
def test_chunks_are_put_together(body: bytes, size: int) -> None:
    assert b"".join(bodies.pieces_of_chunks(source(chunked(body, size)))) == body


@given(st.binary(min_size=1, max_size=500), st.integers(1, 100), st.data())
def test_chunks_cut_off_anywhere_are_broken(body: bytes, size: int, data: st.DataObject) -> None:
    whole = chunked(body, size)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(bodies.BrokenBody):
        list(bodies.pieces_of_chunks(source(whole[:cut])))


@given(st.binary(max_size=3000), st.integers(1, 200))
def test_compressed_bodies_come_out_whole_in_whatever_pieces_they_come(body: bytes, size: int) -> None:
    packed = gzip.compress(body)
    pieces = (packed[begin : begin + size] for begin in range(0, len(packed), size))
    assert b"".join(bodies.decoded(pieces, "gzip")) == body


@pytest.mark.parametrize("level", [0, 9])
def test_what_unpacks_to_much_comes_in_small_pieces(level: int) -> None:
    packed = zlib.compress(bytes(30_000_000), level)
    sizes = [len(piece) for piece in bodies.decoded(iter([packed]), "deflate")]
    assert sum(sizes) == 30_000_000 and max(sizes) <= 256 * 1024


def test_what_unpacks_to_too_much_is_refused_before_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY", 1_000_000)
    packed = gzip.compress(bytes(50_000_000))

    def unpacked() -> Iterator[int]:
        total = 0
        for piece in bodies.decoded(iter([packed]), "gzip"):
            total += len(piece)
            yield total

    with pytest.raises(ServerError) as refused:
        assert max(unpacked()) <= 1_000_000
    assert (refused.value.status, refused.value.code) == (413, 229)


# --- refusals -------------------------------------------------------------------------------------------


def test_an_exception_of_the_engine_keeps_its_words_and_loses_ours() -> None:
    said = (
        "Code: 117. DB::Exception: Code: 117. DB::Exception: Unknown field: zz: (at row 1)\n"
        ": (in file/uri /proc/self/fd/24): While executing File: data for INSERT was parsed from file."
        " (INCORRECT_DATA)"
    )
    error = failures.from_engine(RuntimeError(said))
    assert (error.code, error.status) == (117, 400)
    assert error.text.startswith("Code: 117. DB::Exception: Unknown field") and "/proc/" not in error.text


def test_an_exception_without_a_code_is_an_error_of_the_server() -> None:
    assert failures.from_engine(RuntimeError("broken")).status == 500
