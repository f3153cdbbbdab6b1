"""Hundreds of seeded schedules of one flow with everything that scopes, retries and error handlers can do at once.

What an item does is fixed by its number, so the outcome is known; what changes from seed to seed is how long everything
takes. The runs are saved at random moments and finished by a fresh workflow: the outcome stays the same.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.fans import Done, Round, Task, Total, numbers
from tests.flows import Left, Right
from tests.moments import Album, Snapshot, simulated
from wfkit import Context, Event, StartEvent, StepFailedEvent, StopEvent, Workflow, catch_error, step
from wfkit.records import EventSent, StepCancelled, StepFailed, StepFinished, StepStarted
from wfkit.testing import Probe

GROUPS, ROUNDS = 6, 2


class Group(Event):
    n: int


class Part(Event):
    n: int


class Crumb(Event):
    n: int


class Flaky(Exception):
    """An attempt failed."""


class Again:
    """Three attempts, after no delay and after half a second."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return [0, 0.5, None][attempts - 1]


class Everything(Workflow):
    """Item 10g + k of group g behaves as k says."""

    def __init__(self, seed: int) -> None:
        super().__init__(timeout=None)
        self.dice = random.Random(seed)

    async def delay(self) -> None:
        seconds = self.dice.choice([None, None, 0, 0, 0.1, 0.5, 1])
        if seconds is not None:
            await asyncio.sleep(seconds)

    @step
    async def begin(self, ev: StartEvent | Round) -> list[Group]:
        await self.delay()
        return [Group(n=n) for n in range(GROUPS)]

    @step(num_workers=3)
    async def split(self, ev: Group) -> list[Task] | None:
        await self.delay()
        return None if ev.n == 1 else [Task(n=10 * ev.n + k) for k in range(2 * ev.n)]

    @step(num_workers=3, retry_policy=Again())
    async def work(self, ctx: Context, ev: Task) -> list[Part] | Task | Done | Left | Right | None:
        await self.delay()
        kind, number = ev.n % 10, ctx.retry_info().retry_number
        if (kind == 1 and number < 2) or kind in (2, 3):
            raise Flaky(f"{ev.n}, retry {number}")
        if kind in (5, 6):
            ctx.send_event(Left(n=ev.n))
            await self.delay()
            if number < kind - 5:
                raise Flaky(ev.n)
            ctx.send_event(Right(n=1000 * ev.n))
            await self.delay()
            return None
        if kind == 7:
            return [Part(n=ev.n + n) for n in range(3)]
        if kind == 8 and ev.get("turns", 0) < 3:
            return Task(n=ev.n, turns=ev.get("turns", 0) + 1)
        return None if kind == 4 else Done(n=ev.n)

    @catch_error(for_steps=["work"], max_recoveries=ROUNDS)
    async def help_work(self, ev: StepFailedEvent) -> Done | None:
        await self.delay()
        assert (ev.attempts, isinstance(ev.exception, Exception)) == (3, True)
        n = ev.input_event["n"]
        return Done(n=n + 500) if n % 10 == 2 else None

    @step(num_workers=2)
    async def join(self, left: Left, right: Right) -> Done:
        await self.delay()
        return Done(n=left.n + right.n)

    @step
    async def crumble(self, ev: Part) -> Crumb | None:
        await self.delay()
        return Crumb(n=ev.n) if ev.n % 10 != 8 else None

    @step(retry_policy=Again())
    async def crumbs(self, ctx: Context, crumbs: list[Crumb]) -> Done:
        await self.delay()
        if ctx.retry_info().retry_number < 1:
            raise Flaky
        return Done(n=sum(numbers(crumbs)))

    @step(num_workers=1, retry_policy=Again())
    async def gather(self, dones: list[Done]) -> Total:
        await self.delay()
        found = sorted(numbers(dones))
        if len(found) > 6:
            raise Flaky("too many")
        return Total(n=sum(found), size=len(found))

    @catch_error(for_steps=["gather"], max_recoveries=ROUNDS)
    async def help_gather(self, ev: StepFailedEvent) -> Total:
        await self.delay()
        return Total(n=-sum(numbers(ev.input_event["events"])), size=0)

    @step
    async def together(self, ctx: Context, totals: list[Total]) -> Round | StopEvent:
        await self.delay()
        found = sorted([total.n, total.size] for total in totals)
        rounds = [*await ctx.store.get("rounds", []), found]
        if len(rounds) == ROUNDS:
            return StopEvent(result=rounds)
        await ctx.store.set("rounds", rounds)
        return Round(n=len(rounds))


def done_by(n: int) -> list[int]:
    """Return the numbers that an item adds to what its group gathers; the two of a pair count as one."""
    by_kind = {2: [n + 500], 3: [], 4: [], 5: [n, 1000 * n], 6: [n, 1000 * n], 7: [2 * n + 2]}
    return by_kind.get(n % 10, [n])


def expected() -> list[Any]:
    groups = []
    for group in range(GROUPS):
        if group == 1:
            continue
        items = range(10 * group, 12 * group)
        total = sum(sum(done_by(n)) for n in items)
        size = sum(min(1, len(done_by(n))) for n in items)
        groups.append([-total, 0] if size > 6 else [total, size])
    return [sorted(groups)] * ROUNDS


def check_records(probe: Probe) -> None:
    """Every attempt ends once, and no delivery of one kind comes twice from one send."""
    open_attempts: set[int] = set()
    seen: set[tuple[int, int]] = set()
    for record in probe.records:
        if isinstance(record, StepStarted):
            assert record.id not in open_attempts
            assert (record.id, record.attempt) not in seen
            open_attempts.add(record.id)
            seen.add((record.id, record.attempt))
        elif isinstance(record, (StepFinished, StepFailed, StepCancelled)):
            open_attempts.remove(record.id)
    assert open_attempts == set()
    sent = [(record.parent, record.n) for record in probe.of(EventSent)]
    assert len(sent) == len(set(sent))


async def play(seed: int, hooks: list[Any], snapshot: Snapshot | None = None) -> Any:
    workflow, probe = Everything(seed), Probe()
    context: Context[Any] | None = None if snapshot is None else Context.from_dict(workflow, snapshot)
    handler = workflow.run(ctx=context, hooks=[probe, *hooks])
    for hook in hooks:
        hook.context = handler.ctx
    result = await handler
    check_records(probe)
    return result


@pytest.mark.parametrize("seeds", [range(start, start + 25) for start in range(0, 100, 25)], ids=str)
def test_the_outcome_is_the_same_on_every_schedule(seeds: range) -> None:
    for seed in seeds:
        assert simulated(play(seed, []), seed) == expected()


@pytest.mark.parametrize("seeds", [range(start, start + 2) for start in range(0, 8, 2)], ids=str)
def test_the_outcome_is_the_same_from_every_snapshot(seeds: range) -> None:
    for seed in seeds:
        album, dice = Album(), random.Random(seed)
        simulated(play(seed, [album]), seed)
        assert album.trouble is None
        assert len(album.pictures) > 100
        for snapshot in dice.sample(list(album.pictures.values()), 12):
            assert simulated(play(seed + 1, [], snapshot), seed + 1) == expected()


def test_the_outcome_is_the_same_through_a_chain_of_snapshots() -> None:
    snapshot, dice = None, random.Random(3)
    for link in range(5):
        album = Album()
        assert simulated(play(link, [album], snapshot), link) == expected()
        pictures = list(album.pictures.values())
        snapshot = pictures[dice.randrange(len(pictures) // 3)]
