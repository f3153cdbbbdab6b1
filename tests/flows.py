"""Eight tiny workflows, shared by the tests: one for each shape that a flow can have."""

from __future__ import annotations

import asyncio

from wfkit import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step


class Middle(Event):
    """On its way from the first step of a flow to the next."""

    text: str


class Count(Event):
    """How often a loop has gone round."""

    n: int


class Item(Event):
    """One of many."""

    n: int


class Result(Event):
    """What became of an item."""

    n: int


class Left(Event):
    """One half of a join."""


class Right(Event):
    """The other half."""


class Question(InputRequiredEvent):
    """Asks a person."""

    text: str


class Answer(HumanResponseEvent):
    """What the person says."""

    text: str


class Line(Workflow):
    """Start, middle, stop."""

    @step
    async def first(self, ev: StartEvent) -> Middle:
        return Middle(text=ev.get("text", "hello"))

    @step
    async def second(self, ev: Middle) -> StopEvent:
        return StopEvent(result=ev.text.upper())


class Loop(Workflow):
    """Goes round `times` times, then stops with the count."""

    @step
    async def begin(self, ev: StartEvent) -> Count:
        self.times = ev.get("times", 3)
        return Count(n=0)

    @step
    async def turn(self, ev: Count) -> Count | StopEvent:
        return StopEvent(result=ev.n) if ev.n == self.times else Count(n=ev.n + 1)


class Fan(Workflow):
    """Sends `count` items out, squares each and gathers the results in the order of their arrival."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        await ctx.store.set("count", ev.count)
        for n in range(ev.count):
            ctx.send_event(Item(n=n))
        return None

    @step
    async def square(self, ev: Item) -> Result:
        await asyncio.sleep(0)
        return Result(n=ev.n**2)

    @step
    async def tally(self, ctx: Context, ev: Result) -> StopEvent | None:
        results = ctx.collect_events(ev, [Result] * await ctx.store.get("count"))
        return None if results is None else StopEvent(result=[result.n for result in results])


class Join(Workflow):
    """Two steps take the start; a third waits for what both of them made."""

    @step
    async def left(self, ev: StartEvent) -> Left:
        return Left()

    @step
    async def right(self, ev: StartEvent) -> Right:
        return Right()

    @step
    async def together(self, ctx: Context, ev: Left | Right) -> StopEvent | None:
        both = ctx.collect_events(ev, [Right, Left])
        return None if both is None else StopEvent(result=[type(event).__name__ for event in both])


class Ask(Workflow):
    """Asks a person and stops with the answer."""

    @step
    async def ask(self, ev: StartEvent) -> Question:
        return Question(text="What is your name?")

    @step
    async def greet(self, ev: Answer) -> StopEvent:
        return StopEvent(result=f"hello {ev.text}")


class Fail(Workflow):
    """Fails."""

    @step
    async def fail(self, ev: StartEvent) -> StopEvent:
        raise ValueError("no good")


class Slow(Workflow):
    """Sleeps for `seconds`."""

    @step
    async def sleep(self, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(ev.seconds)
        return StopEvent(result="rested")


class Sync(Workflow):
    """A plain function and a coroutine function, one after the other."""

    @step
    def first(self, ctx: Context, ev: StartEvent) -> Middle:
        ctx.write_event_to_stream(Left())
        return Middle(text="from a thread")

    @step
    async def second(self, ev: Middle) -> StopEvent:
        return StopEvent(result=ev.text)
