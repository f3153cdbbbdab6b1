"""Who waits for the next stop of a run, and who watches it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context

from wfkit.hooks.debugger.coming import Coming
from wfkit.hooks.debugger.stops import Stop

logger = logging.getLogger("wfkit")


class Audience:
    """Whom a debugger tells of its run. Nothing that they do reaches the run."""

    def __init__(self) -> None:
        self._coming: Coming | None = None
        self._watchers: dict[object, tuple[Callable[[], object], Context]] = {}
        self._telling = False

    @property
    def waits(self) -> bool:
        """Whether anybody waits for a stop."""
        return self._coming is not None

    @property
    def watches(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def next(self, loop: asyncio.AbstractEventLoop) -> Coming:
        """Return the next stop of a run on this event loop: the same one for all, until it has come."""
        if self._coming is None:
            self._coming = Coming(loop)
        return self._coming

    def tell(self, stop: Stop | None) -> None:
        """Give the stop to all who wait; None if there will be none."""
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.come(stop)

    def watch(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back whenever `changed` was called, once for a turn of the event loop. Returns what ends it."""
        key = object()
        # Its own context: a change comes about inside a step, and what the callback does is none of that step's.
        self._watchers[key] = (callback, copy_context())

        def leave() -> None:
            self._watchers.pop(key, None)

        return leave

    def changed(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note that something has changed that is shown."""
        if self._watchers and not self._telling:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon(self._tell_watchers)
                self._telling = True

    def _tell_watchers(self) -> None:
        self._telling = False
        for callback, context in tuple(self._watchers.values()):
            try:
                context.run(callback)
            except Exception:
                logger.exception("%r raised while watching a debugger; the run goes on.", callback)
