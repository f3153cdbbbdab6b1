"""What a run tells whoever watches it: events in order, kept until they are read."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque

from wfkit.cell import done, in_notebook
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import Event


class Stream:
    """A queue of events with one reader at a time. It ends with the run's last event."""

    __slots__ = ("_reader", "_waiter", "closed", "queue")

    def __init__(self) -> None:
        self.queue: deque[Event] = deque()
        self.closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._reader: weakref.ref[Reader] | None = None

    def write(self, event: Event) -> None:
        """Add an event; wakes the reader. After the end nothing is added."""
        if not self.closed:
            self.queue.append(event)
            self._wake()

    def close(self, event: Event) -> None:
        """Add the last event and end the stream."""
        self.write(event)
        self.closed = True

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def more(self) -> None:
        """Wait until there is something to read, or nothing more will come."""
        while not self.queue and not self.closed:
            self._waiter = asyncio.get_running_loop().create_future()
            if in_notebook():
                await done(self._waiter)
            else:
                await self._waiter

    def read(self) -> Reader:
        """Return a reader that goes on where the one before it left."""
        return Reader(self)

    def take_over(self, reader: Reader) -> None:
        """Make a reader the only one.

        Raises:
            WorkflowRuntimeError: another one is at it, or all has been read already.
        """
        other = None if self._reader is None else self._reader()
        if other is not None and not other.closed:
            raise WorkflowRuntimeError(
                "Event stream already consumed. Events can only be streamed once per workflow run. "
                "Let one reader hand the events on."
            )
        if self.closed and not self.queue:
            raise WorkflowRuntimeError("All the streamed events have already been consumed. Start another run.")
        self._reader = weakref.ref(reader)


class Reader:
    """Yields the events of a stream as they come.

    Not an async generator: one that a loop has left with `break` lives on until the event loop gets to close it, and
    would be in the way of the next loop. This is gone as soon as nobody refers to it.
    """

    __slots__ = ("__weakref__", "_begun", "_stream", "closed")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._begun = False
        self.closed = False

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> Event:
        if self.closed:
            raise StopAsyncIteration
        if not self._begun:
            self._stream.take_over(self)
            self._begun = True
        stream = self._stream
        if not stream.queue:
            try:
                await stream.more()
            except BaseException:  # cancelled: leave the stream to another reader, whoever still refers to this one
                self.closed = True
                raise
            if not stream.queue:
                self.closed = True
                raise StopAsyncIteration
        return stream.queue.popleft()

    async def aclose(self) -> None:
        """Leave the stream to another reader."""
        self.closed = True
