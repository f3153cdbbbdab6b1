"""The workloads as workflows.

Written for wfkit. The same text is loaded a second time with the names of llama-index-workflows in place of wfkit's
(see dialect.py): the two speak the same language, so both run the same code. No name here is wfkit's alone.
"""

import asyncio
from typing import cast

from benchmarks.contenders.messages import KEYS, WORKERS
from wfkit import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)


class Begin(StartEvent):
    n: int


class Ping(Event):
    n: int


class Pong(Event):
    n: int


class Work(Event):
    n: int


class Done(Event):
    n: int


class Note(Event):
    n: int


class Sent(Event):
    n: int


class Question(InputRequiredEvent):
    n: int


class Answer(HumanResponseEvent):
    n: int


class Loop(Workflow):
    """Two steps that throw a ball until it has been thrown n times."""

    throws: int = 0

    @step
    async def ping(self, ev: Begin | Pong) -> Ping:
        return Ping(n=ev.n + 1)

    @step
    async def pong(self, ev: Ping) -> Pong | StopEvent:
        if ev.n + 1 < self.throws:
            return Pong(n=ev.n + 1)
        return StopEvent(result=ev.n + 1)


class HeldLoop(Loop):
    """The same, held at the last throw until somebody lets it go."""

    reached: asyncio.Event
    go: asyncio.Event

    @step
    async def pong(self, ev: Ping) -> Pong | StopEvent:
        if ev.n + 1 < self.throws:
            return Pong(n=ev.n + 1)
        self.reached.set()
        await self.go.wait()
        return StopEvent(result=ev.n + 1)


class FanOut(Workflow):
    """One step sends the items, 64 workers double them, one step collects them."""

    items: int = 0
    pause: float = 0

    @step
    async def send(self, ctx: Context, ev: StartEvent) -> Work | None:
        for i in range(self.items):
            ctx.send_event(Work(n=i))
        return None

    @step(num_workers=WORKERS)
    async def work(self, ev: Work) -> Done:
        await asyncio.sleep(self.pause)
        return Done(n=ev.n * 2)

    @step
    async def collect(self, ctx: Context, ev: Done) -> StopEvent | None:
        events = ctx.collect_events(ev, [Done] * self.items)
        return None if events is None else StopEvent(result=add_up(events))


def add_up(events: list[Event]) -> int:
    return sum(each.n for each in cast(list[Done], events))


class HoistedFanOut(FanOut):
    """The same, with the list of expected events built once instead of once per event."""

    expected: list[type[Event]]

    @step
    async def collect(self, ctx: Context, ev: Done) -> StopEvent | None:
        events = ctx.collect_events(ev, self.expected)
        return None if events is None else StopEvent(result=add_up(events))


class Stream(Workflow):
    """Writes notes to the stream, at once or giving way after each."""

    notes: int = 0
    paced: bool = False

    @step
    async def write(self, ctx: Context, ev: StartEvent) -> StopEvent:
        for i in range(self.notes):
            ctx.write_event_to_stream(Note(n=i))
            if self.paced:
                await asyncio.sleep(0)
        return StopEvent(result=self.notes)


class SetAndGet(Workflow):
    """Sets and reads one key of a store that holds many."""

    turns: int = 0

    @step
    async def use(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await fill(ctx)
        total = 0
        for i in range(self.turns):
            await ctx.store.set("x", i)
            total += await ctx.store.get("x")
        return StopEvent(result=total)


class Edit(Workflow):
    """Edits one key of a store that holds many."""

    turns: int = 0

    @step
    async def use(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await fill(ctx)
        for _ in range(self.turns):
            async with ctx.store.edit_state() as state:
                state["x"] = state["x"] + 1
        return StopEvent(result=await ctx.store.get("x"))


async def fill(ctx: Context) -> None:
    async with ctx.store.edit_state() as state:
        for i in range(KEYS):
            state[f"key{i}"] = i
        state["x"] = 0


class Backlog(Workflow):
    """Events that queue up behind a single worker, which is held at the first of them."""

    items: int = 0
    queued: asyncio.Event
    go: asyncio.Event

    @step
    async def send(self, ctx: Context, ev: StartEvent) -> Work | Sent:
        for i in range(self.items):
            ctx.send_event(Work(n=i))
        return Sent(n=self.items)

    @step
    async def sent(self, ev: Sent) -> None:
        self.queued.set()

    @step(num_workers=1)
    async def take(self, ctx: Context, ev: Work) -> StopEvent | None:
        await self.go.wait()
        taken = await ctx.store.get("taken", default=0) + 1
        total = await ctx.store.get("total", default=0) + ev.n
        await ctx.store.set("taken", taken)
        await ctx.store.set("total", total)
        return StopEvent(result=total) if taken == self.items else None


class Ask(Workflow):
    """Asks many questions from inside one step."""

    questions: int = 0

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        total = 0
        for i in range(self.questions):
            answer = await ctx.wait_for_event(
                Answer, waiter_event=Question(n=i), waiter_id=f"question {i}", requirements={"n": i}
            )
            total += answer.n
        return StopEvent(result=total)


class Short(Workflow):
    """A run of three steps."""

    @step
    async def first(self, ev: Begin) -> Ping:
        return Ping(n=ev.n + 1)

    @step
    async def second(self, ev: Ping) -> Pong:
        return Pong(n=ev.n + 1)

    @step
    async def third(self, ev: Pong) -> StopEvent:
        return StopEvent(result=ev.n + 1)


class Link1(Event):
    n: int


class Link2(Event):
    n: int


class Link3(Event):
    n: int


class Link4(Event):
    n: int


class Link5(Event):
    n: int


class Link6(Event):
    n: int


class Link7(Event):
    n: int


class Link8(Event):
    n: int


class Link9(Event):
    n: int


class Chain(Workflow):
    """A run of ten steps."""

    @step
    async def step1(self, ev: Begin) -> Link1:
        return Link1(n=ev.n + 1)

    @step
    async def step2(self, ev: Link1) -> Link2:
        return Link2(n=ev.n + 1)

    @step
    async def step3(self, ev: Link2) -> Link3:
        return Link3(n=ev.n + 1)

    @step
    async def step4(self, ev: Link3) -> Link4:
        return Link4(n=ev.n + 1)

    @step
    async def step5(self, ev: Link4) -> Link5:
        return Link5(n=ev.n + 1)

    @step
    async def step6(self, ev: Link5) -> Link6:
        return Link6(n=ev.n + 1)

    @step
    async def step7(self, ev: Link6) -> Link7:
        return Link7(n=ev.n + 1)

    @step
    async def step8(self, ev: Link7) -> Link8:
        return Link8(n=ev.n + 1)

    @step
    async def step9(self, ev: Link8) -> Link9:
        return Link9(n=ev.n + 1)

    @step
    async def step10(self, ev: Link9) -> StopEvent:
        return StopEvent(result=ev.n + 1)
