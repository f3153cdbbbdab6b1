"""An answer reaches exactly one wait, even when a wait is given up in the very turn in which its answer comes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

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


ROOT = Path(__file__).resolve().parent.parent


def in_a_process(code: str, given: str) -> str:
    """Run code in a fresh interpreter, with a text as its input, and return what it prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=True, timeout=60).stdout


ASK = """
import asyncio, json
from tests.flows import Ask

async def main():
    handler = Ask().run()
    async for question in handler.stream_events():
        break
    print(json.dumps(handler.ctx.to_dict()))
    await handler.cancel_run()

asyncio.run(main())
"""

ANSWER = """
import asyncio, json, sys
from tests.flows import Answer, Ask, Question
from wfkit import Context

async def main():
    workflow = Ask()
    handler = workflow.run(ctx=Context.from_dict(workflow, json.load(sys.stdin)))
    async for event in handler.stream_events():
        if isinstance(event, Question):
            print(event.text)
            await handler.send_event(Answer(text="Ada"))
    print(await handler)

asyncio.run(main())
"""


def test_a_question_asked_in_one_process_is_answered_in_another() -> None:
    assert in_a_process(ANSWER, in_a_process(ASK, "")).splitlines() == ["What is your name?", "hello Ada"]
