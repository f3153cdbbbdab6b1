"""Faults that workflow engines have had, 8: plain `def` steps that cannot do what others can. Here they can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows import Answer, Item, Left, Middle, Question, Result
from tests.schedules import every_schedule
from wfkit import (
    Context,
    Event,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    catch_error,
    run_sync,
    step,
)
from wfkit.retry import retry_policy, stop_after_attempt, wait_fixed


class Plain(Workflow):
    """Every step is a plain function that uses its context in a way of its own."""

    @step
    def begin(self, ctx: Context, ev: StartEvent) -> Item | None:
        here: Any = ctx
        here.store.set("squares", {})
        for n in range(5):
            ctx.send_event(Item(n=n))
            ctx.send_event(Item(n=n + 100), step="alone")
            ctx.write_event_to_stream(Middle(text=f"sent {n}"))
        return None

    @step(num_workers=2)
    def work(self, ctx: Context, ev: Item) -> Result:
        here: Any = ctx
        with here.store.edit_state() as state:
            state["squares"] = {**state["squares"], str(ev.n): ev.n**2}
        return Result(n=ev.n)

    @step
    def alone(self, ctx: Context, ev: Item) -> Result | None:
        return Result(n=ev.n) if ev.n >= 100 else None

    @step
    def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
        here: Any = ctx
        found = ctx.collect_events(ev, [Result] * 10)
        return StopEvent(result=(sorted(event["n"] for event in found), here.store.get("squares"))) if found else None


@every_schedule
async def test_defect_08_plain_steps_send_stream_store_and_collect() -> None:
    flow = Plain()
    ctx: Context[Any] = Context(flow)
    expected = ([*range(5), *range(100, 105)], {str(n): n**2 for n in range(5)})
    for _ in range(2):  # the second time with a context that was used before
        handler = flow.run(ctx=ctx)
        shown = [event.text async for event in handler.stream_events() if isinstance(event, Middle)]
        assert (await handler, shown) == (expected, [f"sent {n}" for n in range(5)])


@every_schedule
async def test_defect_08b_also_in_runs_at_once() -> None:
    flow = Plain()
    assert len(await asyncio.gather(*(flow.run() for _ in range(4)))) == 4


def test_defect_08c_also_without_an_event_loop_of_the_users() -> None:
    assert len(run_sync(Plain())) == 2


@every_schedule
async def test_defect_08d_what_a_plain_step_shows_is_seen_while_it_is_still_at_work() -> None:
    class Talk(Workflow):
        @step
        def talk(self, ctx: Context, ev: StartEvent) -> StopEvent:
            here: Any = ctx
            heard = []
            for n in range(3):
                ctx.write_event_to_stream(Question(text=f"{n}?"))
                heard.append(here.wait_for_event(Answer).text)
            return StopEvent(result=heard)

    handler = Talk().run()
    async for event in handler.stream_events():
        if isinstance(event, Question):
            await handler.send_event(Answer(text=event.text + "!"))
    assert await handler == ["0?!", "1?!", "2?!"]


@every_schedule
async def test_defect_08e_a_plain_step_is_tried_again_and_sends_nothing_twice() -> None:
    told: list[Any] = []

    class Again(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(7), stop=stop_after_attempt(4)))
        def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            info = ctx.retry_info()
            told.append((info.retry_number, info.elapsed_seconds, repr(info.last_exception)))
            ctx.send_event(Item(n=info.retry_number))
            ctx.write_event_to_stream(Left())
            if info.retry_number < 2:
                raise ValueError(f"no {info.retry_number}")
            return StopEvent(result=ctx.retry_info().retry_number)

        @step
        def take(self, ev: Item) -> None:
            told.append(ev.n)

    handler = Again(disable_validation=True).run()
    shown = [type(event) async for event in handler.stream_events()]
    assert (await handler, shown) == (2, [Left, StopEvent])
    assert [each for each in told if each != 0] == [
        (0, 0.0, "None"),
        (1, 7.0, "ValueError('no 0')"),
        (2, 14.0, "ValueError('no 1')"),
    ]
    assert told.count(0) == 1


@every_schedule
async def test_defect_08f_a_plain_step_that_fails_for_good_is_caught_by_a_plain_handler() -> None:
    class Caught(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(2)))
        def work(self, ev: StartEvent) -> StopEvent:
            raise ValueError("no good")

        @catch_error
        def help(self, ctx: Context, ev: StepFailedEvent) -> StopEvent:
            ctx.write_event_to_stream(Left())
            return StopEvent(result=(ev.step_name, ev.attempts, repr(ev.exception)))

    handler = Caught().run()
    shown = [type(event) async for event in handler.stream_events()]
    assert (await handler, shown) == (("work", 2, "ValueError('no good')"), [Left, StopEvent])


@every_schedule
async def test_defect_08g_what_a_plain_step_gets_wrong_it_is_told_in_its_thread() -> None:
    def wrong(call: Callable[[Any], object]) -> str:
        class Wrong(Workflow):
            @step
            def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
                try:
                    call(ctx)
                except Exception as error:
                    return StopEvent(result=f"{type(error).__name__}: {error}")
                return StopEvent()

        told: str = run_sync(Wrong())
        return told

    nothing: Any = "text"
    assert wrong(lambda ctx: ctx.send_event(Left(), step="zz")).startswith(
        "WorkflowRuntimeError: Step zz does not exist"
    )
    assert wrong(lambda ctx: ctx.send_event(Left(), step="work")).startswith(
        "WorkflowRuntimeError: Step work does not accept event of type <class 'tests.flows.Left'>"
    )
    assert wrong(lambda ctx: ctx.send_event(nothing)).startswith("WorkflowRuntimeError: send_event() takes an Event")
    assert wrong(lambda ctx: ctx.store.get("a.b")).startswith("ValueError: Path 'a.b' not found in state")
    assert wrong(lambda ctx: ctx.wait_for_event(Left, timeout=0.001)) == "TimeoutError: Timed out waiting for Left"


@every_schedule
async def test_defect_08h_a_thread_may_hand_its_context_on_to_helpers() -> None:
    class Helped(Workflow):
        @step
        def work(self, ev: StartEvent) -> Item | StopEvent | None:
            helper()
            return None

        @step
        def take(self, ev: Item) -> StopEvent:
            return StopEvent(result=threading.current_thread() is not threading.main_thread())

    def helper() -> None:
        Context.get_step_context().send_event(Item(n=1))

    assert await Helped().run() is True


@every_schedule
async def test_defect_08i_a_plain_step_of_a_run_that_is_over_is_told_so() -> None:
    told: list[str] = []
    gate = threading.Event()

    class Late(Workflow):
        @step
        def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            here: Any = ctx
            gate.wait(10)
            ctx.send_event(Left())  # nobody hears it
            try:
                here.store.set("a", 1)
            except Exception as error:
                told.append(str(error))
            return StopEvent(result="late")

    handler = Late().run()
    await asyncio.sleep(1)
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    gate.set()
    while not told:  # the thread sets it
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    assert told == ["The run of this step is over; what it does now cannot change the store."]
    assert await handler.ctx.store.get("a", default=None) is None


@every_schedule
async def test_defect_08j_a_plain_step_cut_short_in_an_edit_does_not_keep_the_store() -> None:
    class Edits(Workflow):
        @step
        def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            here: Any = ctx
            with here.store.edit_state() as state:
                state["n"] = state.get("n", 0) + 1
                if ev.waits:
                    here.wait_for_event(Event)
            return StopEvent(result=here.store.get("n"))

    flow = Edits(timeout=5)
    ctx: Context[Any] = Context(flow)
    handler = flow.run(ctx=ctx, waits=True)
    await asyncio.sleep(1)
    await handler.cancel_run()
    assert await flow.run(ctx=ctx, waits=False) == 1
