"""Lets the runs of one workflow begin, so many at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from threading import Lock

from wfkit.engine import Engine

# Runs that have not ended. The event loop holds its tasks weakly, so a run that waits, and whose handler and workflow
# nobody has kept, would be collected as garbage; a run goes on whether or not anybody looks.
_alive: dict[asyncio.AbstractEventLoop, set[Engine]] = {}


def _keep_alive(engine: Engine) -> None:
    runs = _alive.get(engine.loop)
    if runs is None:
        for loop in [loop for loop in tuple(_alive) if loop.is_closed()]:
            _alive.pop(loop, None)  # what it left behind will never move again
        runs = _alive[engine.loop] = set()
    runs.add(engine)


class Turns:
    """The runs of one workflow instance that are going on, and those that queue.

    Args:
        limit: how many go on at once, None for any number.
    """

    __slots__ = ("_going_on", "_limit", "_lock", "_queue")

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._going_on: set[Engine] = set()
        self._queue: deque[Engine] = deque()
        self._lock = Lock()  # runs of one instance may go on in several threads, by run_sync

    def __reduce__(self) -> tuple[type[Turns], tuple[int | None]]:
        """Copy a workflow without its runs: they are this process's, and this instance's."""
        return Turns, (self._limit,)

    def has(self, run_id: str) -> bool:
        """Whether a run of that name is going on or queues."""
        return any(engine.run_id == run_id for engine in (*self._going_on, *self._queue))

    def enter(self, engine: Engine) -> None:
        """Let a run begin, now or when its turn has come.

        A run started by a step of one that has its turn begins at once: the step waits for it.
        """
        _keep_alive(engine)
        if self._is_part_of_one(engine):
            engine.begin()
            return
        with self._lock:
            if self._is_full():
                # A run whose event loop was closed over it never said that it ended.
                self._going_on = {run for run in self._going_on if not run.loop.is_closed()}
            if self._is_full():
                self._queue.append(engine)
                return
            self._going_on.add(engine)
        engine.begin()

    def leave(self, engine: Engine) -> None:
        """Take note that a run has ended; the next ones begin."""
        _alive.get(engine.loop, set()).discard(engine)
        for following in self._next_after(engine):
            if following.loop is engine.loop:
                following.begin()
            else:  # it queues in another thread, and begins there
                following.loop.call_soon_threadsafe(following.begin)

    def _next_after(self, engine: Engine) -> list[Engine]:
        """Strike a run out and return those whose turn has come."""
        come = []
        with self._lock:
            self._going_on.discard(engine)
            if engine in self._queue:  # cancelled before its turn
                self._queue.remove(engine)
            while self._queue and not self._is_full():
                following = self._queue.popleft()
                if not following.loop.is_closed():
                    self._going_on.add(following)
                    come.append(following)
        return come

    def _is_part_of_one(self, engine: Engine) -> bool:
        ancestor = engine.parent
        while ancestor is not None and ancestor not in self._going_on:
            ancestor = ancestor.parent
        return ancestor is not None

    def _is_full(self) -> bool:
        return self._limit is not None and len(self._going_on) >= self._limit
