"""What pages of the runtime show of a payload."""

import json

import pytest

from heimdall_project.streams.admin.base import PREVIEW, preview

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "value",
    [
        json.dumps({"password": SECRET}).encode(),
        rb'{"pass\u0077ord": "hunter2hunter2"}',
        b"x" * (PREVIEW - 30) + b" postgres://me:hunter2hunter2" + b"2" * 100 + b"@db/x",
    ],
    ids=["named", "escaped", "cut"],
)
def test_no_secret_is_shown(value: bytes) -> None:
    assert SECRET not in preview(value) and "<pre" in preview(value)


def test_it_is_bounded_and_says_so() -> None:
    shown = preview(b"y " * PREVIEW)
    assert "8000 bytes in all" in shown and len(shown) < PREVIEW + 200
