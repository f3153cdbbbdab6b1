"""A thousand seeded schedules of one workflow that does everything at once.

A loop of rounds; each round fans items out to steps that take their time, wait for a nudge, fail and are tried again;
a join gathers them. Some runs are cancelled, some end early by a race to the stop. Whatever happens, the records must
add up.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from wfkit import Context, Event, StartEvent, StopEvent, Workflow, WorkflowCancelledByUser, step
from wfkit.records import (
    EventsCollected,
    EventSent,
    Record,
    RunEnded,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepStarted,
)
from wfkit.testing import Probe, Simulation, simulate

ROUNDS, ITEMS = 2, 6


class Round(Event):
    number: int


class Task(Event):
    round: int
    item: int


class Outcome(Event):
    round: int
    item: int


class Nudge(Event):
    """Wakes a step that waits."""


class Again:
    """A retry policy: tries again after a random delay, at most twice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return None if attempts == 3 else self.dice.choice([0, 0.5])


class Flaky(Exception):
    """Fails an attempt that may succeed the next time."""


@dataclass
class World:
    """What a run was meant to do, and what its steps saw."""

    seed: int
    dice: random.Random = field(init=False)
    bodies: Counter[tuple[int, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    async def delay(self) -> None:
        seconds = self.dice.choice([None, 0, 0.1, 1, 2])
        if seconds is not None:
            await asyncio.sleep(seconds)


async def wait_for_a_nudge(ctx: Context, seconds: float) -> None:
    """Wait within the step, or give the wait up from outside of it."""
    with suppress(TimeoutError):
        if seconds < 1:
            await asyncio.wait_for(ctx.wait_for_event(Nudge), seconds)
        else:
            await ctx.wait_for_event(Nudge, timeout=seconds)


def flow_of(world: World) -> Workflow:
    """Return the workflow that behaves as the world's dice say."""

    class Everything(Workflow):
        @step
        async def begin(self, ev: StartEvent | Round) -> Task | None:
            number = ev.number if isinstance(ev, Round) else 0
            ctx = Context.get_step_context()
            for item in range(ITEMS):
                if world.dice.random() < 0.2:
                    await world.delay()
                ctx.send_event(Task(round=number, item=item))
            return None

        @step(num_workers=2, retry_policy=Again(world.dice))
        async def work(self, ctx: Context, ev: Task) -> Outcome | StopEvent:
            await world.delay()
            world.bodies[ev.round, ev.item] += 1
            if world.dice.random() < 0.1:
                await wait_for_a_nudge(ctx, world.dice.choice([0.5, 5]))
            if world.dice.random() < 0.2:
                raise Flaky(f"item {ev.item} of round {ev.round}")
            if world.dice.random() < 0.01:
                return StopEvent(result="shortcut")
            return Outcome(round=ev.round, item=ev.item)

        @step
        async def join(self, ctx: Context, ev: Outcome) -> Round | StopEvent | None:
            await world.delay()
            if world.dice.random() < 0.1:
                ctx.send_event(Nudge())
            found = ctx.collect_events(ev, [Outcome] * ITEMS, buffer_id=str(ev.round))
            if found is None:
                return None
            await world.delay()
            assert sorted(event["item"] for event in found) == list(range(ITEMS))
            return Round(number=ev.round + 1) if ev.round + 1 < ROUNDS else StopEvent(result="through")

    return Everything(timeout=None)


async def program(world: World, probe: Probe) -> str:
    """Run the workflow; cancel it somewhere on the way for one seed in five."""
    handler = flow_of(world).run(hooks=[probe])
    if world.seed % 5 == 0:
        await asyncio.sleep(world.dice.uniform(0, 8))
        await handler.cancel_run()
    try:
        result: str = await handler
    except WorkflowCancelledByUser:
        result = "cancelled"
    except Flaky:
        result = "failed"
    for _ in range(3):
        await asyncio.sleep(0)
    return result


def play(seed: int) -> tuple[World, Probe, Simulation]:
    """Simulate one run on one schedule."""
    world, probe = World(seed), Probe()
    return world, probe, simulate(program(world, probe), seed)


# -- what must hold ---------------------------------------------------------------------------------------------------


def check_ends(records: tuple[Record, ...], result: str) -> None:
    """The run begins and ends once, and its result is that of the first StopEvent."""
    assert [type(records[0]), type(records[-1])] == [RunStarted, RunEnded]
    assert Counter(type(record) for record in records)[RunEnded] == 1
    returned = [record.event for record in records if isinstance(record, StepFinished)]
    stops = [event for event in returned if isinstance(event, StopEvent)]
    end = records[-1]
    assert isinstance(end, RunEnded)
    assert end.outcome == {"cancelled": "cancelled", "failed": "failed"}.get(result, "done")
    if end.outcome == "done":
        assert end.event is stops[0]
        assert result == stops[0].result


def check_attempts(records: tuple[Record, ...]) -> None:
    """Every attempt that started has ended in exactly one way, and no attempt started twice."""
    open_attempts: dict[int, str] = {}
    tried: Counter[int] = Counter()
    for record in records:
        if isinstance(record, StepStarted):
            assert record.id not in open_attempts
            tried[record.id] += 1
            assert record.attempt == tried[record.id]
            open_attempts[record.id] = record.step
        elif isinstance(record, (StepFinished, StepFailed, StepCancelled)):
            assert open_attempts.pop(record.id) == record.step
    assert open_attempts == {}


def check_causality(records: tuple[Record, ...]) -> None:
    """Every delivery comes from one event that was sent, and is worked on once; every sender had started."""
    sent = {(record.parent, record.n): record for record in records if isinstance(record, EventSent)}
    assert len(sent) == sum(isinstance(record, EventSent) for record in records)
    delivered: Counter[tuple[int, int, str]] = Counter()
    senders = {0}
    for record in records:
        if isinstance(record, StepStarted):
            source = sent[record.parent, record.n]
            assert record.step in source.targets
            assert record.event is source.event
            delivered[record.parent, record.n, record.step] += record.attempt == 1
            senders.add(record.id)
        elif isinstance(record, EventSent) and record.parent not in senders:
            assert isinstance(record.event, (Round, StopEvent)), "only what follows a join has a set for a parent"
    assert set(delivered.values()) <= {1}


def check_collecting(records: tuple[Record, ...]) -> None:
    """No delivery is in two sets, and each set is complete."""
    sets = [record.ids for record in records if isinstance(record, EventsCollected)]
    members = [id for ids in sets for id in ids]
    assert {len(ids) for ids in sets} <= {ITEMS}
    assert len(members) == len(set(members))


def check_consumption(world: World, records: tuple[Record, ...], result: str) -> None:
    """Every body ran once for each attempt; a run that went through has left nothing undone."""
    if result != "through":
        return
    finished = Counter(record.step for record in records if isinstance(record, StepFinished))
    assert finished == {"begin": ROUNDS, "work": ROUNDS * ITEMS, "join": ROUNDS * ITEMS}
    failed = sum(isinstance(record, StepFailed) for record in records)
    assert sum(world.bodies.values()) == ROUNDS * ITEMS + failed


def check(world: World, probe: Probe, outcome: Simulation) -> None:
    records = probe.records
    assert outcome.left == []
    check_ends(records, outcome.result)
    check_attempts(records)
    check_causality(records)
    check_collecting(records)
    check_consumption(world, records, outcome.result)


# -- the tests --------------------------------------------------------------------------------------------------------

BLOCKS = [range(start, start + 250) for start in range(0, 1_000, 250)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
def test_the_books_balance_on_every_schedule(seeds: range) -> None:
    results: Counter[Any] = Counter()
    for seed in seeds:
        world, probe, outcome = play(seed)
        try:
            check(world, probe, outcome)
        except AssertionError as error:
            error.add_note(f"with seed {seed}, which ended {outcome.result}")
            raise
        results[outcome.result] += 1

    assert set(results) == {"through", "shortcut", "cancelled", "failed"}, "the dice show every kind of end"


def test_a_seed_repeats_the_same_run() -> None:
    first, second = play(7), play(7)

    assert [type(record).__name__ for record in first[1].records] == [
        type(record).__name__ for record in second[1].records
    ]
    assert first[2].seconds == second[2].seconds


def steady_ids(seed: int) -> dict[tuple[str, Any], int]:
    """Return the delivery ids of a run whose own behaviour is always the same, on the schedule of a seed."""

    class Steady(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Task | None:
            for item in range(ITEMS):
                ctx.send_event(Task(round=0, item=item))
                await asyncio.sleep(0)
            return None

        @step
        async def work(self, ev: Task) -> Outcome:
            await asyncio.sleep(random.Random(f"{seed} {ev.item}").random())
            return Outcome(round=0, item=ev.item)

        @step
        async def join(self, ctx: Context, ev: Outcome) -> Round | None:
            return Round(number=1) if ctx.collect_events(ev, [Outcome] * ITEMS) else None

        @step
        async def end(self, ev: Round) -> StopEvent:
            return StopEvent()

    probe = Probe()

    async def program() -> None:
        await Steady().run(hooks=[probe])

    simulate(program(), seed)
    return {(record.step, record.event.get("item")): record.id for record in probe.of(StepStarted)}


def test_the_same_run_has_the_same_ids_on_every_schedule() -> None:
    first = steady_ids(0)

    assert len(first) == 2 + 2 * ITEMS
    assert all(steady_ids(seed) == first for seed in range(1, 30))
