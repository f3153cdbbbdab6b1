"""Snapshots of small flows, taken at every moment, sent through JSON and finished by a fresh workflow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows import Answer, Fan, Item, Join, Line, Loop, Middle, Slow
from wfkit import Context, Event, Hook, StartEvent, StepCall, StopEvent, Workflow, step
from wfkit.records import Record, StepFinished
from wfkit.seam import Proceed
from wfkit.testing import simulate

Snapshot = dict[str, Any]


def saved(context: Context[Any]) -> Snapshot:
    """Take a snapshot and send it through JSON."""
    snapshot: Snapshot = json.loads(json.dumps(context.to_dict()))
    return snapshot


async def finish(workflow: Workflow, snapshot: Snapshot) -> Any:
    """Run a snapshot to its end."""
    return await workflow.run(ctx=Context.from_dict(workflow, snapshot))


async def moments(workflow: Workflow, **fields: Any) -> tuple[list[Snapshot], Any]:
    """Run a workflow; return a snapshot for each turn of the event loop, and the result."""
    handler = workflow.run(**fields)
    snapshots = []
    while not handler.is_done():
        snapshot = saved(handler.ctx)
        if snapshot["is_running"]:
            snapshots.append(snapshot)
        await asyncio.sleep(0)
    return snapshots, await handler


class Batches(Workflow):
    """Sends in two goes, works with few workers and gathers in pairs."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(4):
            ctx.send_event(Item(n=n))
            await asyncio.sleep(0)
        return None

    @step(num_workers=1)
    async def square(self, ev: Item) -> Middle:
        await asyncio.sleep(0)
        return Middle(text=str(ev.n**2))

    @step(num_workers=2)
    async def pair(self, ctx: Context, ev: Middle) -> Answer | None:
        await asyncio.sleep(0)
        both = ctx.collect_events(ev, [Middle, Middle])
        await asyncio.sleep(0)
        return None if both is None else Answer(text="+".join(each["text"] for each in both))

    @step
    async def total(self, ctx: Context, ev: Answer) -> StopEvent | None:
        await asyncio.sleep(0)
        both = ctx.collect_events(ev, [Answer, Answer])
        return None if both is None else StopEvent(result=sum(int(n) for each in both for n in each["text"].split("+")))


# -- every moment ------------------------------------------------------------------------------------------------

FLOWS: list[tuple[Callable[[], Workflow], dict[str, Any]]] = [
    (Line, {"text": "hi"}),
    (Loop, {"times": 4}),
    (Join, {}),
    (Fan, {"count": 4}),
    (Slow, {"seconds": 0}),
    (Batches, {}),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("make", "fields"), FLOWS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_snapshot_of_any_moment_leads_to_the_same_result(
    make: Callable[[], Workflow], fields: dict[str, Any], seed: int
) -> None:
    def in_order(result: Any) -> Any:
        return sorted(result) if isinstance(result, list) else result

    async def main() -> None:
        snapshots, result = await moments(make(), **fields)
        assert snapshots
        for snapshot in snapshots:
            assert in_order(await finish(fresh(make, fields), snapshot)) == in_order(result)

    assert simulate(main(), seed).left == []


def fresh(make: Callable[[], Workflow], fields: dict[str, Any]) -> Workflow:
    """Return a new instance, with what Loop keeps on the instance instead of in the state."""
    workflow = make()
    if isinstance(workflow, Loop):
        workflow.times = fields["times"]
    return workflow


@pytest.mark.parametrize("seed", range(4))
def test_a_snapshot_of_a_restored_run_leads_there_too(seed: int) -> None:
    async def main() -> None:
        snapshots, result = await moments(Batches())
        for snapshot in snapshots[:: max(1, len(snapshots) // 6)]:
            workflow = Batches()
            handler = workflow.run(ctx=Context.from_dict(workflow, snapshot))
            again = []
            while not handler.is_done():
                again.append(saved(handler.ctx))
                await asyncio.sleep(0)
            for second in again:
                if second["is_running"]:
                    assert await finish(Batches(), second) == result

    simulate(main(), seed)


def in_step(take: Callable[[Context[Any]], None]) -> type[Workflow]:
    """Return a workflow whose every step takes a snapshot in its middle."""

    class Watched(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            ctx.send_event(Item(n=1))
            take(ctx)
            ctx.send_event(Item(n=2))
            take(ctx)
            return None

        @step
        async def gather(self, ctx: Context, ev: Item) -> StopEvent | None:
            take(ctx)
            both = ctx.collect_events(ev, [Item, Item])
            take(ctx)
            return None if both is None else StopEvent(result=[item["n"] for item in both])

    return Watched


async def test_a_snapshot_can_be_taken_anywhere_in_a_step() -> None:
    snapshots: list[Snapshot] = []
    kind = in_step(lambda ctx: snapshots.append(saved(ctx)))
    assert await kind().run() == [1, 2]
    assert len(snapshots) == 6
    quiet = in_step(lambda ctx: None)
    for snapshot in snapshots:
        assert sorted(await finish(quiet(), snapshot)) == [1, 2]


async def test_a_snapshot_taken_while_a_stop_is_on_its_way_ends_with_it() -> None:
    snapshots: list[Snapshot] = []

    class Two(Workflow):
        @step
        async def first(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="first")

        @step
        async def second(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            snapshots.append(saved(ctx))
            return None

    assert await Two().run() == "first"
    if snapshots[0]["is_running"]:
        assert await finish(Two(timeout=5), snapshots[0]) == "first"


async def test_a_snapshot_taken_by_a_hook_as_a_step_finishes_keeps_what_it_returned() -> None:
    snapshots: list[Snapshot] = []

    class Saves(Hook):
        def on_record(self, record: Record) -> None:
            if isinstance(record, StepFinished) and record.step == "first":
                snapshots.append(saved(handler.ctx))

    handler = Line().run(hooks=[Saves()])
    await handler
    assert await finish(Line(timeout=5), snapshots[0]) == "HELLO"


async def test_a_snapshot_taken_by_a_hook_around_a_step_leads_to_the_same_result() -> None:
    snapshots: list[Snapshot] = []

    class Saves(Hook):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
            snapshots.append(saved(call.context))
            event = await proceed(call)
            snapshots.append(saved(call.context))
            return event

    assert await Batches().run(hooks=[Saves()]) == 14
    assert len(snapshots) == 2 * 11
    for snapshot in snapshots:
        assert await finish(Batches(timeout=5), snapshot) == 14


async def test_a_run_that_is_still_queued_can_be_saved() -> None:
    workflow = Line(num_concurrent_runs=1)
    first, second = workflow.run(), workflow.run(text="second")
    assert second.status == "queued"
    snapshot = saved(second.ctx)
    await first
    await second
    assert await finish(Line(timeout=5), snapshot) == "SECOND"
