"""How long to wait before the next attempt: waits, which `+` and `sum()` combine.

A wait is called as `wait(attempts, seed=...)`, with 0 for the first retry, and returns seconds. A plain function of
that signature is one too. Whatever is random is drawn from the seed and the number of the retry, so the same seed gives
the same delays; without a seed it is random each time.
"""

from __future__ import annotations

import math
import sys
from typing import Any, Protocol

from wfkit.parts import Kind, Part, Parts, Seconds, check_delay, check_number

LONGEST = sys.float_info.max
"""No wait is longer: what grows beyond all numbers stops here."""


class WaitFunction(Protocol):
    """What can stand where a wait is wanted."""

    def __call__(self, attempts: int, /, *, seed: int | None) -> Seconds:
        """Return how long to wait."""


class WaitStrategy(Kind):
    """Base of all waits: gives them `+` and `sum()`. A subclass returns seconds from `__call__`."""

    __slots__ = ()
    noun = "wait"
    keyword = "wait"
    example = "wait_fixed(5)"
    call = "wait(attempts, seed=seed)"
    sample = ((0,), {"seed": None})

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait.

        Args:
            attempts: how many retries there have been: 0 before the first one.
            seed: decides what is random; without it that is different each time.
        """
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, attempts, seed=None).")

    def __add__(self, other: WaitFunction) -> wait_combine:
        return wait_combine(self, other) if callable(other) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        if type(other) is int and other == 0:  # where sum() begins
            return self
        return wait_combine(other, self) if callable(other) else NotImplemented


def seconds_of(wait: WaitFunction, attempts: int, seed: int | None) -> float:
    """Ask a wait; one of the user's may answer with anything.

    Raises:
        WorkflowRuntimeError: nobody can wait that long.
    """
    return check_delay("The wait", wait, wait(attempts, seed=seed), ".")


class wait_combine(Parts, WaitStrategy):
    """Wait as long as all of the waits together; with no wait, not at all. `a + b` writes it shorter."""

    __slots__ = ()
    kind = WaitStrategy

    def __init__(self, *strategies: WaitFunction) -> None:
        Parts.__init__(self, *strategies)

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        # Each has its own seed: two jitters of one seed would be one jitter twice.
        delays = (seconds_of(wait, attempts, _nth_seed(seed, n)) for n, wait in enumerate(self.parts))
        return min(sum(delays), LONGEST)


class wait_chain(Parts, WaitStrategy):
    """Use one wait after another: the first before the first retry, and so on. The last one stays.

    Args:
        strategies: at least one wait. Each is asked with the number of the retry as it is.

    Raises:
        ValueError: there is none.
        TypeError: one of them is no wait.

    Example:
        wait_chain(wait_fixed(1), wait_fixed(1), wait_fixed(10))
    """

    __slots__ = ()
    kind = WaitStrategy
    flat = False

    def __init__(self, *strategies: WaitFunction) -> None:
        if not strategies:
            raise ValueError("wait_chain() takes at least one wait, got none. For example wait_chain(wait_fixed(1)).")
        Parts.__init__(self, *strategies)

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        return seconds_of(self.parts[min(attempts, len(self.parts) - 1)], attempts, seed)


class wait_none(Part, WaitStrategy):
    """Do not wait."""

    __slots__ = ()

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait: none."""
        return 0.0


class wait_fixed(Part, WaitStrategy):
    """Wait equally long each time.

    Args:
        wait: seconds or a timedelta, at least 0.

    Raises:
        TypeError: it is neither.
        ValueError: it is negative or not finite.
    """

    __slots__ = ("wait",)
    wait: float

    def __init__(self, wait: Seconds) -> None:
        self._set(wait=check_number("wait_fixed(): wait", wait))

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        return self.wait


class wait_incrementing(Part, WaitStrategy):
    """Wait longer by the same amount each time.

    Args:
        start: what the first retry waits for, seconds or a timedelta, at least 0.
        increment: by how much it gets longer. A negative one makes it shorter, down to 0.
        max: the longest wait.

    Raises:
        TypeError: one of them is neither number nor timedelta.
        ValueError: one of them is out of its range.
    """

    __slots__ = ("start", "increment", "max")  # noqa: RUF023 - the order of the arguments
    start: float
    increment: float
    max: float

    def __init__(self, start: Seconds = 0, increment: Seconds = 100, max: Seconds = math.inf) -> None:
        self._set(
            start=check_number("wait_incrementing(): start", start),
            increment=check_number("wait_incrementing(): increment", increment, least=-LONGEST),
            max=check_number("wait_incrementing(): max", max, finite=False),
        )

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        return max(0, min(self.start + self.increment * attempts, self.max, LONGEST))


