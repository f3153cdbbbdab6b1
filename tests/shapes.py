"""Workflows of every shape that tests/flows.py does not have: retries, waits, collecting, lists, joins, error handlers.

Every one ends with the same result on every schedule, but for the order of what it gathers, and ends with its last
delivery: nothing is under way by then. What a body must remember is in the store, nothing on the instance.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from tests.flows import Item, Left, Loop, Middle, Result, Right
from wfkit import (
    Collect,
    Context,
    Event,
    HumanResponseEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Take,
    Workflow,
    catch_error,
    step,
)


class Number(HumanResponseEvent):
    """What a person says."""

    n: int


class Again:
    """Allows three attempts, so many seconds apart."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float | None:
        """Return the seconds until the next attempt, None after the third."""
        return self.seconds if attempts < 3 else None


class ThreeTimes(Loop):
    """A loop whose length is not kept on the instance that begins it."""

    times = 3


class Shaky(Workflow):
    """Every item fails once on the way, after it has sent and shown something."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(3):
            await asyncio.sleep(0)
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=2, retry_policy=Again(0.5))
    async def square(self, ctx: Context, ev: Item) -> Result:
        ctx.write_event_to_stream(Middle(text="shown"))
        ctx.send_event(Result(n=-ev.n))
        await asyncio.sleep(0)
        if not await ctx.store.get(f"tried.{ev.n}", False):
            await ctx.store.set(f"tried.{ev.n}", True)
            raise ValueError(ev.n)
        return Result(n=ev.n**2)

    @step
    async def tally(self, ctx: Context, ev: Result) -> StopEvent | None:
        results = ctx.collect_events(ev, [Result] * 6)
        return None if results is None else StopEvent(result=[result.n for result in results])


class Interview(Workflow):
    """Asks two questions in one step, and sends before, between and after them."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> Item:
        ctx.send_event(Item(n=1))
        first = await ctx.wait_for_event(Number, waiter_event=Middle(text="one?"))
        ctx.send_event(Item(n=10 + first.n))
        second = await ctx.wait_for_event(Number, waiter_event=Middle(text="two?"))
        return Item(n=20 + second.n)

    @step
    async def tally(self, ctx: Context, ev: Item) -> StopEvent | None:
        items = ctx.collect_events(ev, [Item] * 3)
        return None if items is None else StopEvent(result=[item.n for item in items])


class Crowd(Workflow):
    """Asks three people at once, with two workers; each is asked again after a failure."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(3):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=2, retry_policy=Again(0.5))
    async def ask(self, ctx: Context, ev: Item) -> Result:
        first = await ctx.wait_for_event(Number, requirements={"n": ev.n})
        if not await ctx.store.get(f"tried.{ev.n}", False):
            await ctx.store.set(f"tried.{ev.n}", True)
            raise ValueError(ev.n)
        second = await ctx.wait_for_event(Number, requirements={"n": ev.n + 10})
        return Result(n=first.n + second.n)

    @step
    async def tally(self, ctx: Context, ev: Result) -> StopEvent | None:
        results = ctx.collect_events(ev, [Result] * 3)
        return None if results is None else StopEvent(result=[result.n for result in results])


class Pairs(Workflow):
    """Collects in pairs; whoever completes one sends an event for it and goes on for a while."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(4):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=4)
    async def pair(self, ctx: Context, ev: Item) -> Result:
        for _ in range(3):
            await asyncio.sleep(0)  # who comes first is another on another schedule
        both = ctx.collect_events(ev, [Item, Item])
        if both is not None:
            ctx.send_event(Result(n=1))
        await asyncio.sleep(1)
        return Result(n=0 if both is None else 10)

    @step
    async def tally(self, ctx: Context, ev: Result) -> StopEvent | None:
        results = ctx.collect_events(ev, [Result] * 6)
        return None if results is None else StopEvent(result=[result.n for result in results])


class Squares(Workflow):
    """Fans out with a list and gathers what came of it; one item gives nothing, and one fails once."""

    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return [Item(n=n) for n in range(4)]

    @step(num_workers=2, retry_policy=Again(0.5))
    async def square(self, ctx: Context, ev: Item) -> Result | None:
        await asyncio.sleep(0)
        if ev.n == 1 and not await ctx.store.get("tried", False):
            await ctx.store.set("tried", True)
            raise ValueError(ev.n)
        return None if ev.n == 2 else Result(n=ev.n**2)

    @step
    async def gather(self, results: list[Result]) -> StopEvent:
        await asyncio.sleep(0)
        return StopEvent(result=[result.n for result in results])


class Count(Event):
    """How many."""

    n: int


class Nested(Workflow):
    """Lists within a list: groups of 0, 1 and 2 items, each group gathered, then the groups; a send counts too."""

    @step
    async def begin(self, ev: StartEvent) -> list[Middle]:
        return [Middle(text="x" * n) for n in range(3)]

    @step
    async def split(self, ev: Middle) -> list[Item]:
        await asyncio.sleep(0)
        return [Item(n=n) for n in range(len(ev.text))]

    @step
    async def square(self, ctx: Context, ev: Item) -> Result:
        ctx.send_event(Result(n=-ev.n))
        await asyncio.sleep(0)
        return Result(n=ev.n + 1)

    @step
    async def group(self, results: list[Result]) -> Count:
        await asyncio.sleep(0)
        return Count(n=sum(result.n for result in results))

    @step
    async def total(self, counts: list[Count]) -> StopEvent:
        return StopEvent(result=[count.n for count in counts])


class FirstTwo(Workflow):
    """Takes the first two of four, and all of them too; the run ends when both lists are there."""

    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return [Item(n=n) for n in range(4)]

    @step
    async def square(self, ev: Item) -> Result:
        await asyncio.sleep(ev.n)
        return Result(n=ev.n**2)

    @step
    async def first(self, results: Annotated[list[Result], Collect(Take(2))]) -> Count:
        await asyncio.sleep(0)
        return Count(n=sum(result.n for result in results))

    @step
    async def whole(self, results: list[Result]) -> Count:
        await asyncio.sleep(2)
        return Count(n=sum(result.n for result in results))

    @step
    async def tally(self, ctx: Context, ev: Count) -> StopEvent | None:
        counts = ctx.collect_events(ev, [Count, Count])
        return None if counts is None else StopEvent(result=[count.n for count in counts])


class Joins(Workflow):
    """Every item makes a left and a right; they are joined within their list, and the joins are gathered."""

    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return [Item(n=n) for n in range(3)]

    @step
    async def left(self, ev: Item) -> Left:
        await asyncio.sleep(0)
        return Left()

    @step
    async def right(self, ev: Item) -> Right:
        await asyncio.sleep(0)
        return Right()

    @step
    async def join(self, left: Left, right: Right) -> Result:
        await asyncio.sleep(0)
        return Result(n=1)

    @step
    async def gather(self, results: list[Result]) -> StopEvent:
        return StopEvent(result=[result.n for result in results])


class Rescue(Workflow):
    """Items that fail for good are replaced by an error handler, within their list."""

    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return [Item(n=n) for n in range(3)]

    @step(retry_policy=Again(0.5))
    async def square(self, ev: Item) -> Result:
        await asyncio.sleep(0)
        if ev.n == 1:
            raise ValueError(ev.n)
        return Result(n=ev.n**2)

    @catch_error(for_steps=["square"])
    async def replace(self, ev: StepFailedEvent) -> Result:
        await asyncio.sleep(0)
        return Result(n=100 + ev.attempts)

    @step
    async def gather(self, results: list[Result]) -> StopEvent:
        return StopEvent(result=[result.n for result in results])
