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

    Args:
        run: the run that is debugged.
        panel: what has the buttons.
        held_at: returns where the run is held, such as "before judge", "" while it is not.
        advice: what to do where clicks do not come: the end of a sentence.
    """
    before, look = run.guard, run.look

    async def guarded(handler: Any) -> None:
        if before is not None:
            await before(handler)
        if in_notebook() and CURRENT.get() is None:
            try:
                await settle(run, panel, held_at, advice)
            except asyncio.CancelledError:
                print(handler._interrupted(), file=sys.stderr)
                raise
            if run.ended:  # those who wait have been told; whoever waits from now on shall be told, too
                run.loop.call_soon(run.verdict.tell)

    def guarded_look(*args: Any, **options: Any) -> Any:
        found = look(*args, **options)
        return Reader(found, run, panel, held_at, advice) if in_notebook() and CURRENT.get() is None else found

    run.guard, run.look = guarded, guarded_look


class Reader(NamedTuple):
    """Reads a stream for a cell."""

    stream: Any
    run: Any
    panel: Any
    held_at: Callable[[], str]
    advice: str

    def read(self) -> AsyncIterator[Event]:
        """Yield the events of the stream as they come."""
        return guarded_reading(self.stream.read(), settle(self.run, self.panel, self.held_at, self.advice))


async def settle(run: Any, panel: Any, held_at: Callable[[], str], advice: str = ADVICE) -> None:
    """Return when the run has ended, or when it is held and clicks come.

    Raises:
        WouldDeadlock: the run is held and no click can come while this cell waits.
    """
    while not run.ended:
        if held_at():
            if await panel.probe(*(() if panel.reached else (FIRST_PROBE,))):
                return
            where = held_at()
            if where and not run.ended:
                raise WouldDeadlock(
                    f"The run is held {where}, and clicks cannot come while this cell waits. The run goes on in the "
                    f"background: {advice}"
                )
        await asyncio.sleep(HEARTBEAT)


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
