"""Waits: how long, how random, and that no number grows too large."""

from __future__ import annotations

import math
import pickle
import random
import statistics
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retries import (
    BASES,
    ERROR,
    RANDOM_WAITS,
    RETRIES,
    SEEDS,
    STEADY,
    SURE_WAITS,
    TIMES,
    WAITS,
)
from wfkit.errors import WorkflowRuntimeError
from wfkit.retry import (
    WaitStrategy,
    retry_policy,
    stop_before_delay,
    wait_chain,
    wait_combine,
    wait_exponential,
    wait_exponential_jitter,
    wait_fixed,
    wait_full_jitter,
    wait_incrementing,
    wait_none,
    wait_random,
    wait_random_exponential,
)


@pytest.mark.parametrize(
    ("wait", "delays"),
    [
        (wait_none(), [0, 0, 0]),
        (wait_fixed(2.5), [2.5, 2.5, 2.5]),
        (wait_fixed(timedelta(minutes=1)), [60, 60, 60]),
        (wait_exponential(), [1, 2, 4, 8, 16, 32, 60, 60]),
        (wait_exponential(multiplier=3, exp_base=10, max=500, min=5), [5, 30, 300, 500]),
        (wait_exponential(timedelta(seconds=2), 2, timedelta(seconds=5), timedelta(seconds=3)), [3, 4, 5]),
        (wait_exponential(multiplier=0, min=1), [1, 1, 1]),
        (wait_exponential(multiplier=8, exp_base=0.5), [8, 4, 2, 1, 0.5]),
        (wait_incrementing(), [0, 100, 200]),
        (wait_incrementing(start=1, increment=2, max=4), [1, 3, 4, 4]),
        (wait_incrementing(start=5, increment=-2), [5, 3, 1, 0, 0]),
        (wait_incrementing(timedelta(seconds=1), timedelta(seconds=1), timedelta(seconds=2)), [1, 2, 2]),
        (wait_exponential_jitter(jitter=0), [1, 2, 4, 8, 16, 32, 60]),
        (wait_exponential_jitter(initial=timedelta(seconds=3), exp_base=3, max=20, jitter=0), [3, 9, 20]),
        (wait_random(min=2, max=2), [2, 2]),
        (wait_random_exponential(multiplier=1, min=4, max=4), [4, 4]),
        (wait_chain(wait_fixed(1), wait_fixed(3)), [1, 3, 3, 3]),
        (wait_chain(wait_fixed(1), wait_exponential()), [1, 2, 4, 8]),
        (wait_combine(), [0, 0]),
        (wait_combine(wait_fixed(1), wait_exponential(max=4)), [2, 3, 5, 5]),
        (wait_fixed(1) + wait_incrementing(0, 10), [1, 11, 21]),
    ],
    ids=lambda each: repr(each) if isinstance(each, WaitStrategy) else "",
)
def test_a_wait_is_asked_from_0_on(wait: WaitStrategy, delays: list[float]) -> None:
    assert [wait(n) for n in range(len(delays))] == delays
    assert [wait(n, seed=7) for n in range(len(delays))] == delays


@STEADY
@given(WAITS, RETRIES, st.none() | SEEDS)
def test_every_wait_is_a_finite_time(wait: Any, n: int, seed: int | None) -> None:
    delay = wait(n, seed=seed)
    assert 0 <= delay < math.inf


@STEADY
@given(WAITS, RETRIES, SEEDS)
def test_the_same_seed_gives_the_same_delay(wait: Any, n: int, seed: int) -> None:
    assert wait(n, seed=seed) == wait(n, seed=seed) == pickle.loads(pickle.dumps(wait))(n, seed)


@STEADY
@given(SURE_WAITS, SURE_WAITS, SURE_WAITS, RETRIES)
def test_waits_add_up(a: Any, b: Any, c: Any, n: int) -> None:
    # Approximately: beyond 2**53 a whole number of seconds is no float.
    assert (a + b)(n) == (b + a)(n) == pytest.approx(min(a(n) + b(n), 1.7976931348623157e308))
    assert (a + wait_none())(n) == pytest.approx(a(n))
    assert (a + b) + c == a + (b + c) == sum([a, b, c]) == wait_combine(a, b, c)


@STEADY
@given(RANDOM_WAITS, RETRIES, SEEDS)
def test_adding_no_wait_keeps_a_jitter(wait: Any, n: int, seed: int) -> None:
    assert (wait + wait_none())(n, seed) == wait(n, seed)
    assert sum([wait]) is wait


@STEADY
@given(TIMES, BASES, st.integers(0, 100), st.integers(0, 100), RETRIES)
def test_an_exponential_wait_keeps_within_its_bounds_and_never_turns_back(
    first: Any, base: float, low: int, more: int, n: int
) -> None:
    wait = wait_exponential(first, base, max=low + more, min=low)
    assert low <= wait(n) <= low + more
    assert wait(n) <= wait(n + 1) if base >= 1 else wait(n) >= wait(n + 1)


@pytest.mark.parametrize(
    "wait",
    [
        wait_exponential(),
        wait_exponential(multiplier=10, exp_base=10),
        wait_exponential_jitter(),
        wait_incrementing(start=60, max=60),
        wait_exponential(exp_base=1e308),
    ],
    ids=repr,
)
def test_the_millionth_retry_waits_for_the_longest_time(wait: WaitStrategy) -> None:
    assert wait(1_000_000) == 60
    assert wait(10**30) == 60


