"""Errors, and generated conditions, waits and stops, for the tests of retry policies."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from wfkit.retry import (
    retry_always,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_type,
    retry_never,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    stop_never,
    wait_chain,
    wait_combine,
    wait_exponential,
    wait_exponential_jitter,
    wait_fixed,
    wait_incrementing,
    wait_none,
    wait_random,
    wait_random_exponential,
)

# The same examples each time, however slow the machine is.
STEADY = settings(deadline=None, derandomize=True)

ERROR = ValueError("no bytes left")


def is_value_error(error: BaseException) -> bool:
    """A condition of the user's; at module level, so that it can be pickled."""
    return isinstance(error, ValueError)


async def never_now(error: BaseException) -> bool:
    """A condition that answers too late."""
    return True


KINDS: list[type[Exception]] = [ValueError, KeyError, LookupError, OSError, ConnectionError, RuntimeError]
ERRORS = st.sampled_from(KINDS).map(lambda kind: kind("text"))
LEAVES = st.one_of(
    st.sampled_from([retry_always(), retry_never(), retry_if_exception_message(match="te")]),
    st.sampled_from(KINDS).map(retry_if_exception_type),
    st.sampled_from(KINDS).map(retry_if_not_exception_type),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.tuples(inner, inner, st.booleans()).map(
        lambda each: each[0] & each[1] if each[2] else each[0] | each[1]
    ),
    max_leaves=5,
)


TIMES = st.one_of(st.integers(0, 1000), st.floats(0, 1000), st.timedeltas(timedelta(0), timedelta(hours=1)))
BASES = st.one_of(st.integers(1, 10), st.floats(0.01, 1e300))
SURE_WAITS: st.SearchStrategy[Any] = st.one_of(
    TIMES.map(wait_fixed),
    st.just(wait_none()),
    st.builds(wait_exponential, multiplier=TIMES, exp_base=BASES, max=st.sampled_from([5000, math.inf])),
    st.builds(wait_incrementing, start=TIMES, increment=TIMES),
)
RANDOM_WAITS: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda low, more: wait_random(low, low + more), st.integers(0, 50), st.floats(0, 50)),
    st.builds(wait_random_exponential, multiplier=TIMES, exp_base=BASES, max=st.sampled_from([5000, math.inf])),
    st.builds(wait_exponential_jitter, initial=TIMES, exp_base=BASES, max=TIMES, jitter=TIMES),
)
WAITS = st.recursive(
    SURE_WAITS | RANDOM_WAITS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: wait_chain(*each)),
        st.lists(inner, max_size=3).map(lambda each: wait_combine(*each)),
    ),
    max_leaves=4,
)
RETRIES = st.one_of(st.integers(0, 20), st.integers(0, 10**18))
SEEDS = st.integers()


STOP_LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.just(stop_never()),
    st.integers(1, 6).map(stop_after_attempt),
    st.integers(0, 6).map(stop_after_delay),
    st.integers(0, 6).map(stop_before_delay),
)
SMALL = st.integers(0, 6)
