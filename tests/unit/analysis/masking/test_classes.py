"""What is masked and what is left alone, class by class."""

import pytest

from analysis.masking import Kind, mask

from .examples import HIDDEN, JWT, PLAIN


@pytest.mark.parametrize(("kind", "line", "left"), HIDDEN)
def test_nothing_of_a_value_is_left(kind: str, line: str, left: str) -> None:
    masked = mask(line)
    assert left not in masked.text
    assert kind in masked.counts
    assert f"<{kind}#1>" in masked.text


@pytest.mark.parametrize("line", PLAIN)
def test_what_only_looks_like_one_is_left_alone(line: str) -> None:
    assert mask(line).text == line


def test_every_class_has_an_example() -> None:
    assert {kind for kind, _, _ in HIDDEN} == set(Kind)


def test_the_same_value_gets_the_same_stand_in_however_it_is_written() -> None:
    text = "a@x.com A@X.com b@x.com 010-1234-5678 +82 10 1234 5678 4111111111111111 4111-1111-1111-1111"
    assert mask(text).text == "<email#1> <email#1> <email#2> <phone#1> <phone#1> <card#1> <card#1>"


def test_a_token_is_the_same_in_a_header_and_in_a_text() -> None:
    assert (
        mask(f"Authorization: Bearer {JWT}\nseen {JWT}").text == "Authorization: Bearer <jwt#1>\nseen <jwt#1>"
    )


def test_the_surroundings_of_a_value_stay_readable() -> None:
    line = 'POST /login?user=demo&password=hunter2&next=/home {"token": "abc123def456", "retry": 3} 403'
    assert mask(line).text == (
        'POST /login?user=demo&password=<secret#1>&next=/home {"token": "<secret#2>", "retry": 3} 403'
    )


def test_a_stand_in_that_the_log_itself_shows_is_not_given_out_again() -> None:
    assert mask("<email#7> wrote to a@x.com").text == "<email#7> wrote to <email#8>"


def test_each_masked_value_is_counted_by_its_class() -> None:
    assert mask("a@x.com a@x.com password=x1").counts == {"email": 2, "secret": 1}
    assert mask("nothing here").counts == {}


def test_a_private_key_over_several_lines_leaves_as_many_lines() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc=\n-----END RSA PRIVATE KEY-----"
    assert mask(f"first\n{key} tail\nlast").text == "first\n<private-key#1>\n\n\n tail\nlast"


def test_a_private_key_that_is_cut_off_is_masked_as_far_as_it_goes() -> None:
    cut = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB"
    assert mask(f"{cut}\n2026-11-21 INFO next").text == "<private-key#1>\n\n\n2026-11-21 INFO next"
