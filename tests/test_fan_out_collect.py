"""How much a list parameter wants, several list steps on one fan-out, and members out of the ordinary."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest

from tests.fans import Done, Report, Squares, Task, Total, numbers
from tests.flows import Answer, Left, Question, Right
from tests.moments import on_schedules, simulated
from wfkit import All, Collect, Context, Hook, StartEvent, StepCall, StopEvent, Take, Workflow, step
from wfkit.records import StepStarted
from wfkit.seam import Proceed
from wfkit.testing import Probe

# -- Collect ----------------------------------------------------------------------------------------------------------


def test_collect_without_a_number_wants_all() -> None:
    class Bare(Squares):
        @step
        async def gather(self, dones: Annotated[list[Done], Collect()]) -> StopEvent:
            return StopEvent(result=numbers(dones))

    class Everything(Squares):
        @step
        async def gather(self, dones: Annotated[list[Done], Collect(All())]) -> StopEvent:
            return StopEvent(result=numbers(dones))

    for flow in (Bare, Everything):
        assert on_schedules(flow, seeds=range(3), count=3, delays={0: 2, 1: 1}) == [[4, 1, 0]]


def taking(n: int) -> type[Workflow]:
    class Taking(Squares):
        @step
        async def gather(self, dones: Annotated[list[Done], Collect(Take(n))]) -> Total:
            return Total(n=len(dones), found=numbers(dones))

        @step
        async def end(self, ctx: Context, ev: Total) -> StopEvent:
            seen = asyncio.get_running_loop().time()
            await asyncio.sleep(20)  # time for another release, if there were one
            return StopEvent(result=(ev.found, seen))

        @step
        async def count(self, ctx: Context, ev: Total) -> None:
            fired = await ctx.store.get("fired", 0) + 1
            await ctx.store.set("fired", fired)
            assert fired == 1, "once for each scope"

    return Taking


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, ([4], 1)), (2, ([4, 1], 2)), (3, ([4, 1, 0], 3)), (4, ([4, 1, 0], 3)), (99, ([4, 1, 0], 3))],
)
def test_take_fires_on_the_nth_arrival_or_when_the_scope_ends(n: int, expected: Any) -> None:
    assert on_schedules(taking(n), seeds=range(4), count=3, delays={0: 3, 1: 2, 2: 1}) == [expected]


async def test_take_of_an_empty_list_fires_with_an_empty_list() -> None:
    assert await taking(2)().run(count=0) == ([], 0)


# -- several list steps -----------------------------------------------------------------------------------------------


def test_several_list_steps_gather_one_fan_out() -> None:
    class Several(Squares):
        @step
        async def gather(self, dones: list[Done]) -> Left:
            return Left(found=numbers(dones))

        @step
        async def first(self, dones: Annotated[list[Done], Collect(Take(1))]) -> Right:
            return Right(found=numbers(dones))

        @step
        async def tasks(self, tasks: list[Task]) -> Report:
            return Report(text=str(numbers(tasks)))

        @step
        async def end(self, left: Left, right: Right, report: Report) -> StopEvent:
            return StopEvent(result=(left.found, right.found, report.text))

    assert on_schedules(Several, count=3, delays={0: 2, 1: 1}) == [([4, 1, 0], [4], "[0, 1, 2]")]


def test_a_list_step_whose_kind_never_came_gets_an_empty_list() -> None:
    class Kinds(Squares):
        @step
        async def work(self, ev: Task) -> Done | Total:
            return Done(n=ev.n) if ev.get("n", 0) < 9 else Total(n=ev.n)

        @step
        async def gather(self, dones: list[Done]) -> Left:
            return Left(found=sorted(numbers(dones)))

        @step
        async def totals(self, totals: list[Total]) -> Right:
            return Right(found=sorted(numbers(totals)))

        @step
        async def end(self, left: Left, right: Right) -> StopEvent:
            return StopEvent(result=(left.found, right.found))

    assert on_schedules(Kinds, count=3) == [([0, 1, 2], [])]
    assert on_schedules(Kinds, count=10) == [(list(range(9)), [9])]


# -- odd members ------------------------------------------------------------------------------------------------------


async def test_one_event_twice_in_a_list_is_two_members(probe: Probe) -> None:
    class Twice(Squares):
        @step
        async def split(self, ev: StartEvent) -> list[Task]:
            task = Task(n=3)
            return [task, task]

    assert await Twice().run(hooks=[probe]) == [9, 9]
    assert len({record.id for record in probe.of(StepStarted)}) == 4


def test_a_question_in_a_list_goes_to_the_person() -> None:
    class Asks(Squares):
        @step
        async def split(self, ev: StartEvent) -> list[Task | Question]:
            return [Task(n=1), Question(text="one?"), Task(n=2)]

        @step
        async def gather(self, dones: list[Done]) -> Total:
            return Total(n=sum(numbers(dones)))

        @step
        async def end(self, total: Total, answer: Answer) -> StopEvent:
            return StopEvent(result=(total.n, answer.text))

    async def main() -> None:
        handler = Asks().run()
        async for event in handler.stream_events():
            if isinstance(event, Question):
                await asyncio.sleep(100)
                await handler.send_event(Answer(text="two!"))
        assert await handler == (5, "two!")

    for seed in range(4):
        simulated(main(), seed)


async def test_a_hook_may_return_the_list_itself_or_change_it() -> None:
    class Changes(Hook):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Any:
            found = await proceed(call)
            return [Task(n=7), *found[1:]] if call.step.name == "split" else found  # type: ignore[index]

    assert sorted(await Squares().run(count=3, hooks=[Changes()])) == [1, 4, 49]


async def test_a_member_may_send_when_it_has_ended_and_does_no_harm() -> None:
    class Late(Squares):
        @step
        async def work(self, ctx: Context, ev: Task) -> Done:
            async def later() -> None:
                await asyncio.sleep(1)
                ctx.send_event(Done(n=99))

            if ev.n == 0:
                self.task = asyncio.create_task(later())
            await asyncio.sleep(ev.n)
            return Done(n=ev.n)

        @step
        async def gather(self, dones: list[Done]) -> Total:
            return Total(n=0, found=sorted(numbers(dones)))

        @step
        async def end(self, ev: Total) -> StopEvent:
            await asyncio.sleep(5)
            return StopEvent(result=ev.found)

    assert await Late().run(count=1) == [0]
    assert await Late().run(count=3) in ([0, 1, 2], [0, 1, 2, 99])
