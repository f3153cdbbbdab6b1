"""Retry policies: what they decide, how a policy of one's own is asked, and what is refused."""

from __future__ import annotations

import functools
import inspect
import math
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wfkit.retry
from tests.retries import (
    CONDITIONS,
    ERROR,
    ERRORS,
    SEEDS,
    SMALL,
    STEADY,
    STOP_LEAVES,
    SURE_WAITS,
    is_value_error,
)
from wfkit.attempts import check_policy, delay_of
from wfkit.errors import WorkflowRuntimeError, WorkflowValidationError
from wfkit.retry import (
    ConstantDelayRetryPolicy,
    ExponentialBackoffRetryPolicy,
    RetryInfo,
    RetryPolicy,
    retry_always,
    retry_if_exception_type,
    retry_policy,
    stop_after_attempt,
    stop_before_delay,
    stop_never,
    wait_exponential,
    wait_fixed,
    wait_random,
    wait_random_exponential,
)


def delays(policy: RetryPolicy, count: int, **options: Any) -> list[Any]:
    """Return what a policy answers to the first failures."""
    return [policy.next(0, attempts, ERROR, **options) for attempts in range(1, count + 1)]


def test_delays_begin_with_the_multiplier() -> None:
    policy = retry_policy(wait=wait_exponential(multiplier=1, max=10), stop=stop_after_attempt(6))
    assert delays(policy, 6) == [1, 2, 4, 8, 10, None]


def test_by_default_there_are_three_attempts_five_seconds_apart() -> None:
    assert delays(retry_policy(), 4) == [5, 5, None, None]


def test_an_error_that_is_not_worth_it_is_given_up_at_once() -> None:
    policy = retry_policy(retry=retry_if_exception_type(OSError) | is_value_error)
    assert policy.next(0, 1, ValueError()) == policy.next(0, 1, TimeoutError()) == 5
    assert policy.next(0, 1, KeyError()) is None


def test_the_stop_knows_the_upcoming_sleep() -> None:
    policy = retry_policy(wait=wait_fixed(4), stop=stop_before_delay(10))
    assert policy.next(5.9, 2, ERROR) == 4
    assert policy.next(6.0, 2, ERROR) is None


@STEADY
@given(st.integers(1, 30), SEEDS)
def test_the_wait_is_asked_with_the_number_of_the_retry_and_the_seed(attempts: int, seed: int) -> None:
    wait = wait_random_exponential(max=1e9)
    assert retry_policy(wait=wait, stop=stop_never()).next(0, attempts, ERROR, seed=seed) == wait(
        attempts - 1, seed=seed
    )


@STEADY
@given(CONDITIONS, SURE_WAITS, STOP_LEAVES, SMALL, SMALL, ERRORS)
def test_a_policy_is_its_condition_its_wait_and_its_stop(
    condition: Any, wait: Any, stop: Any, n: int, elapsed: int, error: Exception
) -> None:
    answer = retry_policy(condition, wait, stop).next(elapsed, n + 1, error)
    delay = wait(n)
    assert answer == (delay if condition(error) and not stop(n + 1, elapsed, upcoming_sleep=delay) else None)


def test_the_constant_delay_of_old_is_a_policy_with_a_fixed_wait() -> None:
    with pytest.warns(
        DeprecationWarning, match=r"ConstantDelayRetryPolicy is deprecated\. Write instead: retry_policy"
    ):
        policy = ConstantDelayRetryPolicy(maximum_attempts=4, delay=2)
    assert policy == retry_policy(wait=wait_fixed(2), stop=stop_after_attempt(4))
    with pytest.warns(DeprecationWarning, match="is deprecated") as warned:
        assert delays(ConstantDelayRetryPolicy(), 3) == [5, 5, None]
    assert warned[0].filename == __file__


