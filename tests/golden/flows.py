"""The flows of the golden snapshots, and the moments at which these are taken.

**Nothing here may change**: not a step, not an event, not a name. What users have saved is of a flow as it was, and so
are the files beside this one. A new moment gets a flow of its own at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from wfkit import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    UnreconstructedException,
    Workflow,
    catch_error,
    step,
)


class Text(Event):
    text: str


class Number(Event):
    n: int


class Group(Event):
    n: int


class Done(Event):
    n: int


class Question(InputRequiredEvent):
    text: str


class Answer(HumanResponseEvent):
    text: str


class Broken(Exception):
    """A class that the steps name."""


class Line(Workflow):
    @step
    async def first(self, ev: StartEvent) -> Text:
        return Text(text=ev.text, extra=(1, 2))

    @step
    async def second(self, ev: Text) -> StopEvent:
        await asyncio.sleep(10)
        return StopEvent(result=f"{ev.text} {ev.extra}")


class Loop(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Number:
        await ctx.store.set("way", [])
        return Number(n=0)

    @step
    async def turn(self, ctx: Context, ev: Number) -> Number | StopEvent:
        await asyncio.sleep(1)
        async with ctx.store.edit_state() as state:
            state["way"].append(ev.n)
        return Number(n=ev.n + 1) if ev.n < 4 else StopEvent(result=await ctx.store.get("way"))


class Collects(Workflow):
    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Number | None:
        for n in range(4):
            ctx.send_event(Number(n=n))
        return None

    @step(num_workers=3)
    async def work(self, ev: Number) -> Done:
        await asyncio.sleep(1 + ev.n)
        return Done(n=ev.n**2)

    @step
    async def gather(self, ctx: Context, ev: Done) -> StopEvent | None:
        done = ctx.collect_events(ev, [Done] * 4, buffer_id="squares")
        return None if done is None else StopEvent(result=[each["n"] for each in done])


class Nested(Workflow):
    @step
    async def groups(self, ev: StartEvent) -> list[Group]:
        return [Group(n=n) for n in range(3)]

    @step
    async def numbers(self, ev: Group) -> list[Number]:
        await asyncio.sleep(1 + ev.n)
        return [Number(n=ev.n * 10 + n) for n in range(ev.n + 1)]

    @step(num_workers=2)
    async def work(self, ev: Number) -> Text:
        await asyncio.sleep(1 + ev.n / 100)
        return Text(text=str(ev.n))

    @step
    async def inner(self, texts: list[Text]) -> Done:
        return Done(n=sum(int(each.text) for each in texts))

    @step
    async def outer(self, dones: list[Done]) -> StopEvent:
        return StopEvent(result=sorted(each.n for each in dones))


class Joins(Workflow):
    @step
    async def quick(self, ev: StartEvent) -> Text:
        return Text(text="quick")

    @step
    async def slow(self, ev: StartEvent) -> Number:
        await asyncio.sleep(10)
        return Number(n=7)

    @step
    async def both(self, text: Text, number: Number) -> StopEvent:
        return StopEvent(result=f"{text.text} {number.n}")


class JoinsInScopes(Workflow):
    @step
    async def split(self, ev: StartEvent) -> list[Group]:
        return [Group(n=n) for n in range(2)]

    @step
    async def quick(self, ev: Group) -> Text:
        await asyncio.sleep(1 + ev.n)
        return Text(text=str(ev.n))

    @step
    async def slow(self, ev: Group) -> Number:
        await asyncio.sleep(11 + ev.n)
        return Number(n=ev.n)

    @step
    async def both(self, text: Text, number: Number) -> Done:
        return Done(n=int(text.text) * 10 + number.n)

    @step
    async def total(self, dones: list[Done]) -> StopEvent:
        return StopEvent(result=[each.n for each in dones])


class Waits(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answers = []
        for question in ("one?", "two?", "three?"):
            answer = await ctx.wait_for_event(Answer, waiter_event=Question(text=question))
            answers.append(answer.text)
        return StopEvent(result=answers)


class WaitsByName(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        one = await ctx.wait_for_event(Answer, waiter_id="one", requirements={"to": 1})
        two = await ctx.wait_for_event(Answer, waiter_id="two", requirements={"to": 2})
        return StopEvent(result=[one.text, two.text])


class Asks(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Question:
        return Question(text="Who?")

    @step
    async def greet(self, ev: Answer) -> StopEvent:
        return StopEvent(result=f"hello {ev.text}")


class Early(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(10)
        return StopEvent(result=(await ctx.wait_for_event(Answer)).text)


class Apart:
    """Four attempts, ten seconds apart."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return 10.0 if attempts < 4 else None


class Retries(Workflow):
    @step(retry_policy=Apart())
    async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
        info = ctx.retry_info()
        await asyncio.sleep(1)
        if info.retry_number < 3:
            raise Broken("attempt", info.retry_number)
        return StopEvent(result=[info.retry_number, repr(info.last_exception), info.elapsed_seconds >= 15])


class Recovers(Workflow):
    @step
    async def split(self, ev: StartEvent) -> list[Number]:
        return [Number(n=n) for n in range(3)]

    @step
    async def work(self, ev: Number) -> Done:
        await asyncio.sleep(1 + ev.n)
        if ev.n:
            raise Broken(ev.n)
        return Done(n=0)

    @catch_error
    async def help(self, ev: StepFailedEvent) -> Done:
        await asyncio.sleep(10)
        return Done(n=-ev.exception.args[0])

    @step
    async def total(self, dones: list[Done]) -> StopEvent:
        return StopEvent(result=[each.n for each in dones])


