"""What a run tells whoever watches it: events in order, for one reader or several, also for one who comes late."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from wfkit.cell import done
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import Event

LIMIT = 10_000  # events that are kept for somebody who comes late
ROUND = 16  # over the limit, what has been read is let go once in so many events: looking for the slowest reader costs

logger = logging.getLogger("wfkit")


def nobody_reads(workflow: str, limit: int) -> None:
    """Say that events are let go unread."""
    logger.warning(
        "Nobody reads the event stream of %s: the latest %d events are kept, older ones are let go. Read "
        "`handler.stream_events()` while the run goes on, or write fewer events to it.",
        repr(workflow) if workflow else "a run",
        limit,
    )


class Place:
    """How many events of the stream one reader has behind it."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class Stream:
    """The events a run shows, for any number of readers. It ends with the run's last event.

    Readers that are open at the same time are an audience. All of it get the same events, whoever of them came first:
    those since the audience began, which is where the one before it ended.

    What an open reader has not read is kept. Of all else the latest `limit` events are kept, for a reader to come.

    Args:
        workflow: names the run's workflow in the warning that events are let go unread.
        limit: how many events are kept for readers to come.

    Attributes:
        closed: whether the last event is there.
        optional: whether nobody is expected to read it; then events are let go without a warning.
    """

    __slots__ = (
        "_left",
        "_open",
        "_since",
        "_told",
        "_waiting",
        "closed",
        "first",
        "kept",
        "limit",
        "optional",
        "workflow",
    )

    def __init__(self, workflow: str = "", limit: int = LIMIT) -> None:
        self.workflow = workflow
        self.limit = limit
        self.closed = False
        self.optional = False
        self.kept: deque[Event] = deque()
        self.first = 0  # how many events came before those that are kept
        self._open: list[Place] = []  # not the readers themselves, which shall be gone when nobody refers to them
        self._since = 0  # where the audience began
        self._left = 0  # where the last reader left off
        self._waiting: list[asyncio.Future[None]] = []
        self._told = False  # that events were let go unread

    def write(self, event: Event) -> None:
        """Add an event; wakes the readers. After the end nothing is added."""
        if not self.closed:
            self.kept.append(event)
            if self._waiting:
                self.wake()
            if len(self.kept) > self.limit:
                self._make_room()

    def close(self, event: Event) -> None:
        """Add the last event and end the stream."""
        self.write(event)
        self.closed = True

    def read(self) -> Reader:
        """Return a reader; it counts as open from now on."""
        return Reader(self)

    # -- for the readers ---------------------------------------------------------------------------------------

    @property
    def end(self) -> int:
        """How many events have been written."""
        return self.first + len(self.kept)

    def enter(self) -> tuple[Place, int]:
        """Open a place at the first event that is kept; also return how many before that are gone."""
        self.tidy()
        if not self._open:
            self._since = self._left
        place = Place(self.first)
        self._open.append(place)
        return place, self.first - self._since

    def leave(self, place: Place) -> None:
        """Close a place. Nothing else: the garbage collector may call this, in any thread."""
        if place in self._open:
            self._left = place.index
            self._open.remove(place)

    async def more(self) -> None:
        """Wait until something is written or a reader is closed. In a notebook an interrupt gets through."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await done(waiter)

    def wake(self) -> None:
        """Let all who wait look again."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():  # whoever waited may have been cancelled
                waiter.set_result(None)

    # -- what is kept ------------------------------------------------------------------------------------------

    def tidy(self) -> None:
        """Let go what the audience has read and is over the limit, or what the one before has read."""
        places = tuple(self._open)
        self._let_go(min(self.end - self.limit, *[place.index for place in places]) if places else self._left)

    def _make_room(self) -> None:
        """Let go what is over the limit; says so if nobody has read it. Readers who are open do it as they read."""
        if self._open:
            return
        self._let_go(self._left)
        if len(self.kept) > self.limit:
            self._let_go(self.end - self.limit)
            if not (self._told or self.optional):
                self._told = True
                nobody_reads(self.workflow, self.limit)

    def _let_go(self, index: int) -> None:
        while self.first < index:
            self.kept.popleft()
            self.first += 1


class Reader:
    """Yields the events of a stream as they come.

    Not an async generator: one that a loop has left with `break` lives on until the event loop gets to close it, and
    would count as open. This leaves the stream as soon as nobody refers to it.

    Attributes:
        missed: how many events its audience was to get that were gone before it was opened.
        closed: whether it has left the stream.
    """

    __slots__ = ("_begun", "_place", "_stream", "closed", "missed")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._place, self.missed = stream.enter()
        self._begun = False
        self.closed = False

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises:
            WorkflowRuntimeError: the stream had ended, and all of it had been read, before this reader began.
            StopAsyncIteration: the last event has been read, or the reader is closed.
        """
        stream, place = self._stream, self._place
        if self.closed or place.index == stream.first + len(stream.kept):
            await self._more()
        self._begun = True
        # In place, and not by calls to the stream: an event is read as often as it is written.
        kept = stream.kept
        event = kept[place.index - stream.first]
        place.index += 1
        if len(kept) > stream.limit and not place.index % ROUND:
            stream.tidy()
        return event

    async def _more(self) -> None:
        """Wait for an event to read."""
        stream, place = self._stream, self._place
        try:
            while not self.closed and place.index == stream.end:
                if not stream.closed:
                    await stream.more()
                elif self._begun:
                    self._close()
                else:
                    raise WorkflowRuntimeError(
                        "All the streamed events have already been consumed. Start another run, or open all readers "
                        "before the first of them has read to the end."
                    )
        except BaseException:  # cancelled: whoever still refers to this reader, nothing is kept for it any more
            self._close()
            raise
        if self.closed:
            raise StopAsyncIteration

    async def aclose(self) -> None:
        """Leave the stream; a loop that waits in it ends."""
        self._close()

    def _close(self) -> None:
        self.closed = True
        self._stream.leave(self._place)
        self._stream.tidy()
        self._stream.wake()

    def __del__(self) -> None:
        self._stream.leave(self._place)
