"""Faults that workflow engines have had, 3 and 4: events that a step collects. Here they work."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from tests.flows import Item, Left, Middle, Result, Right
from tests.schedules import every_schedule
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, step

# -- 3: bodies of steps that collect ----------------------------------------------------------------------------------


class Collector(Workflow):
    """Eight events reach a step that thinks before and after it collects; `seconds` says how long about each."""

    def __init__(self) -> None:
        super().__init__(timeout=1000)
        self.bodies: Counter[int] = Counter()

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n, seconds in enumerate(ev.seconds):
            ctx.send_event(Item(n=n, seconds=seconds))
        return None

    @step
    async def gather(self, ctx: Context, ev: Item) -> StopEvent | None:
        self.bodies[ev.n] += 1
        await asyncio.sleep(ev.seconds)
        found = ctx.collect_events(ev, [Item] * 8)
        await asyncio.sleep(ev.seconds)
        return StopEvent(result=sorted(event["n"] for event in found)) if found else None


class OneByOne(Collector):
    """The same with one worker."""

    @step(num_workers=1)
    async def gather(self, ctx: Context, ev: Item) -> StopEvent | None:
        return await super().gather(ctx, ev)


class SyncCollector(Collector):
    """The same in threads."""

    @step
    def gather(self, ctx: Context, ev: Item) -> StopEvent | None:  # type: ignore[override]  # a plain step
        here: Any = ctx
        self.bodies[ev.n] += 1
        if ev.seconds:
            with suppress(TimeoutError):
                here.wait_for_event(Middle, timeout=ev.seconds)
        found = ctx.collect_events(ev, [Item] * 8)
        return StopEvent(result=sorted(event["n"] for event in found)) if found else None


PACES = {
    "at once": [0] * 8,
    "together": [1] * 8,
    "one after the other": list(range(8)),
    "last comes first": list(range(8, 0, -1)),
    "mixed": [3, 0, 2, 2, 0, 5, 1, 3],
}


@pytest.mark.parametrize(
    ("kind", "pace"),
    [*itertools.product([Collector, OneByOne], PACES), (SyncCollector, "at once"), (SyncCollector, "mixed")],
)
@every_schedule
async def test_defect_03_a_body_that_thinks_before_it_collects_runs_once(kind: type[Collector], pace: str) -> None:
    flow = kind()
    assert await flow.run(seconds=PACES[pace]) == list(range(8))
    assert flow.bodies == Counter(range(8))


@every_schedule
async def test_defect_03b_also_in_runs_at_once_and_on_a_context_used_again() -> None:
    flow = Collector()
    ctx: Context[Any] = Context(flow)
    await asyncio.gather(flow.run(ctx=ctx, seconds=PACES["mixed"]), *(flow.run(seconds=PACES[each]) for each in PACES))
    await flow.run(ctx=ctx, seconds=PACES["mixed"])
    assert flow.bodies == {n: len(PACES) + 2 for n in range(8)}


# -- 4: more events than a set needs ----------------------------------------------------------------------------------


class Pairs(Workflow):
    """Sends what `order` says, `a` for a Left and `b` for a Right, and lists the pairs that come of it."""

    wanted: tuple[type[Event], ...] = (Left, Right)

    def __init__(self) -> None:
        super().__init__(timeout=100)

    @step
    async def send(self, ctx: Context, ev: StartEvent) -> Left | Right | None:
        await ctx.store.set("pairs", [])
        for n, kind in enumerate(ev.order):
            ctx.send_event((Left if kind == "a" else Right)(n=n, left=len(ev.order)))
        return None

    @step
    async def pair(self, ctx: Context, ev: Left | Right) -> Result | None:
        found = ctx.collect_events(ev, list(self.wanted))
        return Result(n=0, pair=[event["n"] for event in found]) if found else None

    @step
    async def count(self, ctx: Context, ev: Result) -> StopEvent | None:
        pairs = [*await ctx.store.get("pairs"), ev.pair]
        await ctx.store.set("pairs", pairs)
        return StopEvent(result=pairs) if len(pairs) == 3 else None


class SyncPairs(Pairs):
    """The same with a plain step that pairs, one worker for it so that the order is that of the sending."""

    @step(num_workers=1)
    def pair(self, ctx: Context, ev: Left | Right) -> Result | None:  # type: ignore[override]  # a plain step
        found = ctx.collect_events(ev, list(self.wanted))
        return Result(n=0, pair=[event["n"] for event in found]) if found else None


ORDERS = sorted({"".join(order) for order in itertools.permutations("aaabbb")})


@pytest.mark.parametrize("kind", [Pairs, SyncPairs])
@every_schedule
async def test_defect_04_surplus_events_wait_for_the_next_set(kind: type[Pairs]) -> None:
    for order in ORDERS if kind is Pairs else ORDERS[::5]:
        lefts = [n for n, which in enumerate(order) if which == "a"]
        rights = [n for n, which in enumerate(order) if which == "b"]
        assert await kind().run(order=order) == [list(pair) for pair in zip(lefts, rights, strict=True)]


@every_schedule
async def test_defect_04b_also_when_a_type_is_wanted_twice() -> None:
    class Triples(Pairs):
        wanted = (Left, Right, Left)

    for order in ("aaaaaabbb", "bbbaaaaaa", "aabaabaab", "bababaaaa"):
        lefts = [n for n, which in enumerate(order) if which == "a"]
        rights = [n for n, which in enumerate(order) if which == "b"]
        expected = [[lefts[2 * n], rights[n], lefts[2 * n + 1]] for n in range(3)]
        assert await Triples().run(order=order) == expected


@every_schedule
async def test_defect_04c_surplus_events_survive_a_snapshot() -> None:
    class Slowly(Pairs):
        @step(num_workers=1)
        async def pair(self, ctx: Context, ev: Left | Right) -> Result | None:
            await asyncio.sleep(1)
            found = ctx.collect_events(ev, [Left, Right])
            return Result(n=0, pair=[event["n"] for event in found]) if found else None

    for moment in (0.5, 1.5, 2.5, 3.5, 4.5):
        flow = Slowly()
        handler = flow.run(order="aaabbb")
        await asyncio.sleep(moment)
        snapshot = json.loads(json.dumps(handler.ctx.to_dict()))
        await handler.cancel_run()
        assert await flow.run(ctx=Context.from_dict(flow, snapshot)) == [[0, 3], [1, 4], [2, 5]]


@every_schedule
async def test_defect_04d_a_run_gets_nothing_of_what_others_have_too_much() -> None:
    flow = Pairs()
    results = await asyncio.gather(*(flow.run(order=order) for order in ("aaabbb", "bbbaaa", "ababab", "aaabbb")))
    assert [sum(pair[0] for pair in pairs) for pairs in results] == [3, 12, 6, 3]


@every_schedule
async def test_defect_04e_what_one_run_had_too_much_is_not_in_the_next() -> None:
    flow = Pairs()
    ctx: Context[Any] = Context(flow)
    for order in ("aaaaaaabbb", "bbbbbbaaa", "abaababb"):
        assert await flow.run(ctx=ctx, order=order) == await Pairs().run(order=order)
