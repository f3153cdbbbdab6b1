"""Steps share tasks one after another; nothing of one step may show in the next."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress
from contextvars import ContextVar
from itertools import count
from typing import Any

import pytest

from tests.flows import Fan, Item, Line, Loop, Middle, Result
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, WorkflowTimeoutError, step
from wfkit.records import StepStarted
from wfkit.testing import Probe, simulate

mark = ContextVar[Any]("mark", default="unset")


class Array:
    """Does not compare to a truth value, as arrays do not."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    __hash__ = None  # type: ignore[assignment]


def chain(first: Any, second: Any) -> Workflow:
    """Return a workflow of two steps, the second of which stops with what its body returns."""

    class Chain(Workflow):
        @step
        async def one(self, ev: StartEvent) -> Middle:
            await first()
            return Middle(text="")

        @step
        async def two(self, ev: Middle) -> StopEvent:
            return StopEvent(result=await second())

    return Chain(timeout=100)


async def nothing() -> None:
    pass


# -- context variables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suspend", [0, 1])
async def test_a_context_variable_set_in_a_step_does_not_show_in_the_next(suspend: float) -> None:
    async def set_it() -> None:
        mark.set("by the first step")
        if suspend:
            await asyncio.sleep(suspend)

    async def look() -> Any:
        return mark.get()

    assert await chain(set_it, look).run() == "unset"


async def test_nor_does_one_that_is_set_and_reset() -> None:
    async def set_it() -> None:
        token = mark.set("for a moment")
        await asyncio.sleep(0)
        mark.reset(token)

    async def look() -> Any:
        return mark.get()

    assert await chain(set_it, look).run() == "unset"


async def test_nor_does_one_that_equals_what_was_there() -> None:
    """A list is equal to another one, and still not the same."""
    before: list[int] = []

    async def set_it() -> None:
        mark.set([])

    async def look() -> Any:
        return mark.get() is before

    mark.set(before)
    assert await chain(set_it, look).run() is True


async def test_values_that_do_not_compare_are_no_trouble() -> None:
    before = Array()

    async def set_it() -> None:
        mark.set(Array())

    async def look() -> Any:
        return mark.get() is before

    mark.set(before)
    assert await chain(set_it, look).run() is True


async def test_steps_at_work_at_the_same_time_do_not_see_each_other() -> None:
    class Flow(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(9):
                ctx.send_event(Item(n=n))
            return None

        @step
        async def work(self, ev: Item) -> Result:
            seen.add(mark.get())
            mark.set(ev.n)
            await asyncio.sleep(ev.n % 3)
            return Result(n=mark.get())

        @step
        async def end(self, ctx: Context, ev: Result) -> StopEvent | None:
            results = ctx.collect_events(ev, [Result] * 9)
            return None if results is None else StopEvent(result=sorted(result["n"] for result in results))

    seen: set[Any] = set()

    assert await Flow().run() == list(range(9))
    assert seen == {"unset"}


# -- tasks and cancellation -------------------------------------------------------------------------------------------


async def test_the_current_task_stays_the_same_within_a_step() -> None:
    async def look() -> Any:
        tasks = {asyncio.current_task()}
        for seconds in (0, 0, 1):
            await asyncio.sleep(seconds)
            tasks.add(asyncio.current_task())
        return len(tasks)

    assert await chain(look, look).run() == 1


async def test_a_timeout_in_a_step_works_and_ends_with_it() -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.sleep(9)

    async def take_time() -> str:
        async with asyncio.timeout(50):
            await asyncio.sleep(20)
        return "in time"

    assert await chain(give_up, take_time).run() == "in time"


async def test_a_task_group_in_a_step_works_and_ends_with_it() -> None:
    async def fail() -> None:
        raise ValueError("in the group")

    async def group() -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fail())
                tasks.create_task(asyncio.sleep(9))
        except* ValueError:
            caught.append(True)

    async def rest() -> str:
        await asyncio.sleep(1)
        return "undisturbed"

    caught: list[bool] = []
    assert await chain(group, rest).run() == "undisturbed"
    assert caught == [True]


async def cancel_and_swallow() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(1)


async def cancel_and_take_back() -> None:
    await cancel_and_swallow()
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()


async def cancel_and_leave() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


@pytest.mark.parametrize("cancel", [cancel_and_swallow, cancel_and_take_back, cancel_and_leave])
async def test_a_cancellation_does_not_reach_the_next_step(cancel: Any) -> None:
    async def look() -> Any:
        task = asyncio.current_task()
        await asyncio.sleep(1)
        return None if task is None else task.cancelling()

    assert await chain(cancel, look).run() == 0


async def test_a_cancellation_that_a_step_leaves_behind_does_not_lose_its_stop() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await cancel_and_leave()
            return StopEvent(result="stopped")

    assert await Flow().run() == "stopped"


# -- drivers ----------------------------------------------------------------------------------------------------------


