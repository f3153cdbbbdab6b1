"""The words of the drawings."""

from __future__ import annotations

from wfkit.display.words import columns, count


def test_wide_and_combining_characters_take_their_columns() -> None:
    assert columns("abc") == 3
    assert columns("日本") == 4
    assert columns("e\u0301") == 1


def test_one_of_a_thing_is_no_plural() -> None:
    assert [count(number, "event") for number in (0, 1, 1_200)] == ["0 events", "1 event", "1,200 events"]
