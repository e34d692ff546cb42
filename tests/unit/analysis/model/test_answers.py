"""From bytes of an endpoint to an answer or a fault with a name."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.analyzer import Language
from analysis.providers.openai.drafts import Checked, checked
from analysis.providers.openai.endpoint import Reply
from analysis.providers.openai.faults import Away, ContextTooLong, Rejected, Unusable
from analysis.providers.openai.replies import Completion, completion_of, wait_of
from heimdall_project.events.jobs import Severity, Usage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LINES = ["first", "ERROR refused", "third"]
GOOD: dict[str, Any] = {
    "summary": "It fails",
    "root_cause": "The other side refuses",
    "recommendation": "Ask it",
    "severity": "HIGH",
    "confidence": 0.8,
    "component": "db",
    "evidence": [{"line": 2, "claim": "refused"}],
}


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers={name.replace("_", "-"): v for name, v in headers.items()}, body=raw)


def said(content: Any, finish: Any = "stop", **more: Any) -> Reply:
    message = {"role": "assistant", "content": content}
    return reply({"choices": [{"message": message, "finish_reason": finish}]} | more)


def answer(text: str, *, finish: str = "stop", language: Language = Language.EN) -> Checked:
    completion = Completion(text, finish, None)
    return checked(completion, lines=LINES, citable=frozenset({1, 2, 3}), language=language)


def flaw_of(text: str, **more: Any) -> str:
    with pytest.raises(Unusable) as caught:
        answer(text, **more)
    assert caught.value.answer == text
    return caught.value.flaw


# --- responses


def test_a_completion_has_text_and_usage() -> None:
    found = completion_of(said("hello", usage={"prompt_tokens": 7, "completion_tokens": 3}), NOW)
    assert found == Completion("hello", "stop", Usage(prompt_tokens=7, completion_tokens=3))


@pytest.mark.parametrize(
    "usage",
    [
        None,
        7,
        {},
        {"prompt_tokens": -1, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": 10**12, "completion_tokens": 1},
        {"prompt_tokens": "7", "completion_tokens": 1},
    ],
)
def test_usage_that_makes_no_sense_is_none(usage: Any) -> None:
    assert completion_of(said("x", usage=usage), NOW).usage is None


def test_content_may_be_a_list_of_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, 7, {"text": "b"}]
    assert completion_of(said(parts), NOW).text == "ab"


@pytest.mark.parametrize("status", [401, 403, 404, 307, 402, 408, 409, 425, 429, 500, 502, 503, 529])
def test_an_endpoint_that_does_not_serve_now_is_away(status: int) -> None:
    with pytest.raises(Away):
        completion_of(reply({}, status), NOW)


@pytest.mark.parametrize(
    ("status", "setting"),
    [(401, "MODEL_API_KEY"), (403, "MODEL_API_KEY"), (404, "MODEL_NAME"), (301, "MODEL_URL")],
)
def test_what_only_an_operator_can_repair_names_the_setting(status: int, setting: str) -> None:
    with pytest.raises(Away) as caught:
        completion_of(reply({}, status), NOW)
    assert caught.value.setting == setting


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"code": "context_length_exceeded", "message": "too much"}},
        {"error": {"message": "This model's maximum context length is 4096 tokens", "code": 400}},
        {"error": {"type": "exceed_context_size_error", "message": "the request exceeds the context size"}},
        {"error": "prompt is too long: 9000 tokens > 8000 maximum"},
    ],
)
def test_a_context_that_is_too_long_is_known_by_its_usual_words(error: Any) -> None:
    with pytest.raises(ContextTooLong):
        completion_of(reply(error, 400), NOW)


def test_a_model_that_is_missing_is_away_whatever_the_status() -> None:
    error = {"error": {"message": "model 'llama' not found, try pulling it first"}}
    with pytest.raises(Away):
        completion_of(reply(error, 400), NOW)


def test_another_refusal_is_told_by_its_code_alone() -> None:
    error = {"error": {"code": "invalid_value", "message": "you sent sk-secret <script>"}}
    with pytest.raises(
        Rejected, match=r"^The endpoint refuses the request with 400 \(invalid_value\)\.$"
    ) as e:
        completion_of(reply(error, 400), NOW)
    assert "you sent" in e.value.said and "\n" not in e.value.said


@pytest.mark.parametrize("code", ["<script>", "x" * 100, "Sk-Secret", "", 7, None])
def test_a_code_that_looks_like_none_is_not_told(code: Any) -> None:
    with pytest.raises(Rejected, match=r"with 422\.$"):
        completion_of(reply({"error": {"code": code}}, 422), NOW)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("999999", 300.0),
        ("-1", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("1e9", 0.0),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), 20.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 300.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(said: str, seconds: float) -> None:
    assert wait_of({"retry-after": said}, NOW) == seconds


@given(st.text(max_size=80))
def test_any_retry_after_is_a_wait_within_bounds(said: str) -> None:
    assert 0.0 <= wait_of({"retry-after": said}, NOW) <= 300.0


# --- answers


def test_a_good_answer_carries_the_text_of_the_cited_line() -> None:
    found = answer(json.dumps(GOOD))
    [cited] = found.evidence
    assert (cited.line, cited.text, cited.claim) == (2, "ERROR refused", "refused")
    assert (found.severity, found.component) == (Severity.HIGH, "db")


@pytest.mark.parametrize(
    "wrapped",
    ["{}", "```json\n{}\n```", "Sure!\n```\n{}\n```\nBye {{", '<think>{{"a": 1}}</think>{}', "Well: {} so."],
)
def test_the_object_is_found_in_what_surrounds_it(wrapped: str) -> None:
    assert answer(wrapped.replace("{}", json.dumps(GOOD)).replace("{{", "{").replace("}}", "}")).summary


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"severity": "APOCALYPTIC"}, "wrong_shape"),
        ({"severity": None}, "wrong_shape"),
        ({"confidence": 80}, "wrong_shape"),
        ({"confidence": "NaN"}, "wrong_shape"),
        ({"summary": " \u200b "}, "wrong_shape"),
        ({"summary": {"text": "x"}}, "wrong_shape"),
        ({"evidence": "line 2"}, "wrong_shape"),
        ({"evidence": [{"line": "two", "claim": "x"}]}, "wrong_shape"),
        ({"evidence": []}, "no_citation"),
        ({"evidence": [{"line": 4, "claim": "x"}]}, "false_citation"),
        ({"evidence": [{"line": 0, "claim": "x"}]}, "false_citation"),
        ({"evidence": [{"line": -1, "claim": "x"}]}, "false_citation"),
        ({"evidence": [{"line": 10**30, "claim": "x"}]}, "false_citation"),
        ({"evidence": [{"line": 2, "claim": "  "}]}, "wrong_shape"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(change: dict[str, Any], flaw: str) -> None:
    assert flaw_of(json.dumps(GOOD | change)) == flaw


@pytest.mark.parametrize("missing", sorted(set(GOOD) - {"component"}))
def test_a_member_that_is_missing_is_noticed(missing: str) -> None:
    assert (
        flaw_of(json.dumps({name: value for name, value in GOOD.items() if name != missing})) == "wrong_shape"
    )


def test_broken_json_cut_off_answers_and_filters_are_told_apart() -> None:
    assert flaw_of(json.dumps(GOOD)[:-20]) == "not_json"
    assert flaw_of(json.dumps(GOOD), finish="length") == "cut_off"
    assert flaw_of("", finish="content_filter") == "filtered"


def test_a_log_in_which_nothing_fails_needs_no_citation() -> None:
    assert answer(json.dumps(GOOD | {"severity": "low", "evidence": []})).severity is Severity.LOW


def test_texts_are_bounded_and_hold_nothing_unseen() -> None:
    found = answer(
        json.dumps(
            GOOD
            | {"summary": "word " * 9_999, "root_cause": "a\u202eb\x00c", "component": "x\n" * 999}
            | {"evidence": [{"line": 1 + n % 3, "claim": "y " * 999} for n in range(99)]}
        )
    )
    assert len(found.summary) == 2_000 and found.root_cause == "abc"
    assert len(found.component or "") <= 200 and "\n" not in (found.component or "")
    assert [len(each.claim) <= 300 for each in found.evidence] == [True] * 3


def test_the_text_of_a_citation_never_comes_from_the_model() -> None:
    cited = [{"line": 1, "claim": "x", "text": "DROP TABLE"}]
    assert answer(json.dumps(GOOD | {"evidence": cited})).evidence[0].text == "first"


def test_an_answer_in_another_language_is_noticed() -> None:
    korean = {
        "summary": "연결이 거부됩니다",
        "root_cause": "상대가 거부합니다",
        "recommendation": "확인하세요",
    }
    assert answer(json.dumps(GOOD | korean), language=Language.KO)
    assert flaw_of(json.dumps(GOOD), language=Language.KO) == "other_language"
    assert flaw_of(json.dumps(GOOD | korean), language=Language.EN) == "other_language"


def test_names_in_latin_letters_do_not_make_korean_english() -> None:
    summary = "HikariPool-1 커넥션 풀이 orders.OrderRepository 에서 고갈되었습니다"
    text = json.dumps(GOOD | {"summary": summary, "root_cause": summary, "recommendation": summary})
    assert answer(text, language=Language.KO).summary == summary


# --- whatever comes

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
named = st.fixed_dictionaries(
    {}, optional={name: json_values | st.just(value) for name, value in GOOD.items()}
)
FAULTS = (Away, ContextTooLong, Rejected, Unusable)


@given(st.integers(100, 599), st.binary(max_size=300) | json_values.map(lambda v: json.dumps(v).encode()))
def test_any_response_is_a_completion_or_a_fault_with_a_name(status: int, body: bytes) -> None:
    try:
        assert isinstance(completion_of(reply(body, status), NOW), Completion)
    except FAULTS as fault:
        assert str(fault)


@given(json_values, json_values, json_values)
def test_any_members_of_a_completion_are_read_or_refused(content: Any, finish: Any, usage: Any) -> None:
    with contextlib.suppress(*FAULTS):
        assert isinstance(completion_of(said(content, finish, usage=usage), NOW).text, str)


@given(
    st.text(max_size=300)
    | json_values.map(json.dumps)
    | named.map(json.dumps)
    | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")),
    st.sampled_from(Language),
)
def test_any_text_is_an_answer_or_a_flaw_with_a_name(text: str, language: Language) -> None:
    try:
        found = answer(text, language=language)
    except Unusable as flaw:
        assert flaw.flaw and flaw.hint
    else:
        assert 0.0 <= found.confidence <= 1.0
        assert all(each.text == LINES[each.line - 1] for each in found.evidence)


@pytest.mark.parametrize(
    "bomb", ["[" * 100_000, '{"a":' * 50_000, "{" * 200_000, "}" * 200_000, "```" * 60_000, "1" * 100_000]
)
def test_a_hostile_text_is_refused_soon(bomb: str) -> None:
    assert flaw_of(bomb) in {"not_json", "wrong_shape"}
    body = b'{"choices": ' + bomb.encode()
    with pytest.raises(Unusable):
        completion_of(reply(body), NOW)
