"""What a command of the debugger returns: the stop that is still to come."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future
from typing import Any

from wfkit.hooks.debugger.stops import Stop


class Coming:
    """The next stop of a run, None if it ends before. Awaited in an event loop, any one; `result()` in a thread.

    It need not be awaited: what the command does, it does at once.

    Args:
        loop: the event loop of the run.

    Example:
        stop = await debugger.step()
    """

    __slots__ = ("_arrivals", "_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: Future[Stop | None] = Future()
        # One for each event loop that waits: however often a wait is given up and begun anew, nothing piles up.
        self._arrivals: dict[asyncio.AbstractEventLoop, asyncio.Future[Stop | None]] = {}

    def __await__(self) -> Generator[Any, None, Stop | None]:
        if self._future.done():
            yield  # a loop around this must not keep the event loop from its work
            return self._future.result()
        here = asyncio.get_running_loop()
        arrival = self._arrivals.get(here)
        if arrival is None:
            arrival = self._arrivals[here] = asyncio.wrap_future(self._future)
        # Shielded: somebody who gives up waiting shall not end the waiting of others.
        return (yield from asyncio.shield(arrival))

    def result(self, timeout: float | None = None) -> Stop | None:
        """Wait for the stop in another thread than the event loop's.

        Args:
            timeout: seconds, None for ever.

        Raises:
            TimeoutError: it has not come by then.
            RuntimeError: this is the thread of the run's event loop, which could not go on meanwhile.
        """
        if not self.done() and asyncio._get_running_loop() is self._loop:
            raise RuntimeError("result() would stop the event loop that the run needs to come to its stop. Await this.")
        return self._future.result(timeout)

    def done(self) -> bool:
        """Whether it has come."""
        return self._future.done()

    def __repr__(self) -> str:
        if not self.done():
            return "<Coming: the next stop, not there yet; await it>"
        stop = self._future.result()
        return "<Coming: none, the run has ended>" if stop is None else f"<Coming: stop {stop.number}>"

    def come(self, stop: Stop | None) -> None:
        """Tell all who wait."""
        self._future.set_result(stop)
