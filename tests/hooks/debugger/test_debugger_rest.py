"""When a debugged run has come to rest, and what is let go together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.flows import Answer, Ask, Fan, Middle, Slow
from tests.stepping import result_of
from wfkit import StartEvent, StopEvent, Workflow, step
from wfkit.errors import WorkflowRuntimeError
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.stops import Stop


async def held(workflow: Workflow[Any], **fields: Any) -> tuple[Debugger, Stop]:
    """Start a run that is held at its start."""
    debugger = Debugger(break_at_start=True)
    workflow.run(hooks=[debugger], **fields)
    stop = await debugger.stopped()
    assert stop is not None
    return debugger, stop


# -- what is let go together -------------------------------------------------------------------------------------


class Noting(Workflow):
    """Notes which of its steps have begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []


class Two(Noting):
    """The one that ends the run comes first."""

    @step
    async def end(self, ev: StartEvent) -> StopEvent:
        self.begun.append("end")
        return StopEvent(result="end")

    @step
    async def other(self, ev: StartEvent) -> None:
        self.begun.append("other")


class Chain(Noting):
    """What ends the run comes of the first."""

    @step
    async def first(self, ev: StartEvent) -> Middle:
        self.begun.append("first")
        return Middle(text="")

    @step
    async def last(self, ev: Middle) -> StopEvent:
        self.begun.append("last")
        return StopEvent(result="end")

    @step
    async def other(self, ev: StartEvent) -> None:
        self.begun.append("other")

    @step
    async def third(self, ev: StartEvent) -> None:
        self.begun.append("third")


@pytest.mark.parametrize("kind", [Two, Chain])
@pytest.mark.parametrize("how", ["continue", "each"])
async def test_what_is_let_go_together_begins_before_anything_ends_the_run(kind: type[Noting], how: str) -> None:
    undisturbed = kind()
    await undisturbed.run()
    workflow = kind()
    debugger, stop = await held(workflow)
    if how == "continue":
        debugger.continue_()
    else:
        for delivery in stop.ready:
            debugger.step(delivery)
    while await debugger.continue_() is not None:
        pass
    assert await debugger.handler == "end"
    assert sorted(workflow.begun) == sorted(undisturbed.begun)


async def test_a_step_whose_task_is_cancelled_by_somebody_else_does_not_stand_in_the_way() -> None:
    debugger, _ = await held(Fan(), count=3)
    stop = await debugger.step()
    assert stop is not None
    task = next(iter(debugger.handler.__wfkit_run__().drivers))
    task.cancel()
    for delivery in stop.ready:
        debugger.step(delivery)
    assert await debugger.continue_() is None
    assert "was cancelled" in str(await result_of(debugger.handler))


# -- rest --------------------------------------------------------------------------------------------------------


class Sleepers(Workflow):
    """Two steps sleep; what they return leads nowhere or on."""

    @step
    async def short(self, ev: StartEvent) -> Middle | None:
        await asyncio.sleep(10)
        return None

    @step
    async def long(self, ev: StartEvent) -> Middle:
        await asyncio.sleep(20)
        return Middle(text="")

    @step
    async def end(self, ev: Middle) -> StopEvent:
        return StopEvent(result="end")


async def test_a_stop_that_is_no_longer_true_is_followed_by_another() -> None:
    debugger = Debugger()
    Sleepers().run(hooks=[debugger])
    await asyncio.sleep(1)
    stop = await debugger.pause()
    assert stop is not None
    assert sorted(found.step for found in stop.running) == ["long", "short"]
    assert await debugger.pause() is stop  # it has stopped already
    await asyncio.sleep(10)
    stop = debugger.current
    assert stop is not None
    assert (stop.why, [found.step for found in stop.running]) == ("what was at work went on", ["long"])
    assert debugger.status == "held"
    await asyncio.sleep(10)
    stop = debugger.current
    assert stop is not None
    assert (stop.why, stop.running, [found.step for found in stop.ready]) == ("something arrived", (), ["end"])
    assert debugger.rewind(-1) is stop
    assert len(debugger.stops) == 3
    await debugger.continue_()
    assert await debugger.handler == "end"


async def test_a_paused_run_whose_last_step_leads_nowhere_is_stuck_and_says_so() -> None:
    class Nowhere(Workflow):
        @step
        async def sleep(self, ev: StartEvent) -> StopEvent | None:
            await asyncio.sleep(10)
            return None

    debugger = Debugger()
    Nowhere().run(hooks=[debugger])
    await asyncio.sleep(1)
    await debugger.pause()
    await asyncio.sleep(20)
    stop = await debugger.stopped()
    assert stop is not None
    assert (stop.running, stop.ready, debugger.status) == ((), (), "stuck")
    with pytest.raises(WorkflowRuntimeError, match="Nothing is held"):
        debugger.step()
    await debugger.cancel()


async def test_a_run_that_waits_rests_at_one_stop_however_often_it_is_asked_for() -> None:
    debugger, _ = await held(Ask())
    stop = await debugger.continue_()
    assert stop is not None
    assert stop.why.startswith("waits: ")
    for _ in range(5):
        assert await debugger.stopped() is stop
    assert debugger.current is stop
    assert (len(debugger.stops), debugger.status, debugger.holding) == (2, "waiting", False)
    with pytest.raises(WorkflowRuntimeError, match=r"Nothing is held\. It waits for a person's answer"):
        debugger.step()
    await debugger.handler.send_event(Answer(text="Ada"))
    assert debugger.current is None
    assert await debugger.handler == "hello Ada"


async def test_a_wait_that_was_given_up_leaves_nothing_behind() -> None:
    debugger = Debugger()
    Slow().run(seconds=1_000, hooks=[debugger])
    coming = debugger._next()
    for _ in range(100):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(debugger.stopped(), 0.1)
    assert debugger._next() is coming
    assert len(coming._arrivals) == 1
    await debugger.cancel()
    assert await coming is None
