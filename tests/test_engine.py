"""How a run is driven: what starts, in which order, how it ends and what is left of it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from tests.flows import Answer, Ask, Fan, Item, Join, Left, Middle, Slow
from wfkit import (
    Context,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    step,
)
from wfkit.records import RunIdle, StepCancelled
from wfkit.testing import Probe


class Racers(Workflow):
    """Three steps take the start; each waits its time, notes its end and says its name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.trail: list[str] = []

    async def take(self, name: str, ev: StartEvent) -> StopEvent | None:
        self.trail.append(f"{name} starts")
        try:
            await asyncio.sleep(ev.get(name, 0)) if name in ev else None
        except asyncio.CancelledError:
            self.trail.append(f"{name} is cancelled")
            await asyncio.sleep(0.1)
            self.trail.append(f"{name} has cleaned up")
            raise
        self.trail.append(f"{name} ends")
        return StopEvent(result=name)

    @step
    async def b(self, ev: StartEvent) -> StopEvent | None:
        return await self.take("b", ev)

    @step
    async def c(self, ev: StartEvent) -> StopEvent | None:
        return await self.take("c", ev)

    @step
    async def a(self, ev: StartEvent) -> StopEvent | None:
        return await self.take("a", ev)


# -- order and end ----------------------------------------------------------------------------------------------------


