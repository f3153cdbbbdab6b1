"""`ctx.collect_events`: gathering events of several kinds, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.flows import Item, Join
from wfkit import Context, ContextStateError, Event, StartEvent, StopEvent, Workflow, step
from wfkit.records import EventBuffered, EventsCollected, StepStarted
from wfkit.testing import Probe, simulate


class A(Event):
    n: int


class B(Event):
    n: int


class SubA(A):
    """More than an A."""


Sets = list[list[str] | None]


def names(events: Sequence[Event] | None) -> list[str] | None:
    return None if events is None else [f"{type(event).__name__}{event['n']}" for event in events]


async def collected(arrivals: Sequence[Event], collect: Callable[[Context, Event], list[Event] | None]) -> Sets:
    """Let events arrive one after the other; return what each call of `collect` gave."""
    sets: Sets = []

    class Flow(Workflow):
        @step
        async def send(self, ctx: Context, ev: StartEvent) -> A | B | SubA | None:
            for event in arrivals:
                ctx.send_event(event)
            return None

        @step(num_workers=1)
        async def gather(self, ctx: Context, ev: A | B | SubA) -> StopEvent | None:
            await asyncio.sleep(0)
            sets.append(names(collect(ctx, ev)))
            return StopEvent() if len(sets) == len(arrivals) else None

    await Flow(timeout=10).run()
    return sets


async def test_a_set_comes_in_the_order_asked_for() -> None:
    assert await collected([B(n=1), A(n=2)], lambda ctx, ev: ctx.collect_events(ev, [A, B])) == [None, ["A2", "B1"]]


async def test_the_same_type_may_be_wanted_several_times() -> None:
    arrivals = [A(n=1), B(n=2), A(n=3)]

    assert await collected(arrivals, lambda ctx, ev: ctx.collect_events(ev, [A, B, A])) == [
        None,
        None,
        ["A1", "B2", "A3"],
    ]


async def test_batches_follow_each_other() -> None:
    arrivals = [A(n=n) for n in range(5)]

    assert await collected(arrivals, lambda ctx, ev: ctx.collect_events(ev, [A, A])) == [
        None,
        ["A0", "A1"],
        None,
        ["A2", "A3"],
        None,
    ]


async def test_surplus_stays_for_the_next_set_first_in_first_out() -> None:
    arrivals = [A(n=1), A(n=2), B(n=3), B(n=4)]

    assert await collected(arrivals, lambda ctx, ev: ctx.collect_events(ev, [A, B])) == [
        None,
        None,
        ["A1", "B3"],
        ["A2", "B4"],
    ]


async def test_an_event_that_is_not_expected_is_left_alone() -> None:
    arrivals = [B(n=1), A(n=2), B(n=3), A(n=4)]

    assert await collected(arrivals, lambda ctx, ev: ctx.collect_events(ev, [A, A])) == [None, None, None, ["A2", "A4"]]


async def test_a_subclass_is_another_type() -> None:
    arrivals = [SubA(n=1), A(n=2)]

    assert await collected(arrivals, lambda ctx, ev: ctx.collect_events(ev, [A])) == [None, ["A2"]]


async def test_nothing_expected_is_complete_at_once() -> None:
    assert await collected([A(n=1)], lambda ctx, ev: ctx.collect_events(ev, [])) == [[]]


async def test_a_buffer_id_keeps_collections_apart() -> None:
    arrivals = [A(n=1), A(n=2), A(n=3), A(n=4)]

    def odd_and_even(ctx: Context, ev: Event) -> list[Event] | None:
        return ctx.collect_events(ev, [A, A], buffer_id=("even", "odd")[ev["n"] % 2])

    assert await collected(arrivals, odd_and_even) == [None, None, ["A1", "A3"], ["A2", "A4"]]


async def test_two_steps_do_not_share_a_buffer() -> None:
    class Flow(Workflow):
        @step
        async def send(self, ctx: Context, ev: StartEvent) -> A | None:
            ctx.send_event(A(n=1))
            ctx.send_event(A(n=2))
            return None

        @step
        async def one(self, ctx: Context, ev: A) -> None:
            sets["one"].append(names(ctx.collect_events(ev, [A, A])))

        @step
        async def two(self, ctx: Context, ev: A) -> StopEvent | None:
            sets["two"].append(names(ctx.collect_events(ev, [A, A])))
            return StopEvent() if len(sets["two"]) == 2 else None

    sets: dict[str, Sets] = {"one": [], "two": []}
    await Flow().run()

    assert sets == {"one": [None, ["A1", "A2"]], "two": [None, ["A1", "A2"]]}


async def test_every_body_runs_once_however_long_it_thinks_before_it_collects(probe: Probe) -> None:
    class Flow(Workflow):
        @step
        async def send(self, ctx: Context, ev: StartEvent) -> A | None:
            for n in range(20):
                ctx.send_event(A(n=n))
            return None

        @step
        async def gather(self, ctx: Context, ev: A) -> StopEvent | None:
            await asyncio.sleep(20 - ev.n)
            found = ctx.collect_events(ev, [A] * 20)
            await asyncio.sleep(1)
            return None if found is None else StopEvent(result=names(found))

    result = await Flow(timeout=None).run(hooks=[probe])

    assert sorted(result) == sorted(f"A{n}" for n in range(20))
    assert probe.steps.count("gather") == 20


async def test_a_new_run_begins_with_empty_buffers() -> None:
    workflow = Join()
    ctx = Context(workflow)

    assert [await workflow.run(ctx=ctx) for _ in range(2)] == [["Right", "Left"]] * 2


async def test_buffers_of_a_cancelled_run_are_gone() -> None:
    class Flow(Workflow):
        @step
        async def gather(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            found = ctx.collect_events(ev, [StartEvent, StartEvent])
            if found is None and ev.again:
                ctx.send_event(StartEvent(again=False, n=ev.n))
            return None if found is None else StopEvent(result=[event["n"] for event in found])

    workflow = Flow(skip_graph_checks={"terminal_event"}, timeout=None)
    ctx = Context(workflow)
    first = workflow.run(ctx=ctx, again=False, n=1)
    await asyncio.sleep(0.5)
    await first.cancel_run()

    assert await workflow.run(ctx=ctx, again=True, n=2) == [2, 2]


async def test_outside_a_step_there_is_nothing_to_collect() -> None:
    with pytest.raises(ContextStateError, match="collect_events is only available from within step functions"):
        Context(Join()).collect_events(A(n=1), [A])


# -- records and lineage ----------------------------------------------------------------------------------------------


async def test_the_records_tell_what_was_put_aside_and_what_was_taken(probe: Probe) -> None:
    await Join().run(hooks=[probe])

    (buffered,), (taken,) = probe.of(EventBuffered), probe.of(EventsCollected)
    brought = {type(record.event).__name__: record.id for record in probe.of(StepStarted) if record.step == "together"}
    assert (buffered.step, buffered.buffer_id, buffered.id) == ("together", "default", brought["Left"])
    assert taken.ids == (brought["Right"], brought["Left"])


class Race(Workflow):
    """Two branches of random length meet; a last step follows the join."""

    @step
    async def left(self, ev: StartEvent) -> A:
        await asyncio.sleep(ev.left)
        return A(n=1)

    @step
    async def right(self, ev: StartEvent) -> B:
        await asyncio.sleep(ev.right)
        return B(n=2)

    @step
    async def together(self, ctx: Context, ev: A | B) -> SubA | None:
        return SubA(n=3) if ctx.collect_events(ev, [A, B]) else None

    @step
    async def last(self, ev: SubA) -> StopEvent:
        return StopEvent()


def ids_of(left: float, right: float) -> dict[str, Any]:
    probe = Probe()
    simulate(_run(Race().run, probe, left=left, right=right))
    return {record.step: record.id for record in probe.of(StepStarted) if record.step == "last"}


async def _run(run: Callable[..., Any], probe: Probe, **options: float) -> None:
    await run(hooks=[probe], **options)


def test_what_follows_a_join_has_the_same_id_whoever_came_last() -> None:
    assert ids_of(left=1, right=2) == ids_of(left=2, right=1)


async def test_a_step_that_takes_subclasses_collects_them() -> None:
    class Special(Item):
        """A kind of Item."""

    class Flow(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Item | None:
            ctx.send_event(Special(n=1))
            ctx.send_event(Item(n=2))
            return None

        @step(accept_event_subclasses=True)
        async def gather(self, ctx: Context, ev: Item) -> StopEvent | None:
            both = ctx.collect_events(ev, [Item, Item])
            return None if both is None else StopEvent(result=[event.n for event in both])

    assert await Flow().run() == [1, 2]
