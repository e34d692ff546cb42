"""Log lines: a sentence, a stable action, the context of the work, and no secrets."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.observability.logging import HIDDEN, bound, configure, get_logger, scrub, scrub_text


@pytest.fixture
def lines() -> Iterator[Any]:
    """Logging as in production, written to memory; calling the fixture gives the lines so far."""
    configure({"level": "INFO", "format": "json"})
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    configure(settings.LOGGING)


def test_a_line_has_a_sentence_an_action_a_level_and_a_time(lines: Any) -> None:
    get_logger("heimdall_project.tests").info("Consumer paused", action="consumer_paused", worker="writer")

    (line,) = lines()
    assert (line["message"], line["action"], line["level"]) == ("Consumer paused", "consumer_paused", "info")
    assert line["worker"] == "writer" and line["timestamp"].endswith("Z")


def test_what_is_bound_is_on_every_line_of_its_block_and_on_none_after(lines: Any) -> None:
    log = get_logger("heimdall_project.tests")
    with bound(request_id="r-1", partition=3):
        log.info("inside", action="a")
    log.info("outside", action="a")

    inside, outside = lines()
    assert (inside["request_id"], inside["partition"]) == ("r-1", 3)
    assert "request_id" not in outside


def test_lines_of_libraries_come_out_in_the_same_form(lines: Any) -> None:
    with bound(worker="relay"):
        logging.getLogger("some.library").warning("lost %d of %s", 3, "them", extra={"attempt": 2})

    (line,) = lines()
    assert (line["message"], line["logger"]) == ("lost 3 of them", "some.library")
    assert (line["attempt"], line["worker"]) == (2, "relay")


def test_secrets_are_hidden_by_the_name_of_their_key_however_deep(lines: Any) -> None:
    get_logger("heimdall_project.tests").info(
        "x", action="a", headers={"Authorization": "Bearer abc", "Accept": "json"}, SECRET_KEY="k"
    )

    (line,) = lines()
    assert line["headers"] == {"Authorization": HIDDEN, "Accept": "json"}
    assert line["SECRET_KEY"] == HIDDEN


def test_passwords_inside_of_a_traceback_are_hidden(lines: Any) -> None:
    try:
        raise ConnectionError("cannot reach postgres://heimdall:hunter2@db:5432/x password=hunter2")
    except ConnectionError:
        get_logger("heimdall_project.tests").exception("failed", action="a")

    (line,) = lines()
    assert "ConnectionError" in line["exception"] and "hunter2" not in json.dumps(line)


@given(st.text(alphabet=st.characters(min_codepoint=48, max_codepoint=122), min_size=8, max_size=40))
def test_no_password_of_a_url_survives(password: str) -> None:
    if set("/@: ") & set(password):
        return
    assert scrub_text(f"redis://user:{password}@host:6379/0") == f"redis://{HIDDEN}@host:6379/0"


def test_ordinary_texts_and_numbers_stay_as_they_are() -> None:
    value = {"path": "/api/v1/jobs?x=1", "mail": "a@b.example", "n": 3, "list": ["a", None]}
    assert scrub(value) == value
