"""The runs of one workflow take turns when only so many may go on at once."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from tests.flows import Ask
from wfkit import StartEvent, StopEvent, Workflow, WorkflowCancelledByUser, step


class Slow(Workflow):
    """Takes a second, and says who ran when."""

    log: list[str]

    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        self.log.append(f"{ev.name} begins")
        await asyncio.sleep(1)
        self.log.append(f"{ev.name} ends")
        return StopEvent(result=ev.name)


def slow(limit: int | None) -> Slow:
    workflow = Slow(num_concurrent_runs=limit)
    workflow.log = []
    return workflow


async def test_runs_beyond_the_limit_queue_first_in_first_out() -> None:
    workflow = slow(1)
    handlers = [workflow.run(name=name) for name in "abc"]
    assert [handler.status for handler in handlers] == ["running", "queued", "queued"]

    assert await asyncio.gather(*handlers) == ["a", "b", "c"]
    assert workflow.log == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]


async def test_as_many_go_on_as_the_limit_allows() -> None:
    workflow = slow(2)
    await asyncio.gather(*[workflow.run(name=name) for name in "abc"])
    assert [line for line in workflow.log[:2] if line.endswith("begins")] == workflow.log[:2]
    assert workflow.log.index("c begins") > 2


async def test_a_cancelled_run_gives_up_its_place_in_the_queue() -> None:
    workflow = slow(1)
    first, second, third = (workflow.run(name=name) for name in "abc")
    await second.cancel_run()

    assert [await first, await third] == ["a", "c"]
    assert "b begins" not in workflow.log
    with pytest.raises(WorkflowCancelledByUser):
        await second


async def test_a_queued_run_holds_its_name() -> None:
    workflow = slow(1)
    first, second = workflow.run(name="a"), workflow.run(name="b", run_id="mine")
    with pytest.raises(RuntimeError, match="'mine' already exists"):
        workflow.run(name="c", run_id="mine")
    await asyncio.gather(first, second)
    assert await workflow.run(name="d", run_id="mine") == "d"


async def test_a_run_that_a_step_starts_does_not_queue_behind_its_own_parent() -> None:
    class Nest(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            if ev.depth == 0:
                return StopEvent(result="inmost")
            return StopEvent(result=await self.run(depth=ev.depth - 1))

    assert await Nest(num_concurrent_runs=1, timeout=5).run(depth=3) == "inmost"


def test_a_run_that_its_closed_loop_has_left_behind_is_let_go() -> None:
    left: list[weakref.ref[Workflow]] = []

    async def leave() -> None:
        workflow = Ask(timeout=None)
        left.append(weakref.ref(workflow))
        workflow.run()
        await asyncio.sleep(0)

    asyncio.run(leave())
    asyncio.run(leave())  # another loop: what the first one left is forgotten
    gc.collect()
    assert left[0]() is None
