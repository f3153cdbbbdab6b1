"""What the tests of error handlers share: a flow of two steps that fail when they are told to, and handlers for it."""

from __future__ import annotations

from tests.flows import Middle
from wfkit import StartEvent, StepFailedEvent, StopEvent, Workflow, catch_error, step


class Trouble(Exception):
    """What goes wrong here."""


class Line(Workflow):
    """Two steps in a row; the steps named in the start event's `fails` fail."""

    @step
    async def first(self, ev: StartEvent) -> Middle:
        if "first" in ev.fails:
            raise Trouble("first")
        return Middle(text="made by first", fails=ev.fails)

    @step
    async def second(self, ev: Middle) -> StopEvent:
        if "second" in ev.fails:
            raise Trouble("second")
        return StopEvent(result=ev.text)


class Scoped(Line):
    """Has a handler for the first step."""

    @catch_error(for_steps=["first"])
    async def help_first(self, ev: StepFailedEvent) -> Middle:
        return Middle(text=f"helped {ev.step_name}", fails=[])


class Wild(Line):
    """Has a handler for both."""

    @catch_error
    async def help_all(self, ev: StepFailedEvent) -> StopEvent:
        return StopEvent(result=f"wildcard for {ev.step_name}")


class Both(Scoped, Wild):
    """A scoped handler and a wildcard."""