class Colour(Enum):
    RED = "red"


class Part(BaseModel):
    n: int = 0


class State(BaseModel):
    count: int = 0
    colour: Colour = Colour.RED
    parts: dict[str, list[Part]] = Field(default_factory=dict)


class Typed(Workflow):
    @step
    async def work(self, ctx: Context[State], ev: StartEvent) -> StopEvent:
        async with ctx.store.edit_state() as state:
            state.count += 1
            state.parts["a"] = [Part(n=1)]
        await asyncio.sleep(10)
        state = await ctx.store.get_state()
        return StopEvent(result=[state.count, state.colour.name, state.parts["a"][0].n])


class Counts(Workflow):
    @step
    async def count(self, ctx: Context, ev: StartEvent) -> StopEvent:
        n = await ctx.store.get("n", 0) + 1
        await ctx.store.set("n", n)
        return StopEvent(result=n)


class Sends(Workflow):
    @step
    async def send(self, ctx: Context, ev: StartEvent) -> Number | None:
        for n in range(4):
            ctx.send_event(Number(n=n))
            ctx.write_event_to_stream(Text(text=str(n)))
            await asyncio.sleep(1)
        return None

    @step
    async def gather(self, ctx: Context, ev: Number) -> StopEvent | None:
        every = ctx.collect_events(ev, [Number] * 4)
        return None if every is None else StopEvent(result=[each["n"] for each in every])


VALUES: dict[str, Any] = {
    "numbers": [True, 1, 10**30, 1.5, -0.0, float("inf"), None],
    "text": "é\ud800\n",
    "bytes": b"\x00\xff",
    "tuple": (1, (2, [])),
    "sets": [{1}, frozenset({(1, 2)})],
    "times": [datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC), date(2024, 5, 6), timedelta(days=-1, microseconds=7)],
    "others": [Decimal("1.10"), UUID(int=7)],
    "keys": {1: "one", (1, 2): "pair", None: 0},
    "tag": {"__type__": "set", "value": [1]},
    "events": [Text(text="x", more=Number(n=1)), Part(n=2), StopEvent(result={1})],
    "errors": [ValueError("x", 1), Broken("a", (1, 2)), UnreconstructedException("somewhere:Else", "text")],
}


class Carries(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Number:
        await ctx.store.set("values", VALUES)
        return Number(n=0, values=ev["values"])

    @step
    async def end(self, ctx: Context, ev: Number) -> StopEvent:
        await asyncio.sleep(10)
        same = [repr(found) == repr(VALUES) for found in (ev["values"], await ctx.store.get("values"))]
        kinds = [type(each) for each in (*ev["values"]["events"], *ev["values"]["errors"])]
        return StopEvent(result=[*same, kinds == [Text, Part, StopEvent, ValueError, Broken, UnreconstructedException]])


class Moment(NamedTuple):
    """When a snapshot is taken, and what comes of it.

    Attributes:
        make: returns a new workflow.
        seconds: how long after the start.
        result: of a run that goes on from it.
        fields: of the start event.
        before: sent from outside before, one each second.
        after: sent from outside to a run that goes on from it, one each second.
        finished: whether the run is over by then; going on from it is running it again.
        behind: whether another run of the same instance goes on, so that this one queues.
    """

    make: Callable[[], Workflow]
    seconds: float
    result: Any
    fields: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    before: tuple[Event, ...] = ()
    after: tuple[Event, ...] = ()
    finished: bool = False
    behind: bool = False


MOMENTS: dict[str, Moment] = {
    "line": Moment(Line, 5, "hello (1, 2)", {"text": "hello"}),
    "loop": Moment(Loop, 2.5, [0, 1, 2, 3, 4]),
    "collect_half_full": Moment(Collects, 2.5, [0, 1, 4, 9]),
    "nested_lists": Moment(Nested, 3.105, [0, 21, 63]),
    "join_half_full": Moment(Joins, 5, "quick 7"),
    "joins_in_scopes": Moment(JoinsInScopes, 11.5, [0, 11]),
    "wait_with_answers": Moment(
        Waits, 3, ["a", "b", "c"], before=(Answer(text="a"), Answer(text="b")), after=(Answer(text="c"),)
    ),
    "wait_by_name": Moment(
        WaitsByName, 3, ["a", "b"], before=(Answer(text="a", to=1),), after=(Answer(text="b", to=2),)
    ),
    "open_question": Moment(Asks, 5, "hello Ada", after=(Answer(text="Ada"),)),
    "early_answer": Moment(Early, 5, "Ada", before=(Answer(text="Ada"),)),
    "retry_waiting": Moment(Retries, 15, [3, "Broken('attempt', 2)", True]),
    "failure_at_handler": Moment(Recovers, 5, [0, -1, -2]),
    "typed_state": Moment(Typed, 5, [2, "RED", 1]),
    "finished": Moment(Counts, 1, 2, finished=True),
    "queued": Moment(lambda: Line(num_concurrent_runs=1), 5, "queued (1, 2)", {"text": "queued"}, behind=True),
    "sends_made": Moment(Sends, 1.5, [0, 1, 2, 3]),
    "values": Moment(Carries, 5, [True, True, True], {"values": VALUES}),
}
