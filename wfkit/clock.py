"""Time, as the package knows it: one `Clock`, injected, and nothing else.

Every run asks `current_clock()` once and keeps what it gets. The default reads and schedules on the running event
loop, so a loop with virtual time gives a run virtual time. Tests put a clock of their own in place::

    with use_clock(FakeClock()) as clock: ...

One clock for everything is what keeps a delay and the moment it is measured from comparable.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar


class Timer(Protocol):
    """A call that is due later and can be cancelled."""

    def cancel(self) -> None:
        """Forget the call; harmless when it has already run."""


class Clock(Protocol):
    """Where a run reads the time, in seconds from an arbitrary origin, and sets its alarms."""

    def now(self) -> float:
        """Return the current time in seconds; it never goes backwards."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` in the event loop, `delay` seconds from now."""


class LoopClock:
    """The time of the running event loop: real in real life, virtual on a virtual loop."""

    __slots__ = ("_loop", "now")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Reading the time is on the hot path: without a frame where the loop's time is the system's.
        plain = getattr(type(self._loop), "time", None) is asyncio.BaseEventLoop.time
        self.now: Callable[[], float] = time.monotonic if plain else self._loop.time

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` on this loop, `delay` seconds from now."""
        return self._loop.call_later(delay, callback)


_injected: ContextVar[Clock | None] = ContextVar("wfkit_clock", default=None)

AnyClock = TypeVar("AnyClock", bound=Clock)


def current_clock() -> Clock:
    """Return the clock put in place by `use_clock`, else that of the running loop."""
    return _injected.get() or LoopClock()


@contextmanager
def use_clock(clock: AnyClock) -> Iterator[AnyClock]:
    """Let every run started inside the block live by `clock`.

    Example:
        with use_clock(FakeClock()) as clock:
            handler = workflow.run()
            await clock.advance(10)
    """
    token = _injected.set(clock)
    try:
        yield clock
    finally:
        _injected.reset(token)
