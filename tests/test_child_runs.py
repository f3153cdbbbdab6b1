"""A run that a step of another run starts: its life, its questions and its end belong to the parent's."""

from __future__ import annotations

import asyncio

import pytest

from wfkit import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    step,
)


class Answer(HumanResponseEvent):
    text: str


class Child(Workflow):
    """Asks a person."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answer = await ctx.wait_for_event(Answer, waiter_event=InputRequiredEvent())
        return StopEvent(result=answer.text)


class Parent(Workflow):
    """Awaits a child, and works a while afterwards."""

    child = Child(timeout=None)

    @step
    async def delegate(self, ev: StartEvent) -> StopEvent:
        handler = self.child.run()
        ev.handlers.append(handler)
        text = await handler
        await asyncio.sleep(ev.get("work", 1))
        return StopEvent(result=f"child said {text}")


async def test_while_a_child_asks_a_person_the_time_of_its_parent_stands_still() -> None:
    handlers: list[object] = []
    handler = Parent(timeout=5).run(handlers=handlers)
    await asyncio.sleep(1_000)
    assert handler.status == "running"
    await handlers[0].send_event(Answer(text="yes"))  # type: ignore[attr-defined]
    assert await handler == "child said yes"


async def test_the_time_of_the_parent_goes_on_when_the_child_has_its_answer() -> None:
    handlers: list[object] = []
    handler = Parent(timeout=5).run(handlers=handlers, work=100)
    await asyncio.sleep(1_000)
    await handlers[0].send_event(Answer(text="yes"))  # type: ignore[attr-defined]
    with pytest.raises(WorkflowTimeoutError):
        await handler
    assert asyncio.get_running_loop().time() == pytest.approx(1_005)


async def test_a_cancelled_parent_takes_its_child_along() -> None:
    handlers: list[object] = []
    handler = Parent().run(handlers=handlers)
    await asyncio.sleep(1)
    await handler.cancel_run()
    assert [child.status for child in handlers] == ["cancelled"]  # type: ignore[attr-defined]


async def test_a_step_that_raises_generator_exit_fails_its_run() -> None:
    class Odd(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise GeneratorExit("not the loop")

    with pytest.raises((GeneratorExit, WorkflowRuntimeError)):
        await Odd(timeout=5).run()
