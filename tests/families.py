"""Three generations of workflows, each with the next one as its child, and words for what their runs show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from wfkit import ChildEvent, Context, Event, StartEvent, StopEvent, Workflow, WorkflowHandler, step

KINDS = [(False, False), (True, False), (False, True), (True, True)]


class Said(Event):
    text: str


class Grandchild(Workflow):
    """Says one thing."""

    @step
    async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(1)
        ctx.write_event_to_stream(Said(text="grandchild"))
        await asyncio.sleep(1)
        return StopEvent(result="grandchild's")


class Child(Workflow):
    """Says something before and after it has had its own child run."""

    small: Grandchild

    @step
    async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(1)
        ctx.write_event_to_stream(Said(text="child before"))
        await self.small.run()
        await asyncio.sleep(1)
        ctx.write_event_to_stream(Said(text="child after"))
        await asyncio.sleep(1)
        return StopEvent(result="child's")


class Parent(Workflow):
    """The same, one generation up."""

    child: Child

    @step
    async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
        ctx.write_event_to_stream(Said(text="before"))
        await self.child.run()
        await asyncio.sleep(1)
        ctx.write_event_to_stream(Said(text="after"))
        await asyncio.sleep(1)
        return StopEvent(result="parent's")


WHOLE = [
    "before",
    "child: child before",
    "child.small: grandchild",
    "child.small: grandchild's",
    "child: child after",
    "child: child's",
    "after",
    "parent's",
]


def family() -> Parent:
    """Return three generations."""
    return Parent(child=Child(small=Grandchild()))


def word(event: Event) -> str:
    """Return an event in a word, with the name of the child that showed it."""
    if isinstance(event, ChildEvent):
        return f"{event.child}: {word(event.event)}"
    return str(event.get("text") or event.get("result") or event.get("step_state") or type(event).__name__)


async def words(stream: AsyncIterator[Event]) -> list[str]:
    """Read a stream to its end."""
    return [word(event) async for event in stream]


def read(handler: WorkflowHandler[Any], kind: tuple[bool, bool]) -> AsyncIterator[Event]:
    """Open a stream of a kind."""
    return handler.stream_events(expose_internal=kind[0], include_children=kind[1])
