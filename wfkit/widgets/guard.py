"""A cell that awaits a held run, in a kernel whose clicks come only when no cell is running: it must not wait for ever.

Nobody can tell from Python what a kernel does with messages while a cell awaits. So the page is asked: if its answer
comes, clicks come. If it does not, the cell ends with an error that says what to do, and the run goes on behind it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, NamedTuple

from wfkit.cell import HEARTBEAT, in_notebook
from wfkit.context import CURRENT
from wfkit.errors import WouldDeadlock
from wfkit.events import Event

ADVICE: Final = (
    "use the buttons, then await the handler in another cell, or drive it from Python: debugger.continue_()."
)
FIRST_PROBE: Final = 3.0  # seconds for a page that has yet to load the panel


def guard(run: Any, panel: Any, held_at: Callable[[], str], advice: str = ADVICE) -> None:
    """Let no cell that awaits a run, or reads its stream, wait for a click that cannot come.

    Several panels may have the buttons of one run; one of them on an open page is enough.

    Args:
        run: the run that is debugged.
        panel: what has the buttons.
        held_at: returns where the run is held, such as "before judge", "" while it is not.
        advice: what to do where clicks do not come: the end of a sentence.
    """
    if not isinstance(run.guard, Guard):
        run.guard = Guard(run)
    run.guard.watchers.append(Watcher(panel, held_at, advice))


class Watcher(NamedTuple):
    """A panel that has the buttons of a run.

    Attributes:
        panel: the panel.
        held_at: returns where it sees the run held, "" while it is not.
        advice: what to do where clicks do not come.
    """

    panel: Any
    held_at: Callable[[], str]
    advice: str


class Guard:
    """Stands before every wait for a run.

    Args:
        run: the run. Whoever guarded it before does so no longer.

    Attributes:
        watchers: the panels that have the run's buttons.
    """

    def __init__(self, run: Any) -> None:
        self.watchers: list[Watcher] = []
        self._run = run
        self._look = run.look
        run.look = self._guarded_look

    async def __call__(self, handler: Any) -> None:
        """Return when the run has ended or is held where clicks come; called by a handler before it waits."""
        run = self._run
        if not in_notebook() or CURRENT.get() is not None:
            return
        try:
            await self.settle()
        except asyncio.CancelledError:
            print(handler._interrupted(), file=sys.stderr)
            raise
        if run.ended:  # those who wait have been told; whoever waits from now on shall be told, too
            run.loop.call_soon(run.verdict.tell)

    def _guarded_look(self, *args: Any, **options: Any) -> Any:
        found = self._look(*args, **options)
        return Reader(found, self) if in_notebook() and CURRENT.get() is None else found

    async def settle(self) -> None:
        """Return when the run has ended, or when it is held and clicks come.

        Raises:
            WouldDeadlock: the run is held and no click can come while this cell waits.
        """
        panels = [watcher.panel for watcher in self.watchers]
        for panel in panels:
            panel.awaited += 1
        try:
            await self._settle()
        finally:
            for panel in panels:
                panel.awaited -= 1
                if self._run.ended:
                    panel.finish()

    async def _settle(self) -> None:
        while not self._run.ended:
            asked = [watcher for watcher in self.watchers if watcher.held_at()]
            if asked:
                if await _clicks_come([watcher.panel for watcher in asked]):
                    return
                where = asked[0].held_at()
                if where and not self._run.ended:
                    raise _shortly(WouldDeadlock(f"The run is held {where}, and {_why_not(asked)}"))
            await asyncio.sleep(HEARTBEAT)


def _shortly(error: WouldDeadlock) -> WouldDeadlock:
    """Let IPython show what an error says and no traceback: it is about what to do, not about a mistake in code."""
    error._render_traceback_ = lambda: [f"WouldDeadlock: {error}"]  # type: ignore[attr-defined]
    return error


def _why_not(asked: list[Watcher]) -> str:
    """Return in words why no click comes, and what to do."""
    if not any(watcher.panel.shown for watcher in asked):
        return (
            "its panel is not shown. Make the panel the last value of a cell, or display it before you await the "
            "handler. The run goes on in the background."
        )
    return f"clicks cannot come while this cell waits. The run goes on in the background: {asked[0].advice}"


async def _clicks_come(panels: list[Any]) -> bool:
    """Whether the page of any of these panels answers."""
    seconds = () if any(panel.reached for panel in panels) else (FIRST_PROBE,)
    asking = {asyncio.ensure_future(panel.probe(*seconds)) for panel in panels}
    left = asking
    try:
        while left:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            if any(probe.result() for probe in done):
                return True
        return False
    finally:
        for probe in left:
            probe.cancel()


class Reader(NamedTuple):
    """Reads a stream for a cell."""

    stream: Any
    guard: Guard

    def read(self) -> AsyncIterator[Event]:
        """Yield the events of the stream as they come."""
        return guarded_reading(self.stream.read(), self.guard.settle())


async def guarded_reading(events: AsyncIterator[Event], settling: Coroutine[Any, Any, None]) -> AsyncIterator[Event]:
    """Yield events of a stream; end with WouldDeadlock where the next one would need a click that cannot come."""
    watching = asyncio.ensure_future(settling)
    following: asyncio.Future[Event] | None = None
    try:
        while True:
            following = asyncio.ensure_future(_next(events))
            while not following.done():
                waited = [following] if watching.done() else [following, watching]
                await asyncio.wait(waited, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
                if watching.done() and not following.done():
                    watching.result()
            try:
                event = following.result()
            except StopAsyncIteration:
                return
            yield event
    finally:
        for task in (watching, following):
            if task is not None:
                task.cancel()


async def _next(events: AsyncIterator[Event]) -> Event:
    return await anext(events)
