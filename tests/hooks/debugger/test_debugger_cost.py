"""What a debugger costs, counted and not timed: nothing while it is idle, and little for each delivery that is held."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

from tests.flows import Item, Loop, Result
from wfkit import Context, StartEvent, StopEvent, Workflow, step
from wfkit.hooks.debugger import Debugger


def calls_of(main: Callable[[Callable[[], None]], Coroutine[Any, Any, Any]]) -> int:
    """Return how many functions of wfkit, and comprehensions in them, a program calls once it says that it begins."""
    count = 0

    def watch(frame: FrameType, what: str, argument: Any) -> None:
        nonlocal count
        if what == "call" and "/wfkit/" in frame.f_code.co_filename.replace("\\", "/"):
            count += 1

    try:
        asyncio.run(main(lambda: sys.setprofile(watch)))
    finally:
        sys.setprofile(None)
    return count


def test_an_idle_debugger_costs_the_same_however_long_the_run() -> None:
    def run(times: int, *hooks: Debugger) -> int:
        async def main(begin: Callable[[], None]) -> None:
            begin()
            assert await Loop(timeout=None).run(times=times, hooks=hooks) == times

        return calls_of(main)

    run(1, Debugger())  # what is made once
    more = [run(times, Debugger()) - run(times) for times in (10, 100)]
    assert abs(more[1] - more[0]) < 45  # in 90 steps more
    assert more[0] < 60


class Wide(Workflow):
    """Has many deliveries at once."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(ev.count):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=1_000)
    async def square(self, ev: Item) -> Result:
        return Result(n=ev.n)

    @step
    async def end(self, ev: Result) -> StopEvent | None:
        return None


def test_a_step_costs_a_few_calls_for_each_delivery_that_is_held_beside_it() -> None:
    def steps(held: int) -> int:
        async def main(begin: Callable[[], None]) -> None:
            debugger = Debugger(break_at_start=True)
            Wide(timeout=None).run(count=held, hooks=[debugger])
            await debugger.stopped()
            await debugger.step()
            await debugger.step()
            begin()
            for _ in range(20):
                assert await debugger.step() is not None
            sys.setprofile(None)
            await debugger.cancel()

        return calls_of(main)

    steps(50)  # what is made once
    few, many = steps(50), steps(250)
    assert (many - few) / 20 / 200 < 5
    assert few / 20 < 500