def test_what_grows_without_a_bound_stays_finite() -> None:
    assert wait_exponential(max=math.inf)(10**9) == 1.7976931348623157e308
    assert wait_exponential(multiplier=0, max=math.inf)(10**9) == 0
    assert wait_incrementing(0, 1e300)(10**30) == 1.7976931348623157e308
    assert (wait_exponential(max=math.inf) + wait_exponential(max=math.inf))(10**9) == 1.7976931348623157e308


SAMPLES = [(n, seed) for n in range(4) for seed in range(2000)]


@pytest.mark.parametrize(
    ("wait", "bounds"),
    [
        (wait_random(), lambda n: (0, 1)),
        (wait_random(min=3, max=7), lambda n: (3, 7)),
        (wait_random(timedelta(seconds=1), timedelta(seconds=2)), lambda n: (1, 2)),
        (wait_random_exponential(), lambda n: (0, 2**n)),
        (wait_random_exponential(multiplier=2, max=9, min=1), lambda n: (1, min(2 * 2**n, 9))),
        (wait_full_jitter(multiplier=3, exp_base=3), lambda n: (0, min(3 * 3**n, 60))),
        (wait_exponential_jitter(), lambda n: (2**n, 2**n + 1)),
        (wait_exponential_jitter(initial=2, exp_base=3, jitter=10), lambda n: (2 * 3**n, min(2 * 3**n + 10, 60))),
    ],
    ids=lambda each: repr(each) if isinstance(each, WaitStrategy) else "",
)
def test_a_jitter_fills_its_range_evenly(wait: Any, bounds: Callable[[int], tuple[float, float]]) -> None:
    for n in range(4):
        low, high = bounds(n)
        drawn = [(wait(n, seed=seed) - low) / (high - low) for seed in range(2000)]
        if high == 60:  # the cap gathers what would be above it
            assert min(drawn) >= 0
            assert max(drawn) <= 1
            continue
        assert 0 <= min(drawn) < 0.01
        assert 0.99 < max(drawn) <= 1
        assert statistics.mean(drawn) == pytest.approx(1 / 2, abs=0.03)
        assert statistics.variance(drawn) == pytest.approx(1 / 12, abs=0.01)


def test_a_jitter_on_top_does_not_exceed_the_longest_wait() -> None:
    wait = wait_exponential_jitter(initial=4, max=4.5, jitter=1)
    drawn = [wait(0, seed=seed) for seed in range(200)]
    assert max(drawn) == 4.5
    assert min(drawn) < 4.1


def test_a_random_wait_whose_range_begins_later_waits_for_that() -> None:
    assert {wait_random_exponential(min=5)(n, seed) for n in range(3) for seed in range(20)} == {5}


def test_each_retry_and_each_seed_draw_anew() -> None:
    wait = wait_random()
    assert len({wait(n, seed) for n, seed in SAMPLES}) == len(SAMPLES)
    assert wait(0, seed=1) != wait(0, seed=-1)
    assert wait(0, seed=2**64) != wait(0, seed=0)
    one_later = [(wait(0, seed), wait(1, seed)) for seed in range(2000)]
    assert abs(statistics.correlation(*zip(*one_later, strict=True))) < 0.08


def test_two_jitters_of_one_sum_differ() -> None:
    both = wait_random() + wait_random()
    drawn = [both(0, seed=seed) for seed in range(2000)]
    assert statistics.variance(drawn) == pytest.approx(1 / 6, abs=0.02)  # one jitter twice would have 1/3


def test_a_seed_means_the_same_in_every_process() -> None:
    assert wait_random()(0, seed=1) == 0.9586105406350103
    assert wait_random()(1, seed=1) == 0.5867040654348069


def test_without_a_seed_it_is_random_each_time_and_leaves_the_users_generator_alone() -> None:
    random.seed(1)
    expected = random.Random(1).random()
    drawn = {wait_random()(0) for _ in range(50)}
    assert len(drawn) == 50
    assert random.random() == expected


def test_a_function_adds_up_with_a_wait_from_both_sides() -> None:
    def squares(attempts: int, *, seed: int | None = None) -> float:
        return attempts**2

    assert [(wait_fixed(1) + squares)(n) for n in range(3)] == [1, 2, 5]
    assert [(squares + wait_fixed(1))(n) for n in range(3)] == [1, 2, 5]
    assert [wait_chain(wait_fixed(7), squares)(n) for n in range(3)] == [7, 1, 4]


def test_a_wait_of_ones_own_may_answer_with_a_timedelta_and_gets_the_operators() -> None:
    class Minutes(WaitStrategy):
        def __init__(self) -> None:
            self.asked: list[tuple[int, int | None]] = []

        def __call__(self, attempts: int, seed: int | None = None) -> Any:
            self.asked.append((attempts, seed))
            return timedelta(minutes=attempts)

    minutes = Minutes()
    assert (minutes + wait_fixed(1))(2, seed=5) == 121
    assert retry_policy(wait=minutes, stop=stop_before_delay(61)).next(0, 2, ERROR, seed=6) == 60
    assert minutes.asked == [(2, 5), (1, 6)]


@pytest.mark.parametrize("answer", [None, "1", -1, math.nan, math.inf, True])
def test_a_wait_that_answers_nonsense_is_named(answer: Any) -> None:
    def odd_wait(attempts: int, *, seed: int | None = None) -> Any:
        return answer

    with pytest.raises(WorkflowRuntimeError, match=r"The wait <function .*odd_wait.* returned .*\. Return the seconds"):
        retry_policy(wait=odd_wait).next(0, 1, ERROR)
