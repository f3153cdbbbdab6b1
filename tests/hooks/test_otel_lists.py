"""Spans of steps that return lists, gather them, join events or handle errors."""

from __future__ import annotations

import asyncio

import pytest

from tests.flows import Item, Left, Result, Right
from tests.traces import Traces, key, linked, noted
from wfkit import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    catch_error,
    step,
)


@pytest.fixture
def traces() -> Traces:
    return Traces()


class Once:
    """Tries again after ten seconds."""

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float | None:
        return 10.0 if attempts < 2 else None


class Squares(Workflow):
    """Returns a list, and gathers what became of it."""

    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return [Item(n=n) for n in range(ev.count)]

    @step
    async def square(self, ev: Item) -> Result | None:
        await asyncio.sleep(1 + ev.n)
        return None if ev.n == 1 else Result(n=ev.n**2)

    @step
    async def total(self, evs: list[Result]) -> StopEvent:
        return StopEvent(result=[ev.n for ev in evs])


async def test_what_gathers_a_list_is_linked_to_all_that_brought_it(traces: Traces) -> None:
    assert await Squares(hooks=[traces.hook]).run(count=4) == [0, 4, 9]
    squares, total = traces.all("square"), traces.one("total")
    assert {traces.above(span) for span in squares} == {"split"}
    assert linked(total) == [key(squares[place].context) for place in (0, 2, 3)]
    assert key(total.parent) == key(squares[3].context)  # the last to arrive
    assert noted(total)["wfkit.input_event"] == "CollectionReleaseEvent"


async def test_a_returned_list_is_noted_by_types_and_length(traces: Traces) -> None:
    await Squares(hooks=[traces.hook]).run(count=4)
    assert noted(traces.one("split"))["wfkit.output_event"] == "Item"
    assert noted(traces.one("split"))["wfkit.output_count"] == 4


async def test_an_empty_list_is_gathered_below_the_run(traces: Traces) -> None:
    assert await Squares(hooks=[traces.hook]).run(count=0) == []
    assert traces.tree() == {"Squares": None, "split": "Squares", "total": "Squares"}
    assert noted(traces.one("split"))["wfkit.output_event"] == ""
    assert linked(traces.one("total")) == []


async def test_a_join_is_linked_to_both_sides(traces: Traces) -> None:
    class Pair(Workflow):
        @step
        async def left(self, ev: StartEvent) -> Left:
            await asyncio.sleep(2)
            return Left()

        @step
        async def right(self, ev: StartEvent) -> Right:
            return Right()

        @step(retry_policy=Once())
        async def together(self, a: Left, b: Right) -> StopEvent:
            if not hasattr(self, "tried"):
                self.tried = True
                raise ValueError("once")
            return StopEvent()

    await Pair(hooks=[traces.hook]).run()
    sides = [key(traces.one(name).context) for name in ("left", "right")]
    failed, done = traces.all("together")
    assert linked(failed) == linked(done) == sides
    assert key(failed.parent) == key(done.parent) == sides[1]


async def test_one_step_that_brings_both_sides_is_linked_once(traces: Traces) -> None:
    class Pair(Workflow):
        @step
        async def both(self, ctx: Context, ev: StartEvent) -> Left | Right:
            ctx.send_event(Left())
            return Right()

        @step
        async def together(self, a: Left, b: Right) -> StopEvent:
            return StopEvent()

    await Pair(hooks=[traces.hook]).run()
    assert linked(traces.one("together")) == [key(traces.one("both").context)]


async def test_what_handles_an_error_descends_from_the_step_that_failed(traces: Traces) -> None:
    class Careful(Workflow):
        @step
        async def risky(self, ev: StartEvent) -> StopEvent:
            raise ValueError("no good")

        @catch_error
        async def rescue(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result="rescued")

    assert await Careful(hooks=[traces.hook]).run() == "rescued"
    assert traces.tree() == {"Careful": None, "risky": "Careful", "rescue": "risky"}
    assert noted(traces.one("risky"))["wfkit.outcome"] == "failed"
    assert noted(traces.one("Careful"))["wfkit.outcome"] == "done"
