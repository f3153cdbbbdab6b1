"""The instruments that a case is run under.

A case does its setting up, then the work inside `with watch:`, then its tearing down. What is read there depends on
the watch alone, so one case serves to measure time, memory and stalls.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from abc import ABC, abstractmethod
from contextlib import suppress
from statistics import median
from types import TracebackType

MAX_LAPS = 20
ENOUGH_SECONDS = 0.05


class Watch(ABC):
    """A context manager around the measured part of a case; `value` is the figure."""

    @abstractmethod
    def __enter__(self) -> None: ...

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @property
    @abstractmethod
    def value(self) -> float:
        """What was measured."""

    @abstractmethod
    def wants_more(self) -> bool:
        """Whether a case that can repeat its measured part should do so once more."""


class TimeWatch(Watch):
    """Wall-clock seconds; the median, when the measured part is repeated."""

    def __init__(self) -> None:
        self._laps: list[float] = []
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._laps.append(time.perf_counter() - self._start)

    @property
    def value(self) -> float:
        return median(self._laps)

    def wants_more(self) -> bool:
        return len(self._laps) < MAX_LAPS and sum(self._laps) < ENOUGH_SECONDS


class MemoryWatch(Watch):
    """Bytes that Python still holds at the end of the measured part, over what it held before.

    A case keeps whatever a user would keep (the workflow, the handler) in local variables meanwhile.
    """

    def __init__(self) -> None:
        self._before = 0
        self._after: int | None = None

    def __enter__(self) -> None:
        tracemalloc.start()
        gc.collect()
        self._before = tracemalloc.get_traced_memory()[0]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gc.collect()
        self._after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()

    @property
    def value(self) -> float:
        if self._after is None:
            raise RuntimeError("the case has no measured part")
        return float(self._after - self._before)

    def wants_more(self) -> bool:
        return self._after is None


class StallWatch(Watch):
    """The longest time, in seconds, for which a second task of the same loop got no turn.

    Counted in processor time of this thread: what other programs take from a shared machine is not the engine's doing.
    A step or an engine that sleeps in the thread would escape this; no case here does.
    """

    def __init__(self) -> None:
        self._last = 0.0
        self._longest = 0.0
        self._ticker: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._ticker = asyncio.get_running_loop().create_task(self._tick())
        self._last = time.thread_time()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._note()
        if self._ticker is not None:
            self._ticker.cancel()

    @property
    def value(self) -> float:
        return self._longest

    def wants_more(self) -> bool:
        return self._ticker is None

    async def _tick(self) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                self._note()
                await asyncio.sleep(0)

    def _note(self) -> None:
        now = time.thread_time()
        self._longest = max(self._longest, now - self._last)
        self._last = now
