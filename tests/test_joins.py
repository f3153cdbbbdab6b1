"""A step with several event parameters is called when one event for each is there."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fans import Done, Fourth, Parts, Round, Special, Task, Third, Total, Two, numbers
from tests.flows import Answer, Left, Right
from tests.moments import on_schedules
from wfkit import Context, StartEvent, StopEvent, Workflow, step


class Three(Parts):
    @step
    async def make_fourth(self, ev: StartEvent) -> None: ...

    @step
    async def join(self, third: Third, left: Left, right: Right) -> StopEvent:
        return StopEvent(result=[third.text, left.text, right.text])


class Four(Parts):
    @step
    async def join(self, fourth: Fourth, left: Left, third: Third, right: Right) -> StopEvent:
        return StopEvent(result=[fourth.text, left.text, third.text, right.text])


DELAYS: list[dict[str, float]] = [{}, {"left": 1}, {"right": 2, "third": 1}, {"fourth": 1, "left": 2, "third": 3}]


@pytest.mark.parametrize("delays", DELAYS, ids=str)
@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (Two, ["left", "right"]),
        (Three, ["third", "left", "right"]),
        (Four, ["fourth", "left", "third", "right"]),
    ],
)
def test_one_of_each_comes_to_its_own_parameter(
    flow: type[Workflow], expected: list[str], delays: dict[str, float]
) -> None:
    assert on_schedules(flow, delays=delays) == [expected]


def test_a_join_waits_for_the_last() -> None:
    class Timed(Two):
        @step
        async def join(self, left: Left, right: Right) -> StopEvent:
            return StopEvent(result=asyncio.get_running_loop().time())

    assert on_schedules(Timed, delays={"left": 3, "right": 1}) == [3]


async def test_a_join_may_have_a_context_and_defaults_in_any_order() -> None:
    class Flow(Two):
        @step
        async def join(self, left: Left, ctx: Context, extra: int = 7, *, right: Right, word: str = "w") -> StopEvent:
            await ctx.store.set("seen", True)
            return StopEvent(result=(left.text, right.text, extra, word, await ctx.store.get("seen")))

    assert await Flow().run() == ("left", "right", 7, "w", True)


async def test_a_plain_function_may_join() -> None:
    class Flow(Two):
        @step
        def join(self, left: Left, right: Right) -> StopEvent:
            return StopEvent(result=left.text + right.text)

    assert await Flow().run() == "leftright"


async def test_a_free_function_may_join() -> None:
    workflow = Workflow(timeout=5)

    @step(workflow=workflow)
    async def go(ev: StartEvent) -> Left:
        return Left(text="l")

    @step(workflow=workflow)
    async def join(ev: StartEvent, left: Left) -> StopEvent:
        return StopEvent(result=ev.text + left.text)

    assert await workflow.run(text="start ") == "start l"


async def test_a_join_may_wait_for_a_person() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> Left:
            return Left(text="l")

        @step
        async def join(self, left: Left, answer: Answer) -> StopEvent:
            return StopEvent(result=left.text + answer.text)

    handler = Flow().run()
    await asyncio.sleep(3)
    await handler.send_event(Answer(text="yes"))
    assert await handler == "lyes"

    early = Flow().run()
    await early.send_event(Answer(text="early"))
    assert await early == "learly"


# -- first in, first out ----------------------------------------------------------------------------------------------


class Sender(Workflow):
    """Sends the lefts and rights of `plan`, one a second."""

    @step
    async def go(self, ctx: Context, ev: StartEvent) -> Left | Right | None:
        await ctx.store.set("wanted", ev.wanted)
        for word in ev.plan.split():
            ctx.send_event(Left(text=word) if word[0] == "l" else Right(text=word))
            await asyncio.sleep(ev.get("pause", 1))
        return None

    @step(num_workers=1)
    async def join(self, ctx: Context, left: Left, right: Right) -> StopEvent | None:
        pairs = [*await ctx.store.get("pairs", []), f"{left.text}+{right.text}"]
        await ctx.store.set("pairs", pairs)
        return StopEvent(result=pairs) if len(pairs) == await ctx.store.get("wanted") else None


@pytest.mark.parametrize("pause", [0, 1])
@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("l1 r1 l2 r2", "l1+r1 l2+r2"),
        ("l1 l2 r3 r4", "l1+r3 l2+r4"),
        ("r1 r2 r3 l1 l2 l3", "l1+r1 l2+r2 l3+r3"),
        ("l1 l2 l3 r1 l4 r2", "l1+r1 l2+r2"),
        ("r1 l1 l2 r2 r3 r4 l3", "l1+r1 l2+r2 l3+r3"),
    ],
)
def test_the_first_of_each_go_together(plan: str, expected: str, pause: float) -> None:
    pairs = expected.split()
    assert on_schedules(Sender, plan=plan, pause=pause, wanted=len(pairs)) == [pairs]


def test_one_type_twice_takes_two() -> None:
    class Pairs(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> Task | None:
            for n in range(6):
                ctx.send_event(Task(n=n))
                await asyncio.sleep(0)
            return None

        @step(num_workers=1)
        async def join(self, first: Task, second: Task) -> Total:
            return Total(n=0, pair=[first.n, second.n])

        @step
        async def end(self, x: Total, y: Total, z: Total) -> StopEvent:
            return StopEvent(result=[x.pair, y.pair, z.pair])

    assert on_schedules(Pairs) == [[[0, 1], [2, 3], [4, 5]]]


def test_one_type_twice_and_another_once() -> None:
    class Mixed(Sender):
        @step
        async def join(self, one: Left, right: Right, two: Left) -> StopEvent:
            return StopEvent(result=[one.text, right.text, two.text])

    for plan in ("l1 l2 r1", "l1 r1 l2", "r1 r2 l1 l2", "l1 l2 l3 r1"):
        assert on_schedules(Mixed, plan=plan, wanted=1) == [["l1", "r1", "l2"]]


# -- several at once --------------------------------------------------------------------------------------------------


def test_what_a_join_takes_others_get_too() -> None:
    class Shared(Parts):
        @step
        async def one(self, left: Left, right: Right) -> Done:
            return Done(n=1)

        @step
        async def two(self, third: Third, left: Left) -> Done:
            return Done(n=2)

        @step
        async def single(self, ev: Left) -> Done:
            return Done(n=4)

        @step
        async def last(self, ev: Fourth) -> Done:
            return Done(n=8)

        @step
        async def end(self, a: Done, b: Done, c: Done, d: Done) -> StopEvent:
            return StopEvent(result=sum(numbers([a, b, c, d])))

    assert on_schedules(Shared, delays={"third": 1, "fourth": 2}) == [15]


@pytest.mark.parametrize("workers", [1, 3])
async def test_a_join_works_on_at_most_so_many_sets_at_once(workers: int) -> None:
    busy = [0]

    class Busy(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> Left | Right | None:
            for _ in range(6):
                ctx.send_event(Left())
                ctx.send_event(Right())
            return None

        @step(num_workers=workers)
        async def join(self, left: Left, right: Right) -> Done:
            busy.append(busy[-1] + 1)
            await asyncio.sleep(1)
            busy.append(busy[-1] - 1)
            return Done(n=1)

        @step
        async def end(self, a: Done, b: Done, c: Done, d: Done, e: Done, f: Done) -> StopEvent:
            return StopEvent()

    await Busy().run()
    assert (min(busy), max(busy)) == (0, workers)
    assert asyncio.get_running_loop().time() == 6 / workers


async def test_runs_at_once_do_not_mix() -> None:
    workflow = Sender()
    handlers = [workflow.run(plan=f"l{n} r{n}", wanted=1) for n in range(10)]
    assert [await handler for handler in handlers] == [[f"l{n}+r{n}"] for n in range(10)]


async def test_a_context_used_again_has_no_half_of_the_run_before() -> None:
    workflow = Sender()
    ctx: Context[Any] = Context(workflow)
    await workflow.run(ctx=ctx, plan="l1 l2 r1", wanted=1)
    await ctx.store.set("pairs", [])
    assert await workflow.run(ctx=ctx, plan="r8 l9", wanted=1) == ["l9+r8"]


def test_a_loop_through_a_join() -> None:
    class Loops(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Round:
            return Round(n=0)

        @step
        async def left(self, ev: Round) -> Left:
            await asyncio.sleep(0)
            return Left(n=ev.n)

        @step
        async def right(self, ev: Round) -> Right:
            return Right(n=ev.n)

        @step
        async def join(self, left: Left, right: Right) -> Round | StopEvent:
            assert left.n == right.n
            return StopEvent(result=left.n) if left.n == 50 else Round(n=left.n + 1)

    assert on_schedules(Loops) == [50]


async def test_exact_types_are_joined_unless_subclasses_are_welcome() -> None:
    class Narrow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> Done | Left | None:
            for event in (Special(n=1), Left(), Done(n=2)):
                ctx.send_event(event)
            return None

        @step
        async def join(self, left: Left, done: Done) -> StopEvent:
            return StopEvent(result=done.n)

    class Wide(Narrow):
        @step(accept_event_subclasses=True)
        async def join(self, left: Left, done: Done) -> StopEvent:
            return StopEvent(result=done.n)

    assert [await flow(timeout=5).run() for flow in (Narrow, Wide)] == [2, 1]