class wait_random(Part, WaitStrategy):
    """Wait for a random time, each in the range being equally likely.

    Args:
        min: the shortest wait, seconds or a timedelta, at least 0.
        max: the longest wait.

    Raises:
        TypeError: one of them is neither number nor timedelta.
        ValueError: one of them is negative or not finite, or `max` is less than `min`.
    """

    __slots__ = ("min", "max")  # noqa: RUF023 - the order of the arguments
    min: float
    max: float

    def __init__(self, min: Seconds = 0, max: Seconds = 1) -> None:
        least, most = _range("wait_random()", min, max)
        self._set(min=least, max=check_number("wait_random(): max", most))

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        return _between(self.min, self.max, attempts, seed)


class wait_exponential(Part, WaitStrategy):
    """Wait longer by a factor each time: `multiplier * exp_base**0`, `multiplier * exp_base**1`, and so on.

    Args:
        multiplier: what the first retry waits for, seconds or a timedelta, at least 0.
        exp_base: the factor, more than 0.
        max: the longest wait.
        min: the shortest wait.

    Raises:
        TypeError: one of them is neither number nor timedelta.
        ValueError: one of them is out of its range, or `max` is less than `min`.

    Example:
        wait_exponential(multiplier=1, max=10)  # 1, 2, 4, 8, 10, 10, ...
    """

    __slots__ = ("multiplier", "exp_base", "max", "min")  # noqa: RUF023 - the order of the arguments
    multiplier: float
    exp_base: float
    max: float
    min: float

    def __init__(self, multiplier: Seconds = 1, exp_base: float = 2, max: Seconds = 60, min: Seconds = 0) -> None:
        name = f"{type(self).__name__}()"
        least, most = _range(name, min, max)
        self._set(
            multiplier=check_number(f"{name}: multiplier", multiplier),
            exp_base=_base(name, exp_base),
            max=most,
            min=least,
        )

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        return max(self.min, min(_power(self.multiplier, self.exp_base, attempts), self.max))


class wait_random_exponential(wait_exponential):
    """Wait for a random time between `min` and what `wait_exponential` would wait ("full jitter").

    Many clients that failed together then do not come back together.

    Args:
        multiplier: the longest that the first retry waits for, seconds or a timedelta, at least 0.
        exp_base: by which factor that grows with each retry, more than 0.
        max: the longest wait.
        min: the shortest wait.

    Raises:
        TypeError: one of them is neither number nor timedelta.
        ValueError: one of them is out of its range, or `max` is less than `min`.
    """

    __slots__ = ()

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        return _between(self.min, wait_exponential.__call__(self, attempts), attempts, seed)


wait_full_jitter = wait_random_exponential


class wait_exponential_jitter(Part, WaitStrategy):
    """Wait longer by a factor each time, and for a random time on top of that.

    Args:
        initial: what the first retry waits for, seconds or a timedelta, at least 0.
        exp_base: the factor, more than 0.
        max: the longest wait, jitter included.
        jitter: the longest time on top.

    Raises:
        TypeError: one of them is neither number nor timedelta.
        ValueError: one of them is out of its range.
    """

    __slots__ = ("initial", "exp_base", "max", "jitter")  # noqa: RUF023 - the order of the arguments
    initial: float
    exp_base: float
    max: float
    jitter: float

    def __init__(self, initial: Seconds = 1, exp_base: float = 2, max: Seconds = 60, jitter: Seconds = 1) -> None:
        self._set(
            initial=check_number("wait_exponential_jitter(): initial", initial),
            exp_base=_base("wait_exponential_jitter()", exp_base),
            max=check_number("wait_exponential_jitter(): max", max, finite=False),
            jitter=check_number("wait_exponential_jitter(): jitter", jitter),
        )

    def __call__(self, attempts: int, seed: int | None = None) -> float:
        """Return how many seconds to wait."""
        grown = _power(self.initial, self.exp_base, attempts)
        return min(grown + _between(0, self.jitter, attempts, seed), self.max, LONGEST)


def _range(name: str, least: Seconds, most: Seconds) -> tuple[float, float]:
    low = check_number(f"{name}: min", least)
    high = check_number(f"{name}: max", most, finite=False)
    if high < low:
        raise ValueError(f"{name}: max must be at least min, got min={least!r} and max={most!r}. Give both.")
    return low, high


def _base(name: str, given: object) -> float:
    number = check_number(f"{name}: exp_base", given)
    if number == 0:
        raise ValueError(f"{name}: exp_base must be more than 0, got {given!r}.")
    return number


def _power(first: float, base: float, attempts: int) -> float:
    try:
        grown = first * float(base) ** attempts
    except OverflowError:
        grown = LONGEST if first else 0.0
    return min(grown, LONGEST)


def _between(least: float, most: float, attempts: int, seed: int | None) -> float:
    """Draw a number; the seed goes in as text, which is mixed well, and in which -1 is not 1."""
    from random import Random

    random = Random() if seed is None else Random(f"{seed} {attempts}")
    return min(least + (most - least) * random.random(), most)


def _nth_seed(seed: int | None, n: int) -> int | None:
    return seed if seed is None else seed ^ (n * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
