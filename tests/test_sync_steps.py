"""Plain `def` steps: they run in a thread and can do all that a coroutine function can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from tests.flows import Answer, Item, Middle, Question, Result, Sync
from wfkit import (
    Context,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowHandler,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    run_sync,
    step,
    use_clock,
)
from wfkit.testing import FakeClock, Probe

PATIENCE = 10.0  # real seconds that a thread may take; only a broken test needs them


def flow_of(body: Callable[[Any], Any], timeout: float | None = None) -> Workflow:
    """Return a workflow whose only step is plain and stops with what `body` makes of its context."""

    class Flow(Workflow):
        @step
        def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=body(ctx))

    return Flow(timeout=timeout)


async def asked(handler: WorkflowHandler) -> None:
    """Wait until a step has asked its question."""
    async for event in handler.stream_events():
        if isinstance(event, Question):
            return


async def test_a_plain_step_runs_in_a_thread_of_its_own() -> None:
    assert await flow_of(lambda ctx: threading.current_thread()).run() is not threading.current_thread()


async def test_its_events_go_the_same_way() -> None:
    handler = Sync().run()
    shown = [type(event).__name__ async for event in handler.stream_events()]

    assert (shown, await handler) == (["Left", "StopEvent"], "from a thread")


async def test_a_plain_free_function_is_a_step_as_well() -> None:
    workflow = Workflow()

    @step(workflow=workflow)
    def go(ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.x)

    assert await workflow.run(x=3) == 3


async def test_several_run_at_once() -> None:
    class Flow(Workflow):
        barrier = threading.Barrier(2, timeout=PATIENCE)

        @step
        def left(self, ev: StartEvent) -> Middle:
            self.barrier.wait()
            return Middle(text="left")

        @step
        def right(self, ev: StartEvent) -> Middle:
            self.barrier.wait()
            return Middle(text="right")

        @step
        def end(self, ctx: Context, ev: Middle) -> StopEvent | None:
            both = ctx.collect_events(ev, [Middle, Middle])
            return None if both is None else StopEvent(result={event["text"] for event in both})

    assert await Flow(timeout=None).run() == {"left", "right"}


async def test_what_it_raises_fails_the_run() -> None:
    error = ValueError("in a thread")

    def fail(ctx: Any) -> None:
        raise error

    with pytest.raises(ValueError, match="in a thread") as caught:
        await flow_of(fail).run()
    assert caught.value is error


# -- its context ------------------------------------------------------------------------------------------------------


async def test_its_store_needs_no_await() -> None:
    def use(ctx: Any) -> Any:
        ctx.store.set("a.b", 1)
        with ctx.store.edit_state() as state:
            state["c"] = 2
        before = ctx.store.get_state()
        ctx.store.clear()
        ctx.store.set_state({"d": 3})
        return before, ctx.store.get("d"), ctx.store.get("a", default=None), ctx.store.get("a", 7)

    assert await flow_of(use).run() == ({"a": {"b": 1}, "c": 2}, 3, None, 7)


async def test_an_edit_that_raises_changes_nothing() -> None:
    def use(ctx: Any) -> Any:
        ctx.store.set("a", 1)
        try:
            with ctx.store.edit_state() as state:
                state["a"] = 2
                raise KeyError
        except KeyError:
            return ctx.store.get("a")

    assert await flow_of(use).run() == 1


async def test_a_writer_inside_an_edit_is_refused_instead_of_waiting_for_itself() -> None:
    def use(ctx: Any) -> None:
        with ctx.store.edit_state():
            ctx.store.set("a", 2)

    with pytest.raises(RuntimeError, match="writer called inside edit_state"):
        await flow_of(use).run()


async def test_edits_of_many_threads_do_not_lose_one() -> None:
    class Flow(Workflow):
        @step
        def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(8):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=8)
        def add(self, ctx: Context, ev: Item) -> Result:
            store: Any = ctx.store
            with store.edit_state() as state:
                state["sum"] = state.get("sum", 0) + ev.n
            return Result(n=ev.n)

        @step
        def end(self, ctx: Context, ev: Result) -> StopEvent | None:
            done = ctx.collect_events(ev, [Result] * 8)
            store: Any = ctx.store
            return None if done is None else StopEvent(result=store.get("sum"))

    assert await Flow(timeout=None).run() == sum(range(8))


async def test_it_tells_how_the_run_is_doing() -> None:
    def ask(ctx: Any) -> Any:
        return ctx.is_running, ctx.running_steps(), ctx.to_dict()["is_running"]

    assert await flow_of(ask).run() == (True, ["go"], True)


async def test_what_is_refused_is_refused_in_the_thread() -> None:
    def send(ctx: Any) -> Any:
        try:
            ctx.send_event(Item(n=1), step="zz")
        except WorkflowRuntimeError as error:
            return str(error)

    assert "Step zz does not exist" in await flow_of(send).run()


async def test_it_can_wait_for_an_event(probe: Probe) -> None:
    def wait(ctx: Any) -> Any:
        return [ctx.wait_for_event(Answer, Question(text="?"), requirements={"text": text}).text for text in "ab"]

    handler = flow_of(wait).run(hooks=[probe])
    async for event in handler.stream_events():
        if isinstance(event, Question):
            await handler.send_event(Answer(text="b"))
            await handler.send_event(Answer(text="a"))

    assert await handler == ["a", "b"]
    assert probe.steps == ["go"]


async def test_its_wait_can_time_out() -> None:
    def wait(ctx: Any) -> Any:
        try:
            ctx.wait_for_event(Answer, Question(text="?"), timeout=30)
        except TimeoutError as error:
            return str(error)

    with use_clock(FakeClock()) as clock:
        handler = flow_of(wait).run()
        await asked(handler)
        await clock.advance(30)
        assert await handler == "Timed out waiting for Answer"


async def test_a_cancelled_run_sets_a_waiting_thread_free() -> None:
    ended = threading.Event()

    def wait(ctx: Any) -> None:
        try:
            ctx.wait_for_event(Answer, Question(text="?"))
        finally:
            ended.set()

    handler = flow_of(wait).run()
    await asked(handler)
    await handler.cancel_run()

    assert await asyncio.to_thread(ended.wait, PATIENCE)


class Crowd(Workflow):
    """More plain steps wait than any pool has threads; a plain step answers them all."""

    @step
    def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(ev.count):
            ctx.send_event(Item(n=n))
        return None

    @step
    def wait(self, ctx: Context, ev: Item) -> Result:
        answer: Any = ctx.wait_for_event(Answer, Question(text="?"), requirements={"n": ev.n})
        return Result(n=answer["n"])

    @step
    def answer(self, ctx: Context, ev: Middle) -> None:
        for n in range(int(ev.text)):
            ctx.send_event(Answer(text="", n=n))

    @step
    def end(self, ctx: Context, ev: Result) -> StopEvent | None:
        done = ctx.collect_events(ev, [Result] * self.count)
        return None if done is None else StopEvent(result=len(done))

    count = 0


def test_more_plain_steps_can_wait_than_there_are_threads() -> None:
    workflow = Crowd(timeout=PATIENCE, disable_validation=True)
    workflow.count = 50

    async def crowd() -> Any:
        handler = workflow.run(count=50)
        asked = 0
        async for event in handler.stream_events():
            asked += isinstance(event, Question)
            if asked == 50:
                break
        await handler.send_event(Middle(text="50"))
        return await handler

    assert asyncio.run(crowd()) == 50


# -- its surroundings -------------------------------------------------------------------------------------------------

place = ContextVar("place", default="nowhere")


async def test_context_variables_reach_the_thread_and_do_not_come_back() -> None:
    def look(ctx: Any) -> str:
        seen = place.get()
        place.set("in the thread")
        return seen

    place.set("here")

    assert await flow_of(look).run() == "here"
    assert place.get() == "here"


async def test_it_can_run_another_workflow() -> None:
    assert await flow_of(lambda ctx: run_sync(Sync())).run() == "from a thread"


async def test_the_context_of_the_step_is_found_from_within() -> None:
    def send(ctx: Any) -> None:
        Context.get_step_context().write_event_to_stream(Item(n=1))

    handler = flow_of(send).run()

    assert [event async for event in handler.stream_events()] == [Item(n=1), StopEvent()]


def test_a_timeout_does_not_wait_for_the_thread() -> None:
    gate = threading.Event()

    async def program() -> None:
        workflow = flow_of(lambda ctx: gate.wait(PATIENCE), timeout=0.01)
        try:
            with pytest.raises(WorkflowTimeoutError, match="Currently active steps: go"):
                await workflow.run()
        finally:
            gate.set()

    asyncio.run(program())


def test_what_a_plain_step_does_to_the_store_after_its_run_is_refused() -> None:
    outcome: list[BaseException] = []
    go_on, gone_on = threading.Event(), threading.Event()

    class Late(Workflow):
        @step
        def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            store: Any = ctx.store
            store.set("a", 1)
            go_on.wait(PATIENCE)
            try:
                store.set("a", 2)
            except BaseException as error:
                outcome.append(error)
            gone_on.set()
            return StopEvent()

    async def main() -> Any:
        flow = Late(timeout=0.05)
        ctx: Any = Context(flow)
        with pytest.raises(WorkflowTimeoutError):
            await flow.run(ctx=ctx)
        go_on.set()
        await asyncio.to_thread(gone_on.wait, PATIENCE)
        return await ctx.store.get("a")

    assert asyncio.run(main()) == 1
    assert "the store" in str(outcome[0])