class Mixed(Workflow):
    """A fan-out in which each item does something else: suspend, set a variable, wait in vain, cancel itself."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(60):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=3)
    async def work(self, ctx: Context, ev: Item) -> Result:
        match ev.n % 6:
            case 1:
                await asyncio.sleep(1)
            case 2:
                mark.set(ev.n)
            case 3:
                with pytest.raises(TimeoutError):
                    await ctx.wait_for_event(Middle, timeout=1)
            case 4:
                await cancel_and_swallow()
            case 5:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(ctx.wait_for_event(Middle), 0.5)
        return Result(n=ev.n)

    @step
    async def end(self, ctx: Context, ev: Result) -> StopEvent | None:
        results = ctx.collect_events(ev, [Result] * 60)
        return None if results is None else StopEvent(result=sorted(result["n"] for result in results))


@pytest.mark.parametrize("seed", range(20))
def test_no_driver_is_lost_whatever_the_steps_do(seed: int) -> None:
    async def program() -> Any:
        return await Mixed(timeout=1_000, disable_validation=True).run()

    assert simulate(program(), seed).result == list(range(60))


@pytest.mark.parametrize("seed", range(5))
def test_first_in_first_out_holds_through_hand_over(seed: int) -> None:
    class Flow(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(30):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=2)
        async def work(self, ctx: Context, ev: Item) -> StopEvent | None:
            if ev.n % 3:
                await asyncio.sleep(ev.n % 3)
            if ev.n % 5 == 0:
                mark.set(ev.n)
            return None if ctx.collect_events(ev, [Item] * 30) is None else StopEvent()

    probe = Probe()

    async def program() -> None:
        await Flow(timeout=None).run(hooks=[probe])

    simulate(program(), seed)
    started = [record.event["n"] for record in probe.of(StepStarted) if record.step == "work"]
    assert started == list(range(30))


@pytest.mark.parametrize("workers", [1, 3])
async def test_a_step_that_waits_gives_its_worker_back_and_takes_one_again(workers: int) -> None:
    class Flow(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(12):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=workers)
        async def work(self, ctx: Context, ev: Item) -> Result:
            with pytest.raises(TimeoutError):
                await ctx.wait_for_event(Middle, timeout=1)
            busy.append(busy[-1] + 1)
            await asyncio.sleep(1)
            busy.append(busy[-1] - 1)
            return Result(n=ev.n)

        @step
        async def end(self, ctx: Context, ev: Result) -> StopEvent | None:
            return None if ctx.collect_events(ev, [Result] * 12) is None else StopEvent()

    busy = [0]
    await Flow(disable_validation=True).run()

    assert max(busy) == workers
    assert asyncio.get_running_loop().time() == 1 + 12 / workers


# -- fairness and leftovers -------------------------------------------------------------------------------------------


async def test_a_long_loop_lets_others_run() -> None:
    async def tick() -> None:
        for turn in count():
            turns.append(turn)
            await asyncio.sleep(0)

    turns: list[int] = []
    ticking = asyncio.create_task(tick())
    assert await Loop().run(times=5_000) == 5_000
    ticking.cancel()
    await asyncio.wait([ticking])

    assert len(turns) >= 5_000 / 100


@pytest.mark.parametrize("workflow", [Line(), Fan(), Mixed(disable_validation=True, timeout=5)])
async def test_no_task_outlives_its_run(workflow: Workflow) -> None:
    before = asyncio.all_tasks()
    with suppress(WorkflowTimeoutError):
        await workflow.run(count=10)

    assert asyncio.all_tasks() == before


class Heavy(Event):
    """Something that is missed when it stays in memory."""


class Carrier(Workflow):
    """Hands a heavy event on."""

    @step
    async def load(self, ctx: Context, ev: StartEvent) -> Heavy:
        heavy = Heavy()
        ev.refs.append(weakref.ref(heavy))
        ctx.write_event_to_stream(heavy)
        return heavy

    @step
    async def unload(self, ev: Heavy) -> StopEvent:
        return StopEvent()


async def test_the_events_of_a_finished_run_do_not_stay_in_memory() -> None:
    workflow, refs = Carrier(), list[Any]()
    await workflow.run(refs=refs)
    assert refs[0]() is not None, "the recorder keeps the latest run"

    await workflow.run(refs=refs)
    gc.collect()
    assert [ref() is None for ref in refs] == [True, False]


async def test_no_cycle_holds_the_events_of_a_finished_run() -> None:
    workflow, refs = Carrier(), list[Any]()
    gc.collect()
    gc.disable()
    try:
        await workflow.run(refs=refs)
        await workflow.run(refs=refs)
        assert refs[0]() is None
    finally:
        gc.enable()


async def test_a_driver_that_hands_over_leaves_no_trace_in_the_records(probe: Probe) -> None:
    async def set_it() -> None:
        mark.set("x")

    await chain(set_it, nothing).run(hooks=[probe])

    assert probe.steps == ["one", "two"]