def test_the_exponential_backoff_of_old_waits_for_a_random_part_of_an_exponential_wait() -> None:
    with pytest.warns(DeprecationWarning, match=r"ExponentialBackoffRetryPolicy is deprecated\."):
        plain = ExponentialBackoffRetryPolicy(jitter=False)
    with pytest.warns(DeprecationWarning, match="is deprecated") as warned:
        jittery = ExponentialBackoffRetryPolicy(6, 2, 3, timedelta(seconds=30))
    assert warned[0].filename == __file__
    assert delays(plain, 5) == [1, 2, 4, 8, None]
    assert jittery == retry_policy(wait=wait_random_exponential(2, 3, 30), stop=stop_after_attempt(6))


def test_a_policy_can_be_told_from_what_is_none() -> None:
    assert isinstance(retry_policy(), RetryPolicy)
    assert not isinstance(wait_fixed(1), RetryPolicy)


def test_what_a_step_learns_of_its_attempts_cannot_be_changed() -> None:
    failed_at = datetime(2026, 1, 2, tzinfo=UTC)
    info = RetryInfo(retry_number=1, elapsed_seconds=2.5, last_exception=ERROR, last_failed_at=failed_at)
    assert info == RetryInfo(1, 2.5, ERROR, failed_at)
    assert not hasattr(info, "__dict__")
    with pytest.raises(AttributeError):
        info.retry_number = 2  # type: ignore[misc]


def test_every_name_of_the_module_is_documented_and_pickles_by_its_name() -> None:
    for name in wfkit.retry.__all__:
        value = getattr(wfkit.retry, name)
        assert value.__doc__, name
        assert pickle.loads(pickle.dumps(value)) is value


class Seeded:
    """Keeps what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float:
        self.asked.append((elapsed_time, attempts, error, seed))
        return 1


class Unseeded:
    """A policy that knows nothing of seeds."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return elapsed_time + attempts


class ByKeyword:
    """A policy that passes on what it gets."""

    def next(self, *args: Any, **kwargs: Any) -> float | None:
        return retry_policy(wait=wait_random(), stop=stop_never()).next(*args, **kwargs)


class PositionalSeed:
    """Has a `seed` that cannot be given by name, so it is another seed."""

    def next(self, elapsed_time: float, attempts: int, error: Exception, seed: float = 3, /) -> float:
        return seed


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator as users write them."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Decorated(Unseeded):
    """A policy whose method looks as if it took everything."""

    next = wrapped(Unseeded.next)


def ask(policy: Any, elapsed: float = 2.5, attempts: int = 1, seed: int | None = 9) -> float | None:
    """Ask a policy about an error."""
    return delay_of(policy, elapsed, attempts, ERROR, seed)


def test_a_policy_is_asked_with_everything() -> None:
    policy = Seeded()
    assert ask(policy) == 1
    assert policy.asked == [(2.5, 1, ERROR, 9)]


@pytest.mark.parametrize("policy", [Unseeded(), Decorated()], ids=lambda policy: type(policy).__name__)
def test_a_policy_without_seed_is_asked_without_it(policy: Any) -> None:
    check_policy(policy)
    assert [ask(policy), ask(policy, attempts=2)] == [3.5, 4.5]


def test_a_policy_that_takes_everything_by_name_gets_the_seed() -> None:
    check_policy(ByKeyword())
    assert ask(ByKeyword(), seed=4) == wait_random()(0, seed=4)


def test_a_seed_that_cannot_be_named_is_not_given() -> None:
    check_policy(PositionalSeed())
    assert ask(PositionalSeed()) == 3


def test_a_method_on_the_object_itself_is_asked_as_it_is() -> None:
    for _ in range(2):
        assert ask(SimpleNamespace(next=lambda elapsed, attempts, error: 4)) == 4
        assert ask(SimpleNamespace(next=lambda elapsed, attempts, error, seed: seed)) == 9
        assert ask(SimpleNamespace(next=functools.partial(Seeded.next, Seeded()))) == 1


