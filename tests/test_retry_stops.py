"""Stops: when to give up."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from tests.retries import (
    SMALL,
    STEADY,
    STOP_LEAVES,
)
from wfkit.retry import (
    StopCondition,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    stop_any,
    stop_before_delay,
    stop_never,
)


@pytest.mark.parametrize(
    ("stop", "attempts", "elapsed", "sleep", "gives_up"),
    [
        (stop_never(), 10**6, 1e9, 1e9, False),
        (stop_after_attempt(1), 1, 0, 0, True),
        (stop_after_attempt(3), 2, 1e9, 1e9, False),
        (stop_after_attempt(3), 3, 0, 0, True),
        (stop_after_attempt(3), 4, 0, 0, True),
        (stop_after_delay(10), 99, 9.9, 1e9, False),
        (stop_after_delay(10), 1, 10, 0, True),
        (stop_after_delay(timedelta(minutes=1)), 1, 59, 0, False),
        (stop_after_delay(timedelta(minutes=1)), 1, 60, 0, True),
        (stop_after_delay(0), 1, 0, 0, True),
        (stop_before_delay(10), 1, 4, 5.9, False),
        (stop_before_delay(10), 1, 4, 6, True),
        (stop_before_delay(10), 1, 11, 0, True),
        (stop_before_delay(timedelta(seconds=10)), 1, 0, 10, True),
        (stop_before_delay(math.inf), 1, 1e9, 1e9, False),
        (stop_any(), 10, 10, 10, False),
        (stop_all(), 1, 0, 0, True),
        (stop_after_attempt(3) | stop_after_delay(10), 1, 10, 0, True),
        (stop_after_attempt(3) | stop_after_delay(10), 3, 0, 0, True),
        (stop_after_attempt(3) | stop_before_delay(10), 1, 0, 10, True),
        (stop_after_attempt(3) & stop_before_delay(10), 1, 0, 10, False),
        (stop_after_attempt(3) & stop_before_delay(10), 3, 0, 10, True),
    ],
    ids=lambda each: repr(each),
)
def test_a_stop_says_when_to_give_up(
    stop: StopCondition, attempts: int, elapsed: float, sleep: float, gives_up: bool
) -> None:
    assert stop(attempts, elapsed, upcoming_sleep=sleep) is gives_up


def test_a_stop_need_not_be_told_of_the_sleep() -> None:
    assert stop_before_delay(10)(1, 9.9) is False
    assert (stop_before_delay(10) | stop_never())(1, 10.0) is True


@STEADY
@given(STOP_LEAVES, STOP_LEAVES, STOP_LEAVES, SMALL, SMALL, SMALL)
def test_stops_combine_like_and_and_or(a: Any, b: Any, c: Any, attempts: int, elapsed: int, sleep: int) -> None:
    def up(stop: Any) -> bool:
        return bool(stop(attempts, elapsed, upcoming_sleep=sleep))

    assert up(a & b) == (up(a) and up(b))
    assert up(a | b) == (up(a) or up(b))
    assert up(a & (b | c)) == up((a & b) | (a & c))
    assert (a & b) & c == a & (b & c) == stop_all(a, b, c)
    assert (a | b) | c == a | (b | c) == stop_any(a, b, c)
    assert up(a | stop_never()) == up(a)


@STEADY
@given(STOP_LEAVES, SMALL, SMALL, SMALL)
def test_a_stop_that_gave_up_does_not_begin_again(stop: Any, attempts: int, elapsed: int, sleep: int) -> None:
    if stop(attempts, elapsed, upcoming_sleep=sleep):
        assert stop(attempts + 1, elapsed + 1, upcoming_sleep=sleep)


def test_a_function_combines_with_a_stop_from_both_sides() -> None:
    def in_a_hurry(attempts: int, elapsed_time: float, *, upcoming_sleep: float) -> bool:
        return upcoming_sleep > 1

    assert (stop_never() | in_a_hurry)(1, 0, upcoming_sleep=2)
    assert (in_a_hurry | stop_never())(1, 0, upcoming_sleep=2)
    assert not (stop_never() & in_a_hurry)(1, 0, upcoming_sleep=2)
    assert not (in_a_hurry & stop_never())(1, 0, upcoming_sleep=2)
