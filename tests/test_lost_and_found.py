"""What nobody can have any more is told of, and what an error, a handler or a store could keep alive is let go."""

from __future__ import annotations

import asyncio
import gc
import weakref
from functools import cached_property

import pytest
from pydantic import BaseModel

from tests.flows import Item, Left, Middle, Result, Right, Slow
from wfkit import (
    Context,
    ContextStateError,
    Event,
    HumanResponseEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    step,
)

# -- events that nobody can have --------------------------------------------------------------------------------------


async def test_an_event_for_a_list_that_comes_of_none_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    class Stray(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> list[Item]:
            ctx.send_event(Result(n=7))
            return [Item(n=1)]

        @step
        async def work(self, ev: Item) -> Result:
            return Result(n=ev.n)

        @step
        async def gather(self, evs: list[Result]) -> StopEvent:
            return StopEvent(result=[ev.n for ev in evs])

    assert await Stray().run() == [1]
    assert caplog.text.count("Step 'gather' gathers Result only from what comes of a returned list") == 1


async def test_what_a_join_has_left_at_the_end_of_a_list_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    class Uneven(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Left | Right]:
            return [Left(), Left(), Right()]

        @step
        async def pair(self, left: Left, right: Right) -> Result:
            return Result(n=1)

        @step
        async def gather(self, evs: list[Result]) -> StopEvent:
            return StopEvent(result=len(evs))

    assert await Uneven().run() == 1
    assert "The list that step 'split' returned is done with, and step 'pair' has Left left" in caplog.text


async def test_a_set_that_lacks_a_persons_answer_is_waiting_and_not_stuck(caplog: pytest.LogCaptureFixture) -> None:
    class Reply(HumanResponseEvent):
        """A person's."""

    class Both(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Left:
            return Left()

        @step
        async def both(self, left: Left, reply: Reply) -> StopEvent:
            return StopEvent(result="both")

    handler = Both(timeout=None).run()
    await asyncio.sleep(5)
    assert handler.status == "waiting"
    assert caplog.text == ""
    await handler.send_event(Reply())
    assert await handler == "both"


# -- memory -----------------------------------------------------------------------------------------------------------


async def test_the_traceback_of_a_steps_error_begins_in_the_step() -> None:
    class Fails(Workflow):
        @step
        async def fail(self, ev: StartEvent) -> StopEvent:
            raise ValueError("no good")

    with pytest.raises(ValueError, match="no good") as error:
        await Fails().run()
    names = [entry.name for entry in error.traceback]
    assert names[-1] == "fail"
    assert "_drive" not in names


async def test_the_handler_of_a_child_run_keeps_no_parent() -> None:
    handlers = []

    class Parent(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            handlers.append(Slow().run(seconds=0))
            await handlers[-1]
            return StopEvent()

    start = StartEvent()
    ref = weakref.ref(start)
    await Parent().run(start_event=start)
    del start
    await asyncio.sleep(1)
    gc.collect()
    assert len(handlers) == 1
    assert ref() is None


# -- fields -----------------------------------------------------------------------------------------------------------


class Message(HumanResponseEvent):
    text: str

    @property
    def kind(self) -> str:
        return self.text.partition(":")[0]

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()


def test_what_a_cached_property_has_worked_out_is_no_field() -> None:
    message = Message(text="a b", more=1)
    assert message.words == ["a", "b"]
    assert dict(message) == {"text": "a b", "more": 1}


async def test_a_requirement_may_be_a_property() -> None:
    class Flow(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            message = await ctx.wait_for_event(Message, requirements={"kind": "ok"})
            return StopEvent(result=message.text)

    handler = Flow().run()
    for text in ("no:1", "ok:2"):
        await asyncio.sleep(1)
        await handler.send_event(Message(text=text))
    assert await handler == "ok:2"


def test_a_property_that_fails_tells_its_own_error() -> None:
    class Broken(Event):
        @property
        def bad(self) -> str:
            return self.nothing.there  # type: ignore[no-any-return]

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = Broken().bad


# -- state and waits --------------------------------------------------------------------------------------------------


class Counted(BaseModel):
    count: int = 0


async def test_a_store_made_without_a_type_gets_that_of_the_steps() -> None:
    class Typed(Workflow):
        @step
        async def go(self, ctx: Context[Counted], ev: StartEvent) -> StopEvent:
            return StopEvent(result=await ctx.store.get_state())

    class Plain(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.store.set("count", ev.count)
            return StopEvent()

    ctx: Context[Counted] = Context(Plain())
    await Plain().run(ctx=ctx, count=3)
    assert await Typed().run(ctx=ctx) == Counted(count=3)
    other: Context[Counted] = Context(Plain())
    await Plain().run(ctx=other, count="many")
    with pytest.raises(ContextStateError, match="does not fit Counted, which the steps declare"):
        Typed().run(ctx=other)


async def test_a_wait_wants_a_class_and_asks_with_an_event() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            if ev.question:
                await ctx.wait_for_event(Message, waiter_event=Middle)  # type: ignore[arg-type]
            await ctx.wait_for_event(Message(text="x"))  # type: ignore[arg-type]
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match=r"as waiter_event, got <class .*Middle'>. Write Middle\(...\)"):
        await Flow().run(question=True)
    with pytest.raises(WorkflowRuntimeError, match=r"takes a class of events, got Message\(.*\)\. Write Message\."):
        await Flow().run(question=False)


def test_the_class_of_a_child_in_place_of_a_child_says_so() -> None:
    class Parent(Workflow):
        child: Slow

    with pytest.raises(TypeError, match=r"Parent\(child=...\) takes an instance, got a class. Write Slow\(...\)"):
        Parent(child=Slow)  # type: ignore[arg-type]
