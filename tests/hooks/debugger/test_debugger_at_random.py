"""Commands drawn at random at moments drawn at random: the run ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.stepping import FIVE, MORE, Outcome, Run
from wfkit import StopEvent
from wfkit.errors import WorkflowRuntimeError
from wfkit.hooks.debugger import Debugger
from wfkit.testing import simulate

SHAPES = {**FIVE, **MORE}
SEEDS = range(12)
COMMANDS = 50


async def do_something(run: Run, chance: random.Random) -> None:
    """Give one command that does not change what the run comes to."""
    debugger = run.debugger
    ready, stop = debugger.now.ready, debugger.stop
    names = [spec.name for spec in run.handler.__wfkit_plan__().steps]
    match chance.randrange(14):
        case 0 | 1 | 2:
            debugger.step()
        case 3 if ready:
            debugger.step(chance.choice(ready))
        case 4:
            debugger.continue_()
        case 5:
            debugger.pause()
        case 6:
            debugger.step_until(chance.choice(names))
        case 7 if ready:
            debugger.edit(chance.choice(ready))
        case 8:
            debugger.break_at(chance.choice(names), once=chance.random() < 0.5)
        case 9:
            debugger.break_at(event=StopEvent, once=True)
        case 10:
            debugger.clear()
        case 11:
            await debugger.set_state("debugged", chance.random())
        case 12 if run.answers and debugger.now.questions:
            debugger.answer(run.answers.pop(0))
        case 13 if stop is not None and stop.text:
            fork = debugger.fork()
            await fork.stopped()
            await fork.cancel()
        case _:
            await asyncio.sleep(chance.choice([0, 0, chance.random()]))


async def led_at_random(name: str, chance: random.Random) -> Outcome:
    """Give so many commands, then let the run go on to its end."""
    run = Run(SHAPES[name], Debugger(break_at_start=chance.random() < 0.7, on_failure=chance.random() < 0.3))
    for _ in range(COMMANDS):
        if run.handler.is_done():
            break
        try:
            await do_something(run, chance)
        except WorkflowRuntimeError:  # nothing is held, or the run has ended meanwhile
            await asyncio.sleep(0)
    run.debugger.clear()
    stop = await run.answered(await run.debugger.continue_())
    while stop is not None:
        stop = await run.answered(await run.debugger.continue_())
    return await run.outcome()


def ended(main: Any, seed: int) -> Any:
    """Run a program in virtual time; whatever is left over is a defect."""
    outcome = simulate(main, seed)
    assert outcome.left == []
    return outcome.result


@pytest.mark.parametrize("name", SHAPES)
def test_whatever_is_commanded_whenever(name: str) -> None:
    async def undisturbed() -> Outcome:
        return await Run(SHAPES[name], Debugger()).freely()

    expected = ended(undisturbed(), 0)
    for seed in SEEDS:
        try:
            assert ended(led_at_random(name, random.Random(f"{name} {seed}")), seed).result == expected.result
        except BaseException as error:
            error.add_note(f"{name}, seed {seed}")
            raise
