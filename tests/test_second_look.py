"""Faults that a second look at the core has found, each as the script that showed it."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import Any

import pytest

from tests.flows import Ask, Item, Result
from wfkit import (
    Context,
    ContextSerdeError,
    Event,
    Hook,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    run_sync,
    step,
)
from wfkit.records import StepResumed, StepStarted
from wfkit.testing import Probe


class Number(HumanResponseEvent):
    n: int


class Pair(Event):
    a: int
    b: int


async def test_deliveries_behind_different_sets_of_one_fan_out_have_different_ids(probe: Probe) -> None:
    class Pairs(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(4):
                ctx.send_event(Item(n=n))
            return None

        @step
        async def pair(self, ctx: Context, ev: Item) -> Pair | None:
            await asyncio.sleep([0, 3, 4, 1][ev.n])  # the pairs are 0 with 3 and 1 with 2: equal sums
            two = ctx.collect_events(ev, [Item, Item])
            return None if two is None else Pair(a=two[0].n, b=two[1].n)

        @step
        async def end(self, ctx: Context, ev: Pair) -> StopEvent | None:
            return StopEvent() if ctx.collect_events(ev, [Pair] * 2) else None

    await Pairs().run(hooks=[probe])
    ids = [record.id for record in probe.of(StepStarted)]
    assert len(ids) == len(set(ids)) == 7


async def test_an_answer_with_a_field_called_get_does_not_disturb_a_wait() -> None:
    class Wait(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=(await ctx.wait_for_event(Number, requirements={"n": 1})).n)

    handler = Wait(timeout=5).run()
    await asyncio.sleep(1)
    await handler.send_event(Number(n=2, get="mine"))
    await handler.send_event(Number(n=1, get="mine"))
    assert await handler == 1


async def test_a_retry_policy_that_answers_with_text_fails_the_run() -> None:
    class Policy:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def next(self, elapsed_time: float, attempts: int, error: Exception) -> Any:
            return self.answer if attempts == 1 else None

    def flow(answer: Any) -> Workflow:
        class Failing(Workflow):
            @step(retry_policy=Policy(answer))
            async def go(self, ev: StartEvent) -> StopEvent:
                raise KeyError("mine")

        return Failing(timeout=5)

    with pytest.raises(WorkflowRuntimeError, match="returned 'soon'") as error:
        await flow("soon").run()
    assert isinstance(error.value.__cause__, KeyError)


async def test_a_retry_that_goes_another_way_loses_nothing() -> None:
    class Policy:
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
            return 0

    class Turn(Workflow):
        attempts = 0

        @step(retry_policy=Policy())
        async def go(self, ctx: Context, ev: StartEvent) -> Item | Result | None:
            self.attempts += 1
            if self.attempts == 1:
                ctx.send_event(Item(n=1))
                raise RuntimeError("once more")
            ctx.send_event(Result(n=2))
            return None

        @step
        async def item(self, ev: Item) -> None: ...

        @step
        async def result(self, ev: Result) -> StopEvent:
            return StopEvent(result=ev.n)

    assert await Turn(timeout=5).run() == 2


def test_a_plain_step_that_runs_a_child_in_a_thread_does_not_outlive_its_parents_timeout() -> None:
    class Slow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(30)
            return StopEvent()

    class Parent(Workflow):
        @step
        def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=run_sync(Slow()))

    async def main() -> float:
        before = asyncio.get_running_loop().time()
        with pytest.raises(WorkflowTimeoutError):
            await Parent(timeout=0.1).run()
        return asyncio.get_running_loop().time() - before

    assert asyncio.run(main()) < 5


async def test_holding_a_step_of_a_child_stops_the_clock_of_its_parent() -> None:
    class Hold(Hook):
        async def around_step(self, call: Any, proceed: Any) -> Event | None:
            with call.hold():
                await asyncio.sleep(100)
            result: Event | None = await proceed(call)
            return result

    class Child(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="held")

    class Parent(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Child(timeout=5, hooks=[Hold()]).run())

    assert await Parent(timeout=5).run() == "held"


async def test_a_snapshot_that_cannot_be_read_leaves_the_context_usable_for_another_try() -> None:
    handler = Ask().run()
    await asyncio.sleep(0)
    data = json.loads(json.dumps(handler.ctx.to_dict()))
    await handler.cancel_run()
    data["work"]["stop"] = {"__type__": "nowhere:Nothing", "value": {}}

    context = Context[Any].from_dict(Ask(), data)
    for _ in range(2):
        with pytest.raises(ContextSerdeError, match="nowhere:Nothing"):
            Ask().run(ctx=context)


async def test_a_wait_for_an_event_that_is_no_answer_of_a_person_does_not_stop_the_clock() -> None:
    class Wait(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(Item)
            return StopEvent()

    with pytest.raises(WorkflowTimeoutError, match="Currently active steps: go"):
        await Wait(timeout=5).run()


async def test_a_question_written_to_the_stream_stops_the_clock() -> None:
    class Written(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> None:
            ctx.write_event_to_stream(InputRequiredEvent())

        @step
        async def hear(self, ev: Number) -> StopEvent:
            return StopEvent(result=ev.n)

    handler = Written(timeout=5).run()
    await asyncio.sleep(100)
    await handler.send_event(Number(n=1))
    assert await handler == 1


async def test_a_run_that_nobody_keeps_goes_on() -> None:
    done: list[str] = []

    class Alone(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            ev.futures.append(waits)
            await waits
            done.append("done")
            return StopEvent()

    futures: list[asyncio.Future[None]] = []
    Alone(timeout=None).run(futures=futures)
    await asyncio.sleep(1)
    gc.collect()
    futures.pop().set_result(None)
    await asyncio.sleep(1)
    assert done == ["done"]


async def test_one_of_two_who_await_may_leave() -> None:
    handler = Ask(timeout=None).run()
    first, second = (asyncio.ensure_future(handler) for _ in range(2))
    await asyncio.sleep(1)
    first.cancel()
    await asyncio.sleep(1)
    states = [handler.status]
    second.cancel()
    await asyncio.sleep(1)
    assert [*states, handler.status] == ["waiting", "cancelled"]


async def test_a_wait_that_the_step_gives_up_leaves_its_record(probe: Probe) -> None:
    class Impatient(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            try:
                async with asyncio.timeout(1):
                    await ctx.wait_for_event(Number)
            except TimeoutError:
                return StopEvent(result="gave up")
            return StopEvent()

    assert await Impatient().run(hooks=[probe]) == "gave up"
    assert [record.event for record in probe.of(StepResumed)] == [None]


async def test_a_hook_that_proceeds_twice_collects_once() -> None:
    class Twice(Hook):
        async def around_step(self, call: Any, proceed: Any) -> Event | None:
            if call.step.name == "join":
                await proceed(call)
            result: Event | None = await proceed(call)
            return result

    class Join(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(2):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=1)
        async def join(self, ctx: Context, ev: Item) -> StopEvent | None:
            two = ctx.collect_events(ev, [Item, Item])
            return None if two is None else StopEvent(result=[item.n for item in two])

    assert await Join(timeout=5).run(hooks=[Twice()]) == [0, 1]


async def test_a_flow_of_which_only_some_cells_were_run_again_hangs_together() -> None:
    flow = Workflow(timeout=5)

    def define() -> type[Event]:
        class Query(Event):
            text: str

        return Query

    def first(query: Any) -> None:
        @step(workflow=flow)
        async def ask(ev: StartEvent) -> query:
            return query(text="q")

    def second(query: Any) -> None:
        @step(workflow=flow)
        async def reply(ev: query) -> StopEvent:
            return StopEvent(result=ev.text)

    old = define()
    first(old)
    second(old)
    first(define())  # its cell, and that of the event class, but not the cell of the other step
    assert flow.validate() is False
    assert await flow.run() == "q"


async def test_a_step_that_is_taken_off_its_class_is_gone() -> None:
    class Two(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="go")

        @step
        async def also(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="also")

    assert await Two().run() == "also"
    del Two.also
    assert await Two().run() == "go"


async def test_a_step_that_returns_a_class_is_told_to_make_an_instance() -> None:
    class Forgot(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent  # type: ignore[return-value]

    with pytest.raises(WorkflowRuntimeError, match=r"returned the class StopEvent itself .* mean StopEvent\(...\)"):
        await Forgot(timeout=5).run()


def test_an_error_through_run_sync_does_not_tell_of_a_missing_loop() -> None:
    class Fail(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise KeyError("mine")

    with pytest.raises(KeyError) as error:
        run_sync(Fail())
    assert error.value.__context__ is None
