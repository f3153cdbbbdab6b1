"""How a run ended, and who has been told."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from wfkit import report
from wfkit.events import Event, StopEvent
from wfkit.records import Outcome


class Verdict:
    """The outcome of one run. A failure that nobody has been given is shown once, at the latest when it is forgotten.

    Attributes:
        outcome: how the run ended, None before.
        event: the last event of its stream.
        error: what awaiting the run raises.
        seen: whether somebody has been given the outcome, or will never want it.
    """

    __slots__ = ("_awaiting", "_run_id", "_traceback", "_workflow", "error", "event", "outcome", "seen")

    def __init__(self, run_id: str, workflow: str) -> None:
        self._run_id = run_id
        self._workflow = workflow
        self._awaiting: list[asyncio.Future[None]] = []
        self.outcome: Outcome | None = None
        self.event: Event | None = None
        self.error: BaseException | None = None
        self.seen = False
        self._traceback: TracebackType | None = None

    def settle(self, outcome: Outcome, event: Event, error: BaseException | None) -> None:
        """Fix the outcome."""
        self.outcome, self.event, self.error = outcome, event, error
        self._traceback = None if error is None else error.__traceback__

    def result(self) -> Any:
        """Return what awaiting the run gives, or raise its error; a second raise does not lengthen its traceback."""
        self.seen = True
        if self.error is not None:
            raise self.error.with_traceback(self._traceback)
        return self.event.result if type(self.event) is StopEvent else self.event

    def wait(self) -> asyncio.Future[None]:
        """Return a future that is done when the outcome is told; give it back with `leave`."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaiting.append(told)
        return told

    def leave(self, told: asyncio.Future[None]) -> bool:
        """Wait no longer. Returns whether others still wait."""
        if told in self._awaiting:
            self._awaiting.remove(told)
        return bool(self._awaiting)

    def tell(self) -> bool:
        """Wake all who wait. Returns whether there were any."""
        awaiting, self._awaiting = self._awaiting, []
        for told in awaiting:
            if not told.done():
                told.set_result(None)
        return bool(awaiting)

    def show_if_unseen(self, with_traceback: bool = True) -> None:
        """Show a failure that nobody has been given."""
        if not self.seen and self.error is not None and self.outcome in ("failed", "timed out"):
            self.seen = True
            report.unseen_error(self._run_id, self._workflow, self.outcome, self.error, with_traceback)

    def __del__(self) -> None:
        # The loop was closed before its time had come. Formatting a traceback parses source, which Python 3.11 cannot
        # do while a garbage collection interrupts another parse; the message alone must do.
        self.show_if_unseen(with_traceback=False)
