"""Runs a test on many schedules of the event loop, each with virtual time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from tests.moments import simulated

P = ParamSpec("P")

SEEDS = range(10)


def every_schedule(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Let an `async def` test run once for each seed; a failure names its seed, and no task may be left behind.

    The test gets the same fixtures each time.
    """

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        for seed in SEEDS:
            simulated(test(*args, **kwargs), seed)

    return run