def test_a_signature_is_read_once_for_a_class_and_again_for_a_new_method() -> None:
    class Counted(Unseeded):
        pass

    def answer(self: object, elapsed_time: float, attempts: int, error: Exception, *, seed: int = 0) -> float:
        return seed

    def other(self: object, elapsed_time: float, attempts: int, error: Exception) -> float:
        return 3

    Counted.next = answer  # type: ignore[method-assign]
    assert ask(Counted()) == 9
    answer.__signature__ = inspect.Signature()  # type: ignore[attr-defined] # nothing looks at it any more
    assert ask(Counted()) == 9
    Counted.next = other  # type: ignore[method-assign]
    assert ask(Counted()) == 3


def test_a_subclass_that_leaves_the_seed_out_is_asked_without_it() -> None:
    class Plain(Seeded):
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> float:  # type: ignore[override]
            return 7

    assert [ask(Seeded()), ask(Plain()), ask(Seeded())] == [1, 7, 1]


@pytest.mark.parametrize(
    ("answer", "delay"),
    [(None, None), (0, 0), (3, 3), (0.25, 0.25), (timedelta(minutes=2), 120), (Fraction(1, 2), 0.5), (1e300, 1e300)],
    ids=repr,
)
def test_an_answer_that_can_be_waited_for_is_passed_on(answer: Any, delay: float | None) -> None:
    assert ask(SimpleNamespace(next=lambda elapsed, attempts, error: answer)) == delay


def test_a_whole_number_stays_one() -> None:
    assert repr(ask(retry_policy())) == "5"


@pytest.mark.parametrize(
    "answer",
    [True, False, -1, -0.5, math.nan, math.inf, "5", [5], 10**400, timedelta(seconds=-1), ERROR, 5j],
    ids=lambda answer: repr(answer)[:12],
)
def test_an_answer_that_cannot_be_waited_for_names_the_policy(answer: Any) -> None:
    class Odd(Unseeded):
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> Any:
            return answer

        def __repr__(self) -> str:
            return "Odd()"

    with pytest.raises(WorkflowRuntimeError) as caught:
        ask(Odd())
    assert str(caught.value) == (
        f"next() of the retry policy Odd() returned {answer!r}. Return the seconds to wait, a finite number of at "
        f"least 0, or None to give up."
    )


def test_what_a_policy_raises_comes_out() -> None:
    class Broken(Unseeded):
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> float:
            raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        ask(Broken())


class AsyncPolicy:
    """Answers too late."""

    async def next(self, elapsed_time: float, attempts: int, error: Exception) -> float:
        return 1


class ShortPolicy:
    """Takes too little."""

    def next(self, attempts: int, error: Exception) -> float:
        return 1


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (3, "an object with a method next(elapsed_time, attempts, error), got 3. For example retry_policy("),
        ("twice", "got 'twice'."),
        (is_value_error, "got <function is_value_error"),
        (SimpleNamespace(next=5), "got namespace(next=5)."),
        (retry_policy, "retry_policy must be an object, got the class <class 'wfkit.retry.retry_policy'>. Call it:"),
        (Seeded, "Call it: Seeded(...)."),
        (int, "got the class <class 'int'>."),
        (wait_fixed(1), "got wait_fixed(1), which is a part of one. Write retry_policy(wait=wait_fixed(1))."),
        (stop_never(), "Write retry_policy(stop=stop_never())."),
        (retry_always(), "Write retry_policy(retry=retry_always())."),
        (AsyncPolicy(), "is asynchronous. Make it a plain method."),
        (ShortPolicy(), "cannot be called as next(elapsed_time, attempts, error): too many positional arguments."),
    ],
)
def test_what_is_no_policy_is_refused(policy: Any, message: str) -> None:
    with pytest.raises(WorkflowValidationError, match=re.escape(message)):
        check_policy(policy)


@pytest.mark.parametrize("policy", [retry_policy(), Seeded(), SimpleNamespace(next=lambda *args: None)], ids=str)
def test_what_has_a_fitting_method_is_a_policy(policy: Any) -> None:
    check_policy(policy)
