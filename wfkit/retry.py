"""Whether a step that raised is tried again, and when: `@step(retry_policy=retry_policy(...))`.

A policy is put together from a condition (which errors), a wait (how long) and a stop (when to give up); they are all
importable from here. Any object with a method `next` like that of `RetryPolicy` will do too.
"""

from __future__ import annotations

import warnings
from datetime import timedelta

from wfkit.attempts import RetryInfo, RetryPolicy
from wfkit.parts import Part, check_part
from wfkit.retry_conditions import (
    ConditionFunction,
    RetryCondition,
    retry_all,
    retry_always,
    retry_any,
    retry_if_exception,
    retry_if_exception_cause_type,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_message,
    retry_if_not_exception_type,
    retry_never,
    retry_unless_exception_type,
)
from wfkit.retry_stops import (
    StopCondition,
    StopFunction,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    stop_any,
    stop_before_delay,
    stop_never,
)
from wfkit.retry_waits import (
    WaitFunction,
    WaitStrategy,
    seconds_of,
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

__all__ = [
    "ConstantDelayRetryPolicy",
    "ExponentialBackoffRetryPolicy",
    "RetryCondition",
    "RetryInfo",
    "RetryPolicy",
    "StopCondition",
    "WaitStrategy",
    "retry_all",
    "retry_always",
    "retry_any",
    "retry_if_exception",
    "retry_if_exception_cause_type",
    "retry_if_exception_message",
    "retry_if_exception_type",
    "retry_if_not_exception_message",
    "retry_if_not_exception_type",
    "retry_never",
    "retry_policy",
    "retry_unless_exception_type",
    "stop_after_attempt",
    "stop_after_delay",
    "stop_all",
    "stop_any",
    "stop_before_delay",
    "stop_never",
    "wait_chain",
    "wait_combine",
    "wait_exponential",
    "wait_exponential_jitter",
    "wait_fixed",
    "wait_full_jitter",
    "wait_incrementing",
    "wait_none",
    "wait_random",
    "wait_random_exponential",
]


class retry_policy(Part):
    """A retry policy put together from a condition, a wait and a stop.

    Args:
        retry: which errors are worth another attempt: a condition, or a function of the error. By default all.
        wait: how long to wait before it; by default 5 seconds.
        stop: when to give up; by default after 3 attempts in all.

    Raises:
        TypeError: one of them is of another kind.

    Example:
        class Fetch(Workflow):
            @step(
                retry_policy=retry_policy(
                    retry=retry_if_exception_type((ConnectionError, TimeoutError)),
                    wait=wait_exponential_jitter(max=30),
                    stop=stop_after_attempt(5) | stop_before_delay(120),
                )
            )
            async def fetch(self, ev: StartEvent) -> StopEvent: ...
    """

    __slots__ = ("retry", "wait", "stop")  # noqa: RUF023 - the order of the arguments
    retry: ConditionFunction
    wait: WaitFunction
    stop: StopFunction

    def __init__(
        self,
        retry: ConditionFunction | None = None,
        wait: WaitFunction = wait_fixed(5),  # noqa: B008 - it never changes
        stop: StopFunction = stop_after_attempt(3),  # noqa: B008
    ) -> None:
        self._set(
            retry=retry_always()
            if retry is None
            else check_part("retry_policy(): retry must be", RetryCondition, retry),
            wait=check_part("retry_policy(): wait must be", WaitStrategy, wait),
            stop=check_part("retry_policy(): stop must be", StopCondition, stop),
        )

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up; see `RetryPolicy.next`."""
        if not self.retry(error):
            return None
        delay = seconds_of(self.wait, max(attempts - 1, 0), seed)
        return None if self.stop(attempts, elapsed_time, upcoming_sleep=delay) else delay


def ConstantDelayRetryPolicy(maximum_attempts: int = 3, delay: float | timedelta = 5) -> RetryPolicy:
    """Return a policy that waits equally long each time. Deprecated: use `retry_policy`.

    Args:
        maximum_attempts: how many attempts there are in all.
        delay: seconds or a timedelta.
    """
    return _deprecated(
        "ConstantDelayRetryPolicy", retry_policy(wait=wait_fixed(delay), stop=stop_after_attempt(maximum_attempts))
    )


def ExponentialBackoffRetryPolicy(
    maximum_attempts: int = 5,
    initial_delay: float | timedelta = 1.0,
    multiplier: float = 2.0,
    max_delay: float | timedelta = 60.0,
    jitter: bool = True,
) -> RetryPolicy:
    """Return a policy that waits longer each time. Deprecated: use `retry_policy`.

    Args:
        maximum_attempts: how many attempts there are in all.
        initial_delay: what the first retry waits for, seconds or a timedelta.
        multiplier: by which factor that grows.
        max_delay: the longest wait, seconds or a timedelta.
        jitter: wait for a random part of that.
    """
    wait = wait_random_exponential if jitter else wait_exponential
    return _deprecated(
        "ExponentialBackoffRetryPolicy",
        retry_policy(wait=wait(initial_delay, multiplier, max_delay), stop=stop_after_attempt(maximum_attempts)),
    )


def _deprecated(name: str, policy: retry_policy) -> retry_policy:
    warnings.warn(f"{name} is deprecated. Write instead: {policy!r}", DeprecationWarning, stacklevel=3)
    return policy
