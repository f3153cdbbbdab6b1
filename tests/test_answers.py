"""An answer reaches exactly one wait, even when a wait is given up in the very turn in which its answer comes."""

from __future__ import annotations

import asyncio

import pytest

from wfkit import Context, HumanResponseEvent, StartEvent, StopEvent, Workflow, step
from wfkit.testing import simulate


class Number(HumanResponseEvent):
    """A number from outside."""

    n: int


class GivesUp(Workflow):
    """Waits in a task of its own; if that is cancelled, it waits once more."""

    task: asyncio.Task[Number]

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        other = asyncio.create_task(ctx.wait_for_event(Number, requirements={"n": 2})) if ev.get("two") else None
        self.task = asyncio.create_task(ctx.wait_for_event(Number, requirements={"n": 1}))
        await asyncio.wait([self.task])
        how = "again" if self.task.cancelled() else "first"
        number = await ctx.wait_for_event(Number, timeout=5) if self.task.cancelled() else self.task.result()
        if other is not None:
            await other
        return StopEvent(result=(how, number.n))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("two", [False, True])
def test_the_answer_of_a_wait_cancelled_in_the_same_turn_is_for_the_next(seed: int, two: bool) -> None:
    async def main() -> tuple[str, int]:
        workflow = GivesUp(timeout=100)
        handler = workflow.run(two=two)
        await asyncio.sleep(1)
        await handler.send_event(Number(n=1))
        workflow.task.cancel()
        await asyncio.sleep(1)
        if two:
            await handler.send_event(Number(n=2))
        result: tuple[str, int] = await handler
        return result

    assert simulate(main(), seed).result == ("again", 1)


@pytest.mark.parametrize("seed", range(3))
def test_an_answer_that_comes_after_the_wait_was_given_up_is_for_the_next(seed: int) -> None:
    async def main() -> tuple[str, int]:
        workflow = GivesUp(timeout=100)
        handler = workflow.run()
        await asyncio.sleep(1)
        workflow.task.cancel()
        await handler.send_event(Number(n=1))
        result: tuple[str, int] = await handler
        return result

    assert simulate(main(), seed).result == ("again", 1)
