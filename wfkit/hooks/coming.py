"""What a command of the debugger returns: the stop that is still to come."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future
from typing import Any

from wfkit.hooks.stops import Stop


class Coming:
    """The next stop of a run, None if it ends before. Awaited in an event loop, any one; `result()` in a thread.

    It need not be awaited: what the command does, it does at once.

    Example:
        stop = await debugger.step()
    """

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: Future[Stop | None] = Future()

    def __await__(self) -> Generator[Any, None, Stop | None]:
        if self._future.done():
            yield  # a loop around this must not keep the event loop from its work
            return self._future.result()
        # Shielded: somebody who gives up waiting shall not end the waiting of others.
        return (yield from asyncio.shield(asyncio.wrap_future(self._future)))

    def result(self, timeout: float | None = None) -> Stop | None:
        """Wait for the stop in another thread than the event loop's.

        Args:
            timeout: seconds, None for ever.

        Raises:
            TimeoutError: it has not come by then.
        """
        return self._future.result(timeout)

    def done(self) -> bool:
        """Whether it has come."""
        return self._future.done()

    def __repr__(self) -> str:
        if not self.done():
            return "<Coming: the next stop, not there yet; await it>"
        stop = self.result()
        return "<Coming: none, the run has ended>" if stop is None else f"<Coming: stop {stop.number}>"

    def come(self, stop: Stop | None) -> None:
        """Tell all who wait."""
        if not self._future.done():
            self._future.set_result(stop)
