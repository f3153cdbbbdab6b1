"""Scopes within scopes, one scope after another, and how they end with their run."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest

from tests.fans import Again, Done, Round, Squares, Task, Total, numbers
from tests.moments import finish, in_order, on_schedules, saved, simulated
from wfkit import (
    Collect,
    Context,
    Event,
    StartEvent,
    StopEvent,
    Take,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowTimeoutError,
    step,
)


class Group(Event):
    n: int


class Groups(Workflow):
    """Sends `sizes` groups out, each of which sends its tasks out. Group n has the tasks 10n, 10n + 1 and so on."""

    @step
    async def begin(self, ev: StartEvent) -> list[Group]:
        return [Group(n=n, size=size) for n, size in enumerate(ev.sizes)]

    @step
    async def split(self, ev: Group) -> list[Task] | None:
        await asyncio.sleep(0)
        return None if ev.size is None else [Task(n=10 * ev.n + k) for k in range(ev.size)]

    @step(num_workers=3)
    async def work(self, ev: Task) -> Done:
        await asyncio.sleep(0)
        return Done(n=ev.n)

    @step
    async def gather(self, dones: list[Done]) -> Total:
        return Total(n=len(dones), found=sorted(numbers(dones)))

    @step
    async def all_groups(self, totals: list[Total]) -> StopEvent:
        return StopEvent(result=sorted(total.found for total in totals))


# -- nested -----------------------------------------------------------------------------------------------------------


def test_each_group_is_gathered_by_itself_and_then_the_groups() -> None:
    assert on_schedules(Groups, seeds=range(20), sizes=[3, 1, 2]) == [[[0, 1, 2], [10], [20, 21]]]


def test_an_empty_group_is_gathered_as_an_empty_list() -> None:
    assert on_schedules(Groups, sizes=[0, 2, 0]) == [[[], [], [10, 11]]]
    assert on_schedules(Groups, sizes=[0]) == [[[]]]
    assert on_schedules(Groups, sizes=[]) == [[]]


def test_a_group_that_opens_no_scope_is_absent() -> None:
    assert on_schedules(Groups, sizes=[None, 2, None]) == [[[10, 11]]]
    assert on_schedules(Groups, sizes=[None, None]) == [[]]


def test_many_groups() -> None:
    expected = [[10 * n + k for k in range(10)] for n in range(40)]
    assert on_schedules(Groups, seeds=[3], sizes=[10] * 40) == [expected]


def test_taking_few_of_each_group_leaves_the_others_alone() -> None:
    class Firsts(Groups):
        @step(num_workers=100)
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(30 - ev.n)
            return Done(n=ev.n)

        @step
        async def gather(self, dones: Annotated[list[Done], Collect(Take(2))]) -> Total:
            return Total(n=len(dones), found=numbers(dones))

    assert on_schedules(Firsts, sizes=[3, 1, 5, 0]) == [[[], [2, 1], [10], [24, 23]]]


def test_taking_few_of_the_groups_does_not_wait_for_the_others() -> None:
    class Fastest(Groups):
        @step(num_workers=100)
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(30 - ev.n)
            return Done(n=ev.n)

        @step
        async def all_groups(self, totals: Annotated[list[Total], Collect(Take(1))]) -> StopEvent:
            return StopEvent(result=(totals[0].found, asyncio.get_running_loop().time()))

    assert on_schedules(Fastest, sizes=[1, 1, 2]) == [([20, 21], 10)]


def test_events_that_members_send_stay_in_their_own_group() -> None:
    class Sends(Groups):
        @step
        async def work(self, ctx: Context, ev: Task) -> Done | None:
            ctx.send_event(Done(n=ev.n))
            await asyncio.sleep(0)
            ctx.send_event(Done(n=ev.n + 100))
            return None

    expected = [[0, 1, 100, 101], [10, 110], [20, 21, 22, 120, 121, 122]]
    assert on_schedules(Sends, sizes=[2, 1, 3]) == [expected]


def test_what_a_splitting_step_sends_goes_to_the_scope_around_its_list() -> None:
    class Sends(Groups):
        @step
        async def split(self, ctx: Context, ev: Group) -> list[Task] | None:
            ctx.send_event(Total(n=0, found=[-1 - ev.n]))
            return [Task(n=ev.n)]

    assert on_schedules(Sends, sizes=[1, 1]) == [[[-2], [-1], [0], [1]]]


async def test_what_a_task_sends_that_a_member_left_behind_closes_no_scope_twice() -> None:
    class Late(Groups):
        @step
        async def work(self, ctx: Context, ev: Task) -> Done:
            async def later() -> None:
                for _ in range(3):
                    await asyncio.sleep(1)
                    ctx.send_event(Task(n=5))

            if ev.n == 0:
                self.task = asyncio.create_task(later())
            if ev.n >= 10:
                await asyncio.sleep(10)
            return Done(n=ev.n)

    assert await Late().run(sizes=[1, 1, 1]) == [[0], [10], [20]]


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_list_step_gathers_at_most_so_many_groups_at_once(workers: int) -> None:
    busy = [0]

    class Limited(Groups):
        @step(num_workers=workers)
        async def gather(self, dones: list[Done]) -> Total:
            busy.append(busy[-1] + 1)
            await asyncio.sleep(1)
            busy.append(busy[-1] - 1)
            return Total(n=len(dones), found=[])

    assert await Limited().run(sizes=[1] * 6) == [[]] * 6
    assert (min(busy), max(busy)) == (0, workers)
    assert asyncio.get_running_loop().time() == 6 / workers


def test_a_list_step_that_is_tried_again_gets_the_same_list() -> None:
    async def main() -> None:
        seen: list[Any] = []

        class Retried(Groups):
            @step(retry_policy=Again())
            async def gather(self, ctx: Context, dones: list[Done]) -> Total:
                seen.append(numbers(dones))
                dones.clear()  # its own list: the next attempt gets all of it again
                if ctx.retry_info().retry_number < 2:
                    raise ValueError
                return Total(n=0, found=seen[-1])

        assert in_order(await Retried().run(sizes=[2, 3])) == in_order([[0, 1], [10, 11, 12]])
        assert sorted(len(found) for found in seen) == [2, 2, 2, 3, 3, 3]

    for seed in range(4):
        simulated(main(), seed)


# -- deep -------------------------------------------------------------------------------------------------------------


class Node(Event):
    depth: int


class Leaf(Event):
    n: int
    depth: int


class Tree(Workflow):
    """Splits in `breadth` again and again, `depth` times, and adds the leaves up again on the way back."""

    @step
    async def begin(self, ev: StartEvent) -> list[Node]:
        return [Node(depth=1, last=ev.depth, breadth=ev.breadth)]

    @step
    async def split(self, ev: Node) -> list[Node] | Leaf:
        await asyncio.sleep(0)
        if ev.depth == ev.last:
            await asyncio.sleep(0.1)
            return Leaf(n=1, depth=ev.depth)
        return [Node(depth=ev.depth + 1, last=ev.last, breadth=ev.breadth) for _ in range(ev.breadth)]

    @step
    async def gather(self, leaves: list[Leaf]) -> Leaf | StopEvent:
        depth, total = leaves[0].depth - 1, sum(numbers(leaves))
        return Leaf(n=total, depth=depth) if depth else StopEvent(result=total)


@pytest.mark.parametrize(("depth", "breadth"), [(1, 2), (2, 3), (5, 3), (9, 2)])
def test_scopes_within_scopes_that_a_step_opens_by_itself(depth: int, breadth: int) -> None:
    assert on_schedules(Tree, depth=depth, breadth=breadth) == [breadth ** (depth - 1)]


def test_a_very_deep_scope() -> None:
    assert on_schedules(Tree, seeds=[0], depth=1500, breadth=1) == [1]


async def test_a_very_deep_scope_can_be_saved() -> None:
    handler = Tree().run(depth=1500, breadth=1)
    await asyncio.sleep(0.05)  # the innermost takes a tenth of a second
    assert handler.status == "running"
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    assert await finish(Tree(), snapshot) == 1


class A(Event):
    path: str


class B(Event):
    path: str


class C(Event):
    path: str


class FromC(Event):
    paths: list[str]


class FromB(Event):
    paths: list[str]


def test_three_levels_of_different_kinds() -> None:
    class Levels(Workflow):
        @step
        async def to_a(self, ev: StartEvent) -> list[A]:
            return [A(path=each) for each in "ab"]

        @step
        async def to_b(self, ev: A) -> list[B]:
            return [B(path=ev.path + each) for each in "cd"]

        @step
        async def to_c(self, ev: B) -> list[C]:
            return [C(path=ev.path + each) for each in "ef"]

        @step
        async def from_c(self, found: list[C]) -> FromC:
            return FromC(paths=[each.path for each in found])

        @step
        async def from_b(self, found: list[FromC]) -> FromB:
            return FromB(paths=sorted("+".join(each.paths) for each in found))

        @step
        async def from_a(self, found: list[FromB]) -> StopEvent:
            return StopEvent(result=sorted(" ".join(each.paths) for each in found))

    assert on_schedules(Levels) == [["ace+acf ade+adf", "bce+bcf bde+bdf"]]


# -- one after another ------------------------------------------------------------------------------------------------


def test_a_list_step_may_fan_out_again() -> None:
    class Chain(Squares):
        @step
        async def gather(self, dones: list[Done]) -> list[Group]:
            await asyncio.sleep(0)
            return [Group(n=sum(numbers(dones)) + k) for k in range(3)]

        @step
        async def last(self, groups: list[Group]) -> StopEvent:
            return StopEvent(result=numbers(groups))

    for result in on_schedules(Chain, count=4):
        assert sorted(result) == [14, 15, 16]


class Rounds(Workflow):
    """Fans out as many items as the round has, `rounds` times."""

    @step
    async def split(self, ev: StartEvent | Round) -> list[Task]:
        n = ev.n if isinstance(ev, Round) else 1
        return [Task(n=100 * n + k) for k in range(n)]

    @step
    async def work(self, ev: Task) -> Done:
        await asyncio.sleep(0)
        return Done(n=ev.n)

    @step
    async def gather(self, ctx: Context, dones: list[Done]) -> Round | StopEvent:
        found = [*await ctx.store.get("found", []), sorted(numbers(dones))]
        await ctx.store.set("found", found)
        return StopEvent(result=found) if len(found) == 4 else Round(n=len(found) + 1)


def test_rounds_of_fan_outs_do_not_mix() -> None:
    assert on_schedules(Rounds) == [[[100], [200, 201], [300, 301, 302], [400, 401, 402, 403]]]


def test_two_fan_outs_of_one_workflow_do_not_mix() -> None:
    class Two(Squares):
        @step
        async def other(self, ev: StartEvent) -> list[Task]:
            return [Task(n=-n, delay=None) for n in range(1, 4)]

        @step
        async def gather(self, dones: list[Done]) -> Total:
            return Total(n=sum(numbers(dones)), size=len(dones))

        @step
        async def end(self, ctx: Context, ev: Total) -> StopEvent | None:
            await asyncio.sleep(0)
            both = ctx.collect_events(ev, [Total, Total])
            return None if both is None else StopEvent(result=sorted((each.size, each.n) for each in both))

    assert on_schedules(Two, count=5) == [[(3, 14), (5, 30)]]


def test_a_context_used_again_has_no_scope_left_of_the_run_before() -> None:
    class Fails(Squares):
        @step
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(ev.n)
            if ev.delay == "fail":
                raise ValueError("half way")
            return Done(n=ev.n)

    async def main() -> None:
        workflow = Fails()
        ctx: Context[Any] = Context(workflow)
        with pytest.raises(ValueError, match="half way"):
            await workflow.run(ctx=ctx, count=5, delays={2: "fail"})
        assert await workflow.run(ctx=ctx, count=3) == [0, 1, 2]

    for seed in range(4):
        simulated(main(), seed)


# -- the end of the run -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [0, 0.5, 1.5, 2.5])
async def test_a_run_can_be_cancelled_within_its_scopes(moment: float) -> None:
    class Long(Groups):
        @step(num_workers=2)
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(1)
            return Done(n=ev.n)

    handler = Long().run(sizes=[2, 3, 2])
    await asyncio.sleep(moment)
    await handler.cancel_run()

    with pytest.raises(WorkflowCancelledByUser):
        await handler


async def test_a_run_can_time_out_within_its_scopes() -> None:
    class Long(Groups):
        @step
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(100)
            return Done(n=ev.n)

    with pytest.raises(WorkflowTimeoutError, match="Currently active steps: work"):
        await Long(timeout=5).run(sizes=[2, 3, 2])
