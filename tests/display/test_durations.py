"""How long things took, in words."""

from __future__ import annotations

import pytest

from wfkit.display.durations import spell_seconds, spell_time

SPELLED = {
    0.0: "0 ms",
    0.00004: "<0.1 ms",
    0.0004: "0.4 ms",
    0.00994: "9.9 ms",
    0.012: "12 ms",
    0.0996: "0.10 s",
    0.42: "0.42 s",
    3.14: "3.1 s",
    59.94: "59.9 s",
    59.96: "1 min 0 s",
    187.0: "3 min 7 s",
    7_500.0: "2 h 5 min",
}


def test_what_took_a_time_is_told_as_exactly_as_it_is_worth() -> None:
    assert {seconds: spell_time(seconds) for seconds in SPELLED} == SPELLED


@pytest.mark.parametrize(
    ("seconds", "minutes", "words"),
    [
        (0.99, False, "0 s"),
        (59.9, False, "59 s"),
        (60, False, "1 min 00 s"),
        (3_599, False, "59 min 59 s"),
        (3_600, False, "1 h 00 min"),
        (100_000, False, "27 h 46 min"),
        (59, True, "59 s"),
        (125, True, "2 min"),
        (7_500, True, "2 h 05 min"),
    ],
)
def test_what_goes_on_is_told_in_words_of_one_length(seconds: float, minutes: bool, words: str) -> None:
    assert spell_seconds(seconds, minutes) == words
