"""Flows with lists, saved at every moment and finished by a fresh workflow: nothing is lost or gathered twice."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import pytest

from tests.fans import Again, Done, Round, Squares, Task, Total, numbers
from tests.flows import Answer, Left, Right
from tests.moments import check_every_moment, finish, saved, simulated
from wfkit import Collect, Context, Event, StartEvent, StopEvent, Take, Workflow, step
from wfkit.records import StepStarted
from wfkit.testing import Probe

SEEDS = pytest.mark.parametrize("seed", range(4))


class Turns(Squares):
    """Squares; each number takes as many turns of the loop as it says."""

    @step(num_workers=2)
    async def work(self, ev: Task) -> Done | None:
        for _ in range(ev.n):
            await asyncio.sleep(0)
        return None if ev.n == 3 else Done(n=ev.n**2)

    @step
    async def gather(self, dones: list[Done]) -> StopEvent:
        await asyncio.sleep(0)
        return StopEvent(result=numbers(dones))


@SEEDS
def test_one_fan_out(seed: int) -> None:
    check_every_moment(Turns, seed, count=5)


@SEEDS
def test_an_empty_list(seed: int) -> None:
    check_every_moment(Turns, seed, at_least=3, count=0)


@SEEDS
def test_members_that_take_their_time(seed: int) -> None:
    check_every_moment(Squares, seed, tick=0.3, count=4, delays={0: 1, 1: 0.5, 3: 2})


class Nested(Workflow):
    """Three groups of 0, 1 and 2 tasks."""

    @step
    async def begin(self, ev: StartEvent) -> list[Round]:
        return [Round(n=n) for n in range(3)]

    @step(num_workers=2)
    async def split(self, ev: Round) -> list[Task]:
        await asyncio.sleep(0)
        return [Task(n=10 * ev.n + k) for k in range(ev.n)]

    @step
    async def work(self, ctx: Context, ev: Task) -> Done | None:
        ctx.send_event(Done(n=ev.n))
        await asyncio.sleep(0)
        return Done(n=-ev.n)

    @step
    async def gather(self, dones: list[Done]) -> Total:
        await asyncio.sleep(0)
        return Total(n=len(dones), found=sorted(numbers(dones)))

    @step
    async def together(self, totals: list[Total]) -> StopEvent:
        await asyncio.sleep(0)
        return StopEvent(result=[[total.n, total.found] for total in totals])


@SEEDS
def test_scopes_within_scopes(seed: int) -> None:
    check_every_moment(Nested, seed)


class Taking(Squares):
    """Goes on with the first two of four while the others are still at work; tells what it was called with."""

    @step
    async def gather(self, dones: Annotated[list[Done], Collect(Take(2))]) -> Total:
        return Total(n=sum(numbers(dones)))

    @step
    async def end(self, ctx: Context, ev: Total) -> StopEvent:
        await ctx.store.set("found", sorted({*await ctx.store.get("found", []), ev.n}))
        await asyncio.sleep(5)
        return StopEvent(result=await ctx.store.get("found"))


@SEEDS
def test_a_scope_of_which_enough_was_taken(seed: int) -> None:
    check_every_moment(Taking, seed, tick=0.5, count=4, delays={0: 3, 1: 1, 2: 2, 3: 4})


class Again3(Workflow):
    """Fans out three times, one after another."""

    @step
    async def split(self, ev: StartEvent | Round) -> list[Task]:
        n = ev.n if isinstance(ev, Round) else 1
        return [Task(n=100 * n + k) for k in range(n)]

    @step
    async def gather(self, tasks: list[Task]) -> Round | StopEvent:
        await asyncio.sleep(0)
        return StopEvent(result=numbers(tasks)) if len(tasks) == 3 else Round(n=len(tasks) + 1)


@SEEDS
def test_rounds(seed: int) -> None:
    check_every_moment(Again3, seed, at_least=6)


class Several(Squares):
    """Two list steps on one fan-out, and a chain behind one of them."""

    @step
    async def gather(self, dones: list[Done]) -> list[Round]:
        await asyncio.sleep(0)
        return [Round(n=each.n + 1) for each in dones]

    @step
    async def rounds(self, rounds: list[Round]) -> Total:
        await asyncio.sleep(0)
        return Total(n=sum(numbers(rounds)))

    @step
    async def tasks(self, tasks: list[Task]) -> Total:
        await asyncio.sleep(0)
        return Total(n=-sum(numbers(tasks)))

    @step
    async def end(self, one: Total, other: Total) -> StopEvent:
        return StopEvent(result=[one.n, other.n])


@SEEDS
def test_several_list_steps(seed: int) -> None:
    check_every_moment(Several, seed, count=4)


class Tried(Squares):
    """Members and the list step itself fail before they succeed."""

    @step(retry_policy=Again(), num_workers=2)
    async def work(self, ctx: Context, ev: Task) -> Done:
        ctx.send_event(Done(n=100 + ev.n))
        await asyncio.sleep(0.5)
        if ctx.retry_info().retry_number < ev.n:
            raise ValueError(ev.n)
        return Done(n=ev.n)

    @step(retry_policy=Again())
    async def gather(self, ctx: Context, dones: list[Done]) -> StopEvent:
        await asyncio.sleep(0.5)
        if ctx.retry_info().retry_number < 1:
            raise ValueError("gather")
        return StopEvent(result=numbers(dones))


@SEEDS
def test_scopes_with_retries(seed: int) -> None:
    check_every_moment(Tried, seed, tick=0.4, count=3)


class Asks(Squares):
    """Every member waits for an answer of its own."""

    @step
    async def work(self, ctx: Context, ev: Task) -> Done:
        found = await ctx.wait_for_event(Answer, requirements={"n": ev.n})
        return Done(n=int(found.text))


async def answer_all(handler: Any) -> None:
    for n in (1, 0, 2):
        await asyncio.sleep(1)
        if not handler.is_done():
            await handler.send_event(Answer(text=str(n + 10), n=n))


@SEEDS
def test_scopes_with_open_waits(seed: int) -> None:
    check_every_moment(Asks, seed, tick=0.4, drive=answer_all, count=3)


class Plain(Squares):
    """Sums up in a step that saves its own run."""

    @step
    async def gather(self, ctx: Context, dones: list[Done]) -> StopEvent:
        snapshots.append(saved(ctx))
        return StopEvent(result=sorted(numbers(dones)))


snapshots: list[dict[str, Any]] = []


async def test_a_list_step_may_save_its_own_run() -> None:
    snapshots.clear()
    assert await Plain().run(count=4) == [0, 1, 4, 9]
    assert await finish(Plain(), snapshots[0]) == [0, 1, 4, 9]
    assert len(snapshots) == 2


async def test_what_has_ended_does_not_start_again_after_a_restore() -> None:
    handler = Squares().run(count=3, delays={2: 10})
    await asyncio.sleep(5)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    probe = Probe()
    workflow = Squares()
    assert await workflow.run(ctx=Context.from_dict(workflow, snapshot), hooks=[probe]) == [0, 1, 4]
    assert probe.steps == ["work", "gather"]


def test_ids_after_a_restore_are_those_of_the_uninterrupted_run() -> None:
    def ids(probe: Probe) -> set[tuple[str, int]]:
        return {(record.step, record.id) for record in probe.of(StepStarted)}

    async def main() -> None:
        whole, first, second = Probe(), Probe(), Probe()
        delays = {1: 2, 3: 5}
        await Squares().run(count=4, delays=delays, hooks=[whole])
        handler = Squares().run(count=4, delays=delays, hooks=[first])
        await asyncio.sleep(1)
        snapshot = saved(handler.ctx)
        await handler.cancel_run()
        workflow = Squares()
        await workflow.run(ctx=Context.from_dict(workflow, snapshot), hooks=[second])
        assert ids(first) | ids(second) == ids(whole)

    for seed in range(4):
        simulated(main(), seed)


class Rest(Event):
    """Nothing more to do for a while."""


class Busy(Workflow):
    """Has had thirty scopes, each with halves that found no partner, when it rests."""

    @step
    async def split(self, ev: StartEvent | Round) -> list[Task | Left | Right] | Rest:
        n = ev.n if isinstance(ev, Round) else 0
        return Rest() if n == 30 else [*(Task(n=n) for _ in range(10)), Left(), Left(), Right()]

    @step
    async def join(self, left: Left, right: Right) -> Task:
        return Task(n=-1)

    @step
    async def gather(self, tasks: list[Task]) -> Round:
        assert len(tasks) == 11
        return Round(n=max(numbers(tasks)) + 1)

    @step
    async def rest(self, ev: Rest) -> StopEvent:
        await asyncio.sleep(10)
        return StopEvent()


async def test_a_snapshot_costs_what_is_alive_and_not_what_has_been() -> None:
    handler = Busy().run()
    await asyncio.sleep(5)
    assert len(json.dumps(saved(handler.ctx))) < 1000
    await handler
