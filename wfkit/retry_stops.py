"""When to give up: stops, which `&` and `|` combine.

A stop is called as `stop(attempts, elapsed_time, upcoming_sleep=...)` and says whether to give up. A plain function
of that signature is one too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from wfkit.parts import Kind, Part, Parts, Seconds, check_number


class StopFunction(Protocol):
    """What can stand where a stop is wanted."""

    def __call__(self, attempts: int, elapsed_time: float, /, *, upcoming_sleep: float) -> bool:
        """Whether to give up."""


class StopCondition(Kind):
    """Base of all stops: gives them `&` and `|`. A subclass says in `__call__` whether to give up."""

    __slots__ = ()
    noun = "stop"
    keyword = "stop"
    example = "stop_after_attempt(3)"
    call = "stop(attempts, elapsed_time, upcoming_sleep=seconds)"
    sample = ((1, 0.0), {"upcoming_sleep": 0.0})

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        """Whether to give up.

        Args:
            attempts: how many attempts have failed, from 1.
            elapsed_time: seconds since the first attempt began.
            upcoming_sleep: seconds that would pass before the next attempt.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define __call__(self, attempts, elapsed_time, *, upcoming_sleep=0.0)."
        )

    def __and__(self, other: StopFunction) -> stop_all:
        return stop_all(self, other) if callable(other) else NotImplemented

    def __rand__(self, other: StopFunction) -> stop_all:
        return stop_all(other, self) if callable(other) else NotImplemented

    def __or__(self, other: StopFunction) -> stop_any:
        return stop_any(self, other) if callable(other) else NotImplemented

    def __ror__(self, other: StopFunction) -> stop_any:
        return stop_any(other, self) if callable(other) else NotImplemented


class stop_any(Parts, StopCondition):
    """Give up when at least one of the stops says so; with no stop, never. `a | b` writes it shorter."""

    __slots__ = ()
    kind = StopCondition

    def __init__(self, *stops: StopFunction) -> None:
        Parts.__init__(self, *stops)

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        """Whether to give up."""
        return any(stop(attempts, elapsed_time, upcoming_sleep=upcoming_sleep) for stop in self.parts)


class stop_all(Parts, StopCondition):
    """Give up when all of the stops say so; with no stop, at once. `a & b` writes it shorter."""

    __slots__ = ()
    kind = StopCondition

    def __init__(self, *stops: StopFunction) -> None:
        Parts.__init__(self, *stops)

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        """Whether to give up."""
        return all(stop(attempts, elapsed_time, upcoming_sleep=upcoming_sleep) for stop in self.parts)


class stop_never(Part, StopCondition):
    """Never give up. The timeout of the workflow still ends the run."""

    __slots__ = ()

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        """Whether to give up: no."""
        return False


class stop_after_attempt(Part, StopCondition):
    """Give up after so many attempts.

    Args:
        max_attempt_number: how many attempts there are in all, the first one included; at least 1.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is less than 1.
    """

    __slots__ = ("max_attempt_number",)
    max_attempt_number: int

    def __init__(self, max_attempt_number: int) -> None:
        given = max_attempt_number
        if isinstance(given, bool) or not isinstance(given, int):
            way_out = " For seconds: stop_after_delay(...)." if isinstance(given, (float, timedelta)) else ""
            raise TypeError(f"stop_after_attempt() takes a whole number of attempts, got {given!r}.{way_out}")
        if given < 1:
            raise ValueError(
                f"stop_after_attempt() takes a number of attempts of at least 1, got {given!r}. "
                f"The first attempt counts: stop_after_attempt(1) means no retry."
            )
        self._set(max_attempt_number=given)

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        """Whether to give up."""
        return attempts >= self.max_attempt_number


class stop_after_delay(Part, StopCondition):
    """Give up at the first failure that comes so long after the first attempt began.

    The last attempt may begin, and end, later than that: see `stop_before_delay`.

    Args:
        max_delay: seconds or a timedelta, at least 0.

    Raises:
        TypeError: it is neither.
        ValueError: it is negative.
    """

    __slots__ = ("max_delay",)
    max_delay: float

    def __init__(self, max_delay: Seconds) -> None:
        self._set(max_delay=check_number("stop_after_delay(): max_delay", max_delay, finite=False))

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        """Whether to give up."""
        return elapsed_time >= self.max_delay


class stop_before_delay(Part, StopCondition):
    """Give up if the next attempt could not begin within so long after the first one began.

    Args:
        max_delay: seconds or a timedelta, at least 0.

    Raises:
        TypeError: it is neither.
        ValueError: it is negative.
    """

    __slots__ = ("max_delay",)
    max_delay: float

    def __init__(self, max_delay: Seconds) -> None:
        self._set(max_delay=check_number("stop_before_delay(): max_delay", max_delay, finite=False))

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        """Whether to give up."""
        return elapsed_time + upcoming_sleep >= self.max_delay