async def test_steps_start_in_alphabetical_order_and_the_first_stop_wins() -> None:
    workflow = Racers()

    assert await workflow.run() == "a"
    assert workflow.trail == ["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]


async def test_what_was_ready_when_the_first_stop_came_still_starts() -> None:
    workflow = Racers()

    assert await workflow.run(c=9) == "a"
    assert workflow.trail[:5] == ["a starts", "a ends", "b starts", "b ends", "c starts"]
    assert workflow.trail[5:] == ["c is cancelled", "c has cleaned up"]


async def test_siblings_are_cancelled_and_awaited() -> None:
    workflow = Racers()

    assert await workflow.run(a=9, b=9, c=1) == "c"
    assert set(workflow.trail[-2:]) == {"a has cleaned up", "b has cleaned up"}


async def test_what_still_queued_for_a_worker_does_not_start(probe: Probe) -> None:
    class Flow(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(5):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=2)
        async def work(self, ev: Item) -> StopEvent:
            return StopEvent(result=ev.n)

    assert await Flow().run(hooks=[probe]) == 0
    assert probe.steps == ["split", "work", "work"]


async def test_a_stop_that_is_sent_does_not_end_the_run(caplog: pytest.LogCaptureFixture) -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            ctx.send_event(StopEvent(result="sent"))
            return None

    with pytest.raises(WorkflowTimeoutError, match="A StopEvent ends the run only when a step returns it"):
        await Flow(timeout=5).run()


async def test_a_step_that_swallows_its_cancellation_delays_the_end_by_half_a_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Flow(Workflow):
        @step
        async def stubborn(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            for _ in range(3):
                try:
                    await asyncio.sleep(5)
                except asyncio.CancelledError:
                    continue
            ctx.send_event(StartEvent())
            return StopEvent(result="too late")

        @step
        async def quick(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="quick")

    handler = Flow(timeout=None).run()
    assert await handler == "quick"
    assert asyncio.get_running_loop().time() == 0.5
    assert "1 step(s) of Flow still run 0.5 s after their run ended" in caplog.text

    await asyncio.sleep(100)
    assert await handler == "quick"


async def test_a_step_that_ends_quietly_when_cancelled_is_recorded(probe: Probe) -> None:
    class Flow(Workflow):
        @step
        async def quiet(self, ev: StartEvent) -> StopEvent | None:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(9)
            return None

        @step
        async def quick(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent()

    await Flow().run(hooks=[probe])

    assert [record.step for record in probe.of(StepCancelled)] == ["quiet"]


# -- failures ---------------------------------------------------------------------------------------------------------


async def test_a_failure_ends_the_run_and_its_siblings() -> None:
    class Flow(Racers):
        @step
        async def c(self, ev: StartEvent) -> StopEvent | None:
            await asyncio.sleep(1)
            raise ValueError("no good")

    workflow = Flow()
    with pytest.raises(ValueError, match="no good"):
        await workflow.run(a=9, b=9)

    assert set(workflow.trail[-2:]) == {"a has cleaned up", "b has cleaned up"}


async def test_a_failure_after_the_first_stop_is_told_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Flow(Racers):
        @step
        async def c(self, ev: StartEvent) -> StopEvent | None:
            raise ValueError("too late")

    assert await Flow().run() == "a"
    assert "Step 'c' raised after the outcome of its run was settled" in caplog.text


@pytest.mark.parametrize("error", [KeyboardInterrupt, BaseException])
async def test_whatever_a_step_raises_reaches_whoever_awaits(error: type[BaseException]) -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(0)
            raise error("from the step")

    handler = Flow(timeout=5).run()
    with pytest.raises(error, match="from the step"):
        await handler
    assert handler.status == "failed"


async def test_a_step_that_raises_cancelled_error_fails_the_run() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise asyncio.CancelledError

    with pytest.raises(WorkflowRuntimeError, match="Step 'go' was cancelled although its run was not"):
        await Flow().run()


async def test_awaiting_something_that_was_cancelled_fails_the_run() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            task = asyncio.create_task(asyncio.sleep(9))
            asyncio.get_running_loop().call_later(1, task.cancel)
            await task
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match="Step 'go' was cancelled although its run was not"):
        await Flow().run()


async def test_a_step_that_cancels_its_own_task_does_not_leave_its_siblings_behind() -> None:
    class Flow(Racers):
        @step
        async def c(self, ev: StartEvent) -> StopEvent | None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(1)
            return None

    workflow = Flow()
    with pytest.raises(WorkflowRuntimeError, match="Step 'c' was cancelled"):
        await workflow.run(a=9, b=9)

    assert set(workflow.trail[-2:]) == {"a has cleaned up", "b has cleaned up"}


# -- runs that do not move --------------------------------------------------------------------------------------------


class Lost(Workflow):
    """Sends an event that nobody takes."""

    @step
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
        ctx.send_event(Left())
        return None


WHY = "No step takes Left. The steps take StartEvent."


async def test_a_stuck_run_says_so(probe: Probe, caplog: pytest.LogCaptureFixture) -> None:
    handler = Lost(timeout=None).run(run_id="x", hooks=[probe])
    await asyncio.sleep(0.5)
    assert (handler.status, handler.waiting_for) == ("stuck", WHY)
    assert [(record.waiting_for, record.stuck) for record in probe.of(RunIdle)] == [(WHY, True)]
    assert caplog.records == []  # there may still be somebody about to send something

    await asyncio.sleep(100)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wfkit", logging.WARNING)
    assert record.getMessage() == (
        f"Run x of Lost is stuck: no step is active and none will be. {WHY} "
        "Cancel it with `await handler.cancel_run()`."
    )
    await handler.cancel_run()


async def test_the_timeout_of_a_stuck_run_says_why() -> None:
    with pytest.raises(WorkflowTimeoutError) as error:
        await Lost(timeout=5).run()

    assert str(error.value) == f"Operation timed out after 5 seconds. No steps active. {WHY}"


async def test_a_half_collected_set_is_named() -> None:
    class Flow(Join):
        @step
        async def left(self, ev: StartEvent) -> Left:
            return None  # type: ignore[return-value]

    with pytest.raises(WorkflowTimeoutError, match="Step 'together' has collected Right and waits for Left"):
        await Flow(timeout=5).run()


async def test_a_run_that_was_stuck_can_be_helped() -> None:
    class Flow(Lost):
        @step
        async def end(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

    handler = Flow(timeout=50, disable_validation=True).run()
    await asyncio.sleep(5)
    assert handler.status == "stuck"
    await handler.send_event(Middle(text="from outside"))

    assert await handler == "from outside"


async def test_a_run_that_waits_for_a_person_is_not_stuck(caplog: pytest.LogCaptureFixture) -> None:
    handler = Ask().run()
    await asyncio.sleep(100)
    assert (handler.status, caplog.records) == ("waiting", [])
    await handler.send_event(Answer(text="Ada"))
    await handler


# -- children ---------------------------------------------------------------------------------------------------------


class Parent(Workflow):
    """Runs another workflow in a step."""

    child = Racers()

    @step
    async def delegate(self, ev: StartEvent) -> StopEvent:
        self.handler = self.child.run(a=ev.seconds, b=99, c=99)
        return StopEvent(result=await self.handler)


async def test_a_step_may_await_another_run() -> None:
    assert await Parent().run(seconds=1) == "a"


async def test_a_child_is_cancelled_and_cleans_up_before_its_parent_has_ended() -> None:
    workflow = Parent()
    workflow.child = Racers()
    handler = workflow.run(seconds=99)
    await asyncio.sleep(1)
    await handler.cancel_run()

    assert workflow.handler.status == "cancelled"
    assert len([line for line in workflow.child.trail if line.endswith("cleaned up")]) == 3


async def test_a_child_that_nobody_awaits_ends_with_its_parent() -> None:
    class Careless(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            self.child = Slow().run(seconds=9)
            return StopEvent()

    flow = Careless()
    await flow.run()
    with pytest.raises(WorkflowCancelledByUser):
        await flow.child


async def test_a_result_that_is_still_to_be_awaited_is_a_forgotten_await() -> None:
    async def work() -> int:
        return 5

    class Forgets(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=work() if ev.plain else Slow().run(seconds=9))

    for plain, kind in ((True, "coroutine"), (False, "WorkflowHandler")):
        with pytest.raises(
            WorkflowRuntimeError, match=rf"result is a {kind}, .* Write StopEvent\(result=await \.\.\.\)"
        ):
            await Forgets().run(plain=plain)


async def test_a_body_that_returns_a_coroutine_has_forgotten_an_await() -> None:
    async def work() -> StopEvent:
        return StopEvent()

    class Forgets(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return work()  # type: ignore[return-value]

    with pytest.raises(WorkflowRuntimeError, match="Did you forget to await it"):
        await Forgets().run()


# -- what steps see ---------------------------------------------------------------------------------------------------

language = ContextVar("language", default="en")


async def test_steps_see_the_context_variables_of_whoever_called_run() -> None:
    class Flow(Workflow):
        @step
        async def first(self, ev: StartEvent) -> Middle:
            return Middle(text=language.get())

        @step
        def second(self, ev: Middle) -> StopEvent:
            return StopEvent(result=(ev.text, language.get()))

    language.set("eo")
    handler = Flow().run()
    language.set("fr")

    assert await handler == ("eo", "eo")
    assert language.get() == "fr"


async def test_attributes_of_the_workflow_survive_from_run_to_run() -> None:
    class Flow(Workflow):
        runs = 0

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            self.runs += 1
            return StopEvent(result=self.runs)

    workflow = Flow()

    assert [await workflow.run() for _ in range(3)] == [1, 2, 3]


async def test_an_empty_fan_is_no_deadlock() -> None:
    handler = Fan(timeout=5).run(count=0)

    with pytest.raises(WorkflowTimeoutError, match="no StopEvent was among what they returned"):
        await handler
