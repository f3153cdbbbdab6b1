"""What a debugger holds: a delivery that is about to start, has failed, or is about to end the run."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from wfkit.events import Event
from wfkit.hooks.debugger.changes import check_event
from wfkit.hooks.debugger.stops import Delivery
from wfkit.plan import Plan
from wfkit.seam import StepCall


class Choice(NamedTuple):
    """What is to become of a held delivery.

    Attributes:
        kind: "go" lets happen what was about to happen, "retry" runs the step (once more), "give" takes `result` for
            what the step has returned.
        result: the result.
    """

    kind: str
    result: Any = None


GO = Choice("go")
RETRY = Choice("retry")


class Hold:
    """A delivery that is held.

    Args:
        call: the attempt.
        future: gets the choice.
        since: seconds on the run's clock.
        error: what the step has raised.
        result: what the step has returned.

    Attributes:
        edited: whether its event, or what it has returned, is another one than when it came to be held.
        told: how a stop names it, from when it was first asked for.
    """

    __slots__ = ("call", "edited", "error", "future", "result", "since", "told", "work")

    def __init__(
        self,
        call: StepCall,
        future: asyncio.Future[Choice],
        since: float,
        error: BaseException | None = None,
        result: Event | None = None,
    ) -> None:
        self.call = call
        self.work = call.context._work
        self.future = future
        self.since = since
        self.error = error
        self.result = result
        self.edited = False
        self.told: Delivery | None = None

    @property
    def id(self) -> int:
        """The delivery's lineage number."""
        return self.call.id

    @property
    def step(self) -> str:
        """The name of its step."""
        return self.call.step.name

    @property
    def attempt(self) -> int:
        """How often it has been tried, this time included."""
        return self.call.attempt

    def put(self, event: Event, plan: Plan) -> None:
        """Put another event in the place of the delivery's.

        Raises:
            TypeError: it is no event, or none that the step takes.
        """
        check_event(event, self.call.step, self.call.event, plan)
        self.call.replace(event)
        self.edited, self.told = True, None

    def put_result(self, result: Event) -> None:
        """Put something else in the place of what the step has returned."""
        self.result, self.edited, self.told = result, True, None

    def leave(self, choice: Choice) -> bool:
        """Let it go. Returns whether it goes: not if its task was cancelled, which it has not got to know yet."""
        if self.future.done():
            return False
        if choice.kind == "give" or (choice is GO and self.result is not None and self.edited):
            self.call.skipped()
        if choice is GO and self.result is not None:
            choice = Choice("give", self.result)
        self.future.set_result(choice)
        return True
