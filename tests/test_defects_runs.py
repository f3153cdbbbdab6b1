"""Faults that workflow engines have had, 9 and 11: snapshots in steps, and cancelled steps. Here they work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows import Item, Middle, Result, Slow
from tests.schedules import every_schedule
from wfkit import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowRuntimeError,
    catch_error,
    step,
)
from wfkit.retry import retry_policy, stop_after_attempt, wait_fixed

# -- 9: a snapshot taken in a step ------------------------------------------------------------------------------------


class Diary(Workflow):
    """Four steps in a row; each saves the run at its beginning, in its middle and at its end."""

    def __init__(self) -> None:
        super().__init__(timeout=100)
        self.pages: list[str] = []

    def save(self, ctx: Any) -> None:
        self.pages.append(json.dumps(ctx.to_dict()))

    async def live(self, ctx: Context, name: str) -> None:
        self.save(ctx)
        path = await ctx.store.get("path", default=[])
        await asyncio.sleep(1)
        self.save(ctx)
        if name not in path:
            await ctx.store.set("path", [*path, name])
        self.save(ctx)

    @step
    async def first(self, ctx: Context, ev: StartEvent) -> Item:
        await self.live(ctx, "first")
        return Item(n=1, topic=ev.topic)

    @step
    def second(self, ctx: Context, ev: Item) -> Middle:
        here: Any = ctx
        self.save(ctx)
        with here.store.edit_state() as state:
            if "second" not in state["path"]:
                state["path"] = [*state["path"], "second"]
        self.save(ctx)
        return Middle(text=ev.topic)

    @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(2)))
    async def third(self, ctx: Context, ev: Middle) -> Result:
        await self.live(ctx, "third")
        if not ctx.retry_info().retry_number and not await ctx.store.get("failed", default=False):
            await ctx.store.set("failed", True)
            raise ValueError("once")
        return Result(n=3, topic=ev.text)

    @step
    async def fourth(self, ctx: Context, ev: Result) -> StopEvent:
        await self.live(ctx, "fourth")
        return StopEvent(result=(ev.topic, await ctx.store.get("path")))


EXPECTED = ("tea", ["first", "second", "third", "fourth"])


@every_schedule
async def test_defect_09_a_snapshot_taken_in_a_step_goes_on_to_the_same_end() -> None:
    flow = Diary()
    assert await flow.run(topic="tea") == EXPECTED
    assert len(flow.pages) == 3 + 2 + 2 * 3 + 3
    for page in flow.pages:
        other = Diary()
        context: Context[Any] = Context.from_dict(other, json.loads(page))
        assert context.is_running
        assert await other.run(ctx=context) == EXPECTED
        assert len(other.pages) <= len(flow.pages)


@every_schedule
async def test_defect_09b_a_snapshot_of_a_snapshot_as_well() -> None:
    flow = Diary()
    await flow.run(topic="tea")
    page = flow.pages[0]
    for _ in range(8):
        other = Diary()
        assert await other.run(ctx=Context.from_dict(other, json.loads(page))) == EXPECTED
        page = other.pages[min(2, len(other.pages) - 1)]


@every_schedule
async def test_defect_09c_taking_it_changes_nothing_for_the_run_and_those_beside_it() -> None:
    flow = Diary()
    ctx: Context[Any] = Context(flow)
    assert await asyncio.gather(flow.run(ctx=ctx, topic="tea"), *(flow.run(topic="tea") for _ in range(3))) == (
        [EXPECTED] * 4
    )
    await ctx.store.clear()
    assert await flow.run(ctx=ctx, topic="tea") == EXPECTED


@every_schedule
async def test_defect_09d_with_parallel_work_nothing_is_lost_or_done_twice() -> None:
    class Fan(Workflow):
        def __init__(self) -> None:
            super().__init__(timeout=100)
            self.pages: list[str] = []

        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(5):
                ctx.send_event(Item(n=n))
                self.pages.append(json.dumps(ctx.to_dict()))
            return None

        @step(num_workers=2)
        async def work(self, ctx: Context, ev: Item) -> Result:
            await asyncio.sleep(ev.n % 3)
            self.pages.append(json.dumps(ctx.to_dict()))
            return Result(n=ev.n)

        @step
        async def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
            found = ctx.collect_events(ev, [Result] * 5)
            self.pages.append(json.dumps(ctx.to_dict()))
            return StopEvent(result=sorted(event["n"] for event in found)) if found else None

    flow = Fan()
    assert await flow.run() == list(range(5))
    for page in flow.pages:
        other = Fan()
        assert await other.run(ctx=Context.from_dict(other, json.loads(page))) == list(range(5))


@every_schedule
async def test_defect_09e_in_an_error_handler_and_without_the_state_too() -> None:
    pages: list[str] = []

    class Caught(Workflow):
        @step
        async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.store.set("seen", True)
            raise ValueError("no good")

        @catch_error
        async def help(self, ctx: Context, ev: StepFailedEvent) -> StopEvent:
            pages.extend(json.dumps(ctx.to_dict(include_state=keep)) for keep in (True, False))
            return StopEvent(result=(repr(ev.exception), await ctx.store.get("seen", default=False)))

    assert await Caught().run() == ("ValueError('no good')", True)
    flow = Caught()
    for page, seen in zip(pages[:2], (True, False), strict=True):
        assert await flow.run(ctx=Context.from_dict(flow, json.loads(page))) == ("ValueError('no good')", seen)


# -- 11: a step that raises CancelledError ----------------------------------------------------------------------------


async def raises() -> None:
    raise asyncio.CancelledError


async def awaits_what_was_cancelled() -> None:
    task = asyncio.ensure_future(asyncio.sleep(100))
    await asyncio.sleep(1)
    task.cancel()
    await task


async def cancels_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(100)


async def awaits_a_cancelled_run() -> None:
    inner = Slow().run(seconds=500)
    waiting = asyncio.ensure_future(asyncio.wait_for(inner, 1000))
    await asyncio.sleep(1)
    waiting.cancel()
    await waiting


WAYS = [raises, awaits_what_was_cancelled, cancels_itself, awaits_a_cancelled_run]


class Cancelled(Workflow):
    """One of its steps ends with CancelledError, beside others that are at work or in a queue."""

    def __init__(self, way: Callable[[], Any], timeout: float | None = None) -> None:
        super().__init__(timeout=timeout)
        self.way = way
        self.trail: list[str] = []

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(3):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=1)
    async def a_long(self, ev: Item) -> Result:
        try:
            await asyncio.sleep(100)
        finally:
            self.trail.append(f"left {ev.n}")
        return Result(n=ev.n)

    @step(num_workers=2)
    async def b_bad(self, ev: Item) -> Result:
        if ev.get("good") or self.trail:
            return Result(n=ev.n)
        await self.way()
        return Result(n=ev.n)

    @step
    async def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
        return StopEvent(result="whole") if ctx.collect_events(ev, [Result] * 6) else None


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@every_schedule
async def test_defect_11_a_step_that_raises_cancelled_error_fails_the_run(way: Callable[[], Any]) -> None:
    flow = Cancelled(way)
    ctx: Context[Any] = Context(flow)
    with pytest.raises(WorkflowRuntimeError, match="Step 'b_bad' was cancelled although its run was not"):
        await asyncio.wait_for(flow.run(ctx=ctx), 50)
    assert asyncio.get_running_loop().time() < 5
    assert flow.trail == ["left 0"]
    assert await flow.run(ctx=ctx) == "whole"  # the context can be used again, and nothing is left from before


@every_schedule
async def test_defect_11b_also_in_a_thread_and_in_an_error_handler() -> None:
    class Plain(Workflow):
        @step
        def work(self, ev: StartEvent) -> StopEvent:
            raise asyncio.CancelledError

    class Handler(Workflow):
        @step
        async def work(self, ev: StartEvent) -> StopEvent:
            raise ValueError("no good")

        @catch_error
        async def help(self, ev: StepFailedEvent) -> StopEvent:
            raise asyncio.CancelledError

    for flow, name in ((Plain(timeout=None), "work"), (Handler(timeout=None), "help")):
        with pytest.raises(WorkflowRuntimeError, match=f"Step '{name}' was cancelled although its run was not"):
            await flow.run()


@every_schedule
async def test_defect_11c_a_real_cancellation_is_still_one() -> None:
    flow = Cancelled(lambda: asyncio.sleep(1000))
    handler = flow.run()
    await asyncio.sleep(1)
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    assert flow.trail == ["left 0"]
