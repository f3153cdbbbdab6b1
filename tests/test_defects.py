"""Faults that workflow engines have had, 1 and 2: contexts that are used again. Here they work.

The numbers are those of a list of 22; the files named test_defects_... have the others. Each runs on ten schedules.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import Any

import pytest

from tests.flows import Item, Left, Middle, Result, Right
from tests.schedules import every_schedule
from wfkit import (
    Context,
    ContextStateError,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowTimeoutError,
    step,
)
from wfkit.retry import retry_policy, stop_never, wait_fixed


def now() -> float:
    """Return the virtual time in seconds."""
    return asyncio.get_running_loop().time()


async def seconds_until_timeout(run: Any) -> float:
    """Return how long a run took that took too long."""
    began = now()
    with pytest.raises(WorkflowTimeoutError):
        await run
    return now() - began


# -- 1: the timeout of a context that is used again -------------------------------------------------------------------


class Nap(Workflow):
    """Sleeps for `seconds` in one step and counts its naps."""

    @step
    async def nap(self, ctx: Context, ev: StartEvent) -> StopEvent:
        naps = await ctx.store.get("naps", default=0) + 1
        await ctx.store.set("naps", naps)
        await asyncio.sleep(ev.seconds)
        return StopEvent(result=naps)


class SyncNap(Workflow):
    """Does the same in a thread."""

    @step
    def nap(self, ctx: Context, ev: StartEvent) -> StopEvent:
        here: Any = ctx
        here.store.set("naps", here.store.get("naps", default=0) + 1)
        with suppress(TimeoutError):
            here.wait_for_event(Middle, timeout=ev.seconds)
        return StopEvent(result=here.store.get("naps"))


@pytest.mark.parametrize("kind", [Nap, SyncNap])
@every_schedule
async def test_defect_01_a_reused_context_has_its_own_timeout_each_run(kind: type[Workflow]) -> None:
    flow = kind(timeout=10)
    ctx: Context[Any] = Context(flow)
    for count in range(1, 5):
        assert await flow.run(ctx=ctx, seconds=9) == count
        await asyncio.sleep(100)  # between two runs no time is used up either


@pytest.mark.parametrize("kind", [Nap, SyncNap])
@every_schedule
async def test_defect_01b_after_a_timeout_the_whole_time_is_there_again(kind: type[Workflow]) -> None:
    flow = kind(timeout=10)
    ctx: Context[Any] = Context(flow)
    for _ in range(3):
        assert await seconds_until_timeout(flow.run(ctx=ctx, seconds=11)) == 10
        await asyncio.sleep(1)
    assert await flow.run(ctx=ctx, seconds=9) == 4


@every_schedule
async def test_defect_01c_a_cancelled_or_failed_run_uses_up_no_time_of_the_next() -> None:
    flow = Nap(timeout=10)
    ctx: Context[Any] = Context(flow)
    for _ in range(2):
        handler = flow.run(ctx=ctx, seconds=100)
        await asyncio.sleep(8)
        await handler.cancel_run()
        with pytest.raises(WorkflowCancelledByUser):
            await handler
        with pytest.raises(AttributeError, match="seconds"):
            await flow.run(ctx=ctx)
    assert await seconds_until_timeout(flow.run(ctx=ctx, seconds=100)) == 10


@every_schedule
async def test_defect_01d_contexts_of_runs_at_once_have_times_of_their_own() -> None:
    flow = Nap(timeout=10)

    async def again_and_again(seconds: float) -> None:
        ctx: Context[Any] = Context(flow)
        for _ in range(4):
            assert await flow.run(ctx=ctx, seconds=seconds)
        assert await seconds_until_timeout(flow.run(ctx=ctx, seconds=99)) == 10

    await asyncio.gather(*(again_and_again(seconds) for seconds in (1, 5, 9, 9.5)))


@every_schedule
async def test_defect_01e_a_run_restored_again_and_again_has_its_own_timeout_each_time() -> None:
    flow = Nap(timeout=10)
    handler = flow.run(seconds=9)
    for _ in range(4):
        await asyncio.sleep(6)
        snapshot = json.loads(json.dumps(handler.ctx.to_dict()))
        await handler.cancel_run()
        handler = flow.run(ctx=Context.from_dict(flow, snapshot))
    assert await handler == 5


@every_schedule
async def test_defect_01f_the_context_takes_no_time_from_one_workflow_to_another() -> None:
    short, long = Nap(timeout=2), Nap(timeout=20)
    ctx: Context[Any] = Context(short)
    assert await long.run(ctx=ctx, seconds=19) == 1
    assert await seconds_until_timeout(short.run(ctx=ctx, seconds=19)) == 2
    assert await long.run(ctx=ctx, seconds=19) == 3


# -- 2: the work of a run that has ended ------------------------------------------------------------------------------

LASTING = retry_policy(wait=wait_fixed(2), stop=stop_never())


class Busy(Workflow):
    """Leaves work of every kind behind: queued, at work, waiting, to be retried, collected by half, untaken."""

    def __init__(self, timeout: float | None = None) -> None:
        super().__init__(timeout=timeout)
        self.seen: list[tuple[str, int]] = []

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Item | Right | None:
        await ctx.store.set("runs", [*await ctx.store.get("runs", default=[]), ev.number])
        if ev.way != "quiet":
            for n in range(8):
                ctx.send_event(Item(n=n, run=ev.number))
            ctx.send_event(Right(run=ev.number))
        return None

    @step
    async def boss(self, ev: StartEvent) -> StopEvent | None:
        await asyncio.sleep(5)
        if ev.way == "fail":
            raise ValueError("no good")
        return StopEvent(result=ev.way) if ev.way in ("stop", "quiet") else None

    @step(num_workers=3, retry_policy=LASTING)
    async def work(self, ctx: Context, ev: Item) -> Result:
        self.seen.append(("work", ev.run))
        if ev.n == 0:
            raise LookupError("again")
        if ev.n == 1:
            await ctx.wait_for_event(Middle)
        await asyncio.sleep(1.5)
        ctx.write_event_to_stream(Left(run=ev.run))
        return Result(n=ev.n, run=ev.run)

    @step
    def gather(self, ctx: Context, ev: Result | Right) -> StopEvent | None:
        self.seen.append(("gather", ev.run))
        found = ctx.collect_events(ev, [Result] * 8)
        return StopEvent(result=[event["n"] for event in found]) if found else None


async def end(flow: Busy, ctx: Context[Any], way: str, number: int) -> None:
    """Run the flow until it ends in one of several ways, with work left undone."""
    handler = flow.run(ctx=ctx, way=way, number=number)
    if way == "cancel":
        await asyncio.sleep(5)
        await handler.cancel_run()
    expected = {"fail": ValueError, "timeout": WorkflowTimeoutError, "cancel": WorkflowCancelledByUser}
    if way == "wait_for":
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(handler, 5)
    elif way == "stop":
        assert await handler == "stop"
    else:
        with pytest.raises(expected[way]):
            await handler


@pytest.mark.parametrize("way", ["fail", "timeout", "cancel", "wait_for", "stop"])
@every_schedule
async def test_defect_02_what_an_ended_run_left_undone_is_not_done_by_the_next(way: str) -> None:
    flow = Busy(timeout=6)
    ctx: Context[Any] = Context(flow)
    for number in (1, 3):
        await end(flow, ctx, way, number)
        assert {run for _, run in flow.seen} == {number}
        assert {kind for kind, _ in flow.seen} == {"work", "gather"}
        flow.seen.clear()
        assert not ctx.is_running
        assert not ctx.to_dict()["is_running"]
        handler = flow.run(ctx=ctx, way="quiet", number=number + 1)
        shown = [event async for event in handler.stream_events()]
        assert (await handler, flow.seen) == ("quiet", [])
        assert shown == [StopEvent(result="quiet")]
    assert await ctx.store.get("runs") == [1, 2, 3, 4]


@pytest.mark.parametrize("way", ["fail", "timeout", "cancel", "wait_for", "stop"])
@every_schedule
async def test_defect_02b_nor_is_it_mixed_with_the_work_of_the_next(way: str) -> None:
    flow = Busy(timeout=6)
    ctx: Context[Any] = Context(flow)
    await end(flow, ctx, way, 1)
    flow.seen.clear()
    again = flow.run(ctx=ctx, way="go", number=2)
    await again.send_event(Result(n=0, run=2))  # in place of the item that never succeeds
    await again.send_event(Middle(text="go on"))
    assert sorted(await again) == list(range(8))
    assert {run for _, run in flow.seen} == {2}


class Zombie(Workflow):
    """A step that does not let itself be cancelled."""

    told: list[str]

    @step
    async def linger(self, ctx: Context, ev: StartEvent) -> Item | StopEvent:
        if ev.get("quiet"):
            await asyncio.sleep(5)
            return StopEvent(result=await ctx.store.get("by", default="nobody"))
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(100)
        await asyncio.sleep(2)  # by now the next run is under way
        ctx.send_event(Item(n=1))
        ctx.write_event_to_stream(Left())
        with pytest.raises(ContextStateError, match="over"):
            await ctx.store.set("by", "a ghost")
        self.told.append("all said")
        return Item(n=2)

    @step
    async def take(self, ev: Item) -> None:
        self.told.append(f"item {ev.n}")


@every_schedule
async def test_defect_02c_a_step_that_lives_on_cannot_speak_in_the_next_run(caplog: pytest.LogCaptureFixture) -> None:
    flow = Zombie(timeout=None)
    flow.told = []
    ctx: Context[Any] = Context(flow)
    first = flow.run(ctx=ctx)
    await asyncio.sleep(1)
    await first.cancel_run()
    second = flow.run(ctx=ctx, quiet=True)
    shown = [type(event) async for event in second.stream_events()]
    assert (await second, shown, flow.told) == ("nobody", [StopEvent], ["all said"])
    assert "they swallow CancelledError" in caplog.text


class Threaded(Workflow):
    """A plain step that its run does not wait for."""

    gate: threading.Event
    over: threading.Event
    told: list[str]

    @step
    def linger(self, ctx: Context, ev: StartEvent) -> Item | StopEvent | None:
        if ev.get("quiet"):
            return None
        self.gate.wait(10)
        try:
            ctx.send_event(Item(n=1))
            ctx.write_event_to_stream(Left())
            return Item(n=2)
        finally:
            self.over.set()

    @step
    async def watch(self, ev: StartEvent) -> StopEvent | None:
        if not ev.get("quiet"):
            return None
        self.gate.set()
        await asyncio.get_running_loop().run_in_executor(None, self.over.wait, 10)
        await asyncio.sleep(1)
        return StopEvent(result="quiet")

    @step
    async def take(self, ev: Item) -> None:
        self.told.append(f"item {ev.n}")


@every_schedule
async def test_defect_02d_a_thread_that_lives_on_cannot_speak_in_the_next_run() -> None:
    flow = Threaded(timeout=3)
    flow.gate, flow.over, flow.told = threading.Event(), threading.Event(), []
    ctx: Context[Any] = Context(flow)
    first = flow.run(ctx=ctx)
    await asyncio.sleep(1)
    await first.cancel_run()
    second = flow.run(ctx=ctx, quiet=True)
    shown = [type(event) async for event in second.stream_events()]
    assert (await second, shown, flow.told) == ("quiet", [StopEvent], [])


@every_schedule
async def test_defect_02e_an_answer_meant_for_an_ended_run_does_not_answer_the_next() -> None:
    class Ask(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            if ev.get("early"):
                await asyncio.sleep(50)
            return StopEvent(result=(await ctx.wait_for_event(Middle)).text)

    flow = Ask(timeout=None)
    ctx: Context[Any] = Context(flow)
    first = flow.run(ctx=ctx, early=True)
    await first.send_event(Middle(text="for the first"))
    await asyncio.sleep(1)
    await first.cancel_run()
    second = flow.run(ctx=ctx)
    await asyncio.sleep(1)
    await second.send_event(Middle(text="for the second"))
    assert await second == "for the second"


@every_schedule
async def test_defect_02f_the_context_can_be_used_again_at_once_when_the_wait_was_cut_short() -> None:
    flow = Nap(timeout=None)
    ctx: Context[Any] = Context(flow)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(flow.run(ctx=ctx, seconds=100), 5)
    assert await flow.run(ctx=ctx, seconds=1) == 2

    async def awaits() -> None:
        await flow.run(ctx=ctx, seconds=100)

    task = asyncio.create_task(awaits())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await flow.run(ctx=ctx, seconds=1) == 4


@pytest.mark.parametrize("way", ["edit", "variable"])
@every_schedule
async def test_defect_02g_a_step_that_lives_on_cannot_change_the_store_by_any_way(way: str) -> None:
    class Ghost(Workflow):
        @step
        async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            store = ctx.store
            if ev.ghost and way == "edit":
                async with store.edit_state() as state:
                    state["by"] = "a ghost"
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(100)
                    await asyncio.sleep(3)
            elif ev.ghost:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(100)
                await asyncio.sleep(3)
                with suppress(Exception):
                    await store.set("by", "a ghost")
            else:
                began = asyncio.get_running_loop().time()
                await store.set("seen", True)
                assert asyncio.get_running_loop().time() == began  # it does not wait for the ghost
                await asyncio.sleep(5)
            return StopEvent(result=await store.get("by", default="nobody"))

    flow = Ghost(timeout=None)
    ctx: Context[Any] = Context(flow)
    handler = flow.run(ctx=ctx, ghost=True)
    await asyncio.sleep(1)
    await handler.cancel_run()
    assert await flow.run(ctx=ctx, ghost=False) == "nobody"
