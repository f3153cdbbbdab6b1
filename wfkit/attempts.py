"""Trying a step again: what a retry policy is, how it is asked, and what a step learns of its earlier attempts.

The policies themselves, put together from conditions, waits and stops, are in `retry`: only who uses them loads them.
"""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable
from weakref import WeakKeyDictionary

from wfkit.errors import WorkflowValidationError
from wfkit.parts import Kind, check_delay


@runtime_checkable
class RetryPolicy(Protocol):
    """Decides about another attempt. A policy of your own may leave `seed` out; then it is called without it.

    Example:
        class Patient:
            def next(self, elapsed_time, attempts, error, *, seed=None):
                return 60.0 if isinstance(error, ConnectionError) and attempts < 10 else None
    """

    def next(
        self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None
    ) -> float | timedelta | None:
        """Decide about another attempt.

        Args:
            elapsed_time: seconds since the first attempt began.
            attempts: how many attempts have failed, from 1.
            error: what the last one raised.
            seed: decides what is random; the same delivery of a run always brings the same one.

        Returns:
            The seconds to wait before the next attempt, at least 0; or None to give up.
        """


class PlainRetryPolicy(Protocol):
    """A retry policy that does without a seed, or can: what `@step(retry_policy=...)` takes."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | timedelta | None:
        """Decide about another attempt; see `RetryPolicy.next`."""


class RetryInfo(NamedTuple):
    """Where a step stands with its attempts: what `ctx.retry_info()` returns.

    Attributes:
        retry_number: how many retries this is, 0 during the first attempt.
        elapsed_seconds: seconds since the first attempt began.
        last_exception: what the attempt before raised, None during the first one.
        last_failed_at: when that was, None during the first attempt.
    """

    retry_number: int
    elapsed_seconds: float
    last_exception: Exception | None
    last_failed_at: datetime | None


def check_policy(policy: object) -> None:
    """Check what `@step(retry_policy=...)` was given.

    Raises:
        WorkflowValidationError: it has no usable method `next`; the message says what to write.
    """
    if isinstance(policy, type):
        raise WorkflowValidationError(
            f"retry_policy must be an object, got the class {policy!r}. Call it: {policy.__name__}(...)."
        )
    if isinstance(policy, Kind):
        raise WorkflowValidationError(
            f"retry_policy must be a policy, got {policy!r}, which is a part of one. "
            f"Write retry_policy({policy.keyword}={policy!r})."
        )
    method = getattr(policy, "next", None)
    if not callable(method):
        raise WorkflowValidationError(
            f"retry_policy must be an object with a method next(elapsed_time, attempts, error), got {policy!r}. "
            f"For example retry_policy(stop=stop_after_attempt(3))."
        )
    if inspect.iscoroutinefunction(method):
        raise WorkflowValidationError(
            f"The method next() of the retry policy {policy!r} is asynchronous. Make it a plain method."
        )
    try:
        inspect.signature(method).bind(0.0, 1, Exception(), **({"seed": None} if takes_seed(policy) else {}))
    except TypeError as problem:
        raise WorkflowValidationError(
            f"The method next() of the retry policy {policy!r} cannot be called as "
            f"next(elapsed_time, attempts, error): {problem}."
        ) from None
    except ValueError:  # written in C without a signature: it will be seen when it is called
        pass


def delay_of(
    policy: PlainRetryPolicy, elapsed: float, attempts: int, error: Exception, seed: int | None
) -> float | None:
    """Ask a policy and check its answer.

    Args:
        policy: what to ask; one whose `next` takes no `seed` is asked without it.
        elapsed: seconds since the first attempt began.
        attempts: how many attempts have failed, from 1.
        error: what the last one raised.
        seed: decides what is random.

    Returns:
        The seconds to wait before the next attempt, or None to give up.

    Raises:
        WorkflowRuntimeError: the answer is neither None nor a number that can be waited for.
        Exception: whatever the policy raises.
    """
    if takes_seed(policy):
        answer = cast(RetryPolicy, policy).next(elapsed, attempts, error, seed=seed)
    else:
        answer = policy.next(elapsed, attempts, error)
    if answer is None:
        return None
    return check_delay("next() of the retry policy", policy, answer, ", or None to give up.")


# Whether a function takes `seed`. It is the function that is remembered: one for all the policies of a class, and
# gone with it when a notebook cell defines the class again.
_seeded: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def takes_seed(policy: Any) -> bool:
    """Whether the method `next` of a policy takes an argument named `seed`."""
    method = policy.next
    function = getattr(method, "__func__", None)
    if function is None:
        return _has_seed(method)
    known = _seeded.get(function)
    if known is None:
        known = _seeded[function] = _has_seed(method)
    return known


def _has_seed(method: Any) -> bool:
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):  # written in C without a signature
        return False
    seed = parameters.get("seed")
    if seed is not None and seed.kind in (seed.KEYWORD_ONLY, seed.POSITIONAL_OR_KEYWORD):
        return True
    return any(each.kind is each.VAR_KEYWORD for each in parameters.values())
