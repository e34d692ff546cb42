"""Passwords that were right lately are not hashed again, and are forgotten in time."""

from heimdall_project.api.authentication import Remembered


def test_a_pair_is_known_against_the_hash_it_was_checked_against_only() -> None:
    remembered = Remembered()
    remembered.add("omar", "secret", "hash-1")
    assert remembered.knows("omar", "secret", "hash-1")
    assert not remembered.knows("omar", "secret", "hash-2")
    assert not remembered.knows("omar", "other", "hash-1")


def test_name_and_password_cannot_be_cut_elsewhere() -> None:
    remembered = Remembered()
    remembered.add("ab", "c", "h")
    assert not remembered.knows("a", "bc", "h")


def test_a_pair_is_forgotten_after_its_time() -> None:
    remembered = Remembered(seconds=0)
    remembered.add("omar", "secret", "h")
    assert not remembered.knows("omar", "secret", "h")


def test_only_so_many_are_kept() -> None:
    remembered = Remembered(most=2)
    for name in ("a", "b", "c"):
        remembered.add(name, "x", "h")
    assert [remembered.knows(name, "x", "h") for name in ("a", "b", "c")] == [False, True, True]
