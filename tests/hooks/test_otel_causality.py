"""Spans: who descends from whom, what is linked to what, and how little is kept to know it."""

from __future__ import annotations

import asyncio
import gc
from typing import Annotated

import pytest
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.trace import SpanContext

from tests.flows import Answer, Ask, Fan, Item, Join, Line, Loop, Middle, Result
from tests.traces import Round, Traces, key, linked
from wfkit import (
    Collect,
    Context,
    StartEvent,
    StopEvent,
    Take,
    Workflow,
    step,
)
from wfkit.hooks.otel import OpenTelemetry


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let little be remembered of what has ended, so that a short test shows what a long run needs."""
    monkeypatch.setattr("wfkit.hooks.otel.ENDED_LIMIT", 20)


class Once:
    """Tries again after ten seconds."""

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float | None:
        return 10.0 if attempts < 2 else None


# -- causality -------------------------------------------------------------------------------------------------------


async def test_a_loop_is_a_chain(traces: Traces) -> None:
    await Loop(hooks=[traces.hook]).run(times=3)
    chain = [traces.one("begin"), *traces.all("turn")]
    assert [key(span.parent) for span in chain[1:]] == [key(span.context) for span in chain[:-1]]
    assert len(chain) == 5


async def test_the_parent_has_ended_before_its_child_begins(traces: Traces) -> None:
    await Line(hooks=[traces.hook]).run()
    first, second = traces.one("first"), traces.one("second")
    assert first.end_time is not None
    assert second.start_time is not None
    assert first.end_time <= second.start_time


async def test_each_of_a_fan_descends_from_its_own_sender(traces: Traces) -> None:
    await Fan(hooks=[traces.hook]).run(count=20)
    split = traces.one("split")
    squares = {key(span.context): span for span in traces.all("square")}
    tallies = traces.all("tally")
    assert {key(square.parent) for square in squares.values()} == {key(split.context)}
    assert len({key(tally.parent) for tally in tallies}) == 20
    assert {key(tally.parent) for tally in tallies} == set(squares)


async def test_what_completes_a_set_is_linked_to_the_others_of_it(traces: Traces) -> None:
    await Fan(hooks=[traces.hook]).run(count=4)
    tallies = traces.all("tally")
    assert [linked(tally) for tally in tallies[:3]] == [[], [], []]
    assert set(linked(tallies[3])) == {key(tally.context) for tally in tallies[:3]}


@pytest.mark.usefixtures("forgetful")
async def test_an_event_put_aside_long_ago_is_still_linked(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Middle | Round | None:
            ctx.send_event(Middle(text="early"))
            ctx.send_event(Round(n=0))
            return None

        @step
        async def turn(self, ctx: Context, ev: Round) -> Round | Middle:
            return Middle(text="late") if ev.n == 100 else Round(n=ev.n + 1)

        @step
        async def both(self, ctx: Context, ev: Middle) -> StopEvent | None:
            return None if ctx.collect_events(ev, [Middle, Middle]) is None else StopEvent()

    await Flow(hooks=[traces.hook], timeout=None).run()
    early, late = traces.all("both")
    assert linked(late) == [key(early.context)]


async def test_what_a_completed_set_sends_descends_from_the_step_that_completed_it(traces: Traces) -> None:
    class Longer(Workflow):
        @step
        async def two(self, ctx: Context, ev: StartEvent) -> Middle:
            ctx.send_event(Middle(text="a"))
            return Middle(text="b")

        @step
        async def both(self, ctx: Context, ev: Middle) -> Round | None:
            if ctx.collect_events(ev, [Middle, Middle]) is None:
                return None
            ctx.send_event(Round(n=0))
            return Round(n=1)

        @step
        async def last(self, ctx: Context, ev: Round) -> StopEvent | None:
            return None if ctx.collect_events(ev, [Round, Round]) is None else StopEvent()

    await Longer(hooks=[traces.hook]).run()
    completing = traces.all("both")[1]
    assert {key(last.parent) for last in traces.all("last")} == {key(completing.context)}


@pytest.mark.usefixtures("forgetful")
async def test_more_events_than_are_remembered_may_queue(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Round | None:
            for n in range(100):
                ctx.send_event(Round(n=n))
            return None

        @step(num_workers=100)
        async def relay(self, ctx: Context, ev: Round) -> Middle:
            await asyncio.sleep(1)
            return Middle(text=str(ev.n))

        @step(num_workers=1)
        async def slow(self, ctx: Context, ev: Middle) -> StopEvent | None:
            await asyncio.sleep(1)
            return None if ctx.collect_events(ev, [Middle] * 100) is None else StopEvent()

    await Flow(hooks=[traces.hook], timeout=None).run()
    relays = {key(span.context) for span in traces.all("relay")}
    assert len(relays) == 100
    assert {key(span.parent) for span in traces.all("slow")} == relays


async def test_an_event_for_two_steps_is_the_origin_of_both(traces: Traces) -> None:
    await Join(hooks=[traces.hook]).run()
    parents = {span.name: traces.above(span) for span in traces.spans if span.name != "together"}
    assert parents == {"Join": None, "left": "Join", "right": "Join"}
    assert {traces.above(span) for span in traces.all("together")} == {"left", "right"}


async def test_one_event_object_sent_by_two_steps_has_two_origins(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def a(self, ev: StartEvent) -> Middle:
            return Middle(text="x")

        @step
        async def b(self, ev: Middle) -> StopEvent | None:
            return None

        @step
        async def c(self, ctx: Context, ev: Middle) -> Round:
            ctx.send_event(ev, step="b")
            return Round(n=1)

        @step
        async def d(self, ev: Round) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent()

    await Flow(hooks=[traces.hook]).run()
    assert sorted(str(traces.above(span)) for span in traces.all("b")) == ["a", "c"]


async def test_an_event_of_a_step_for_two_others_is_the_origin_of_both(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Middle:
            return Middle(text="x")

        @step
        async def one(self, ev: Middle) -> None: ...

        @step
        async def two(self, ev: Middle) -> None: ...

        @step
        async def three(self, ev: Middle) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent()

    await Flow(hooks=[traces.hook]).run()
    assert traces.tree() == {"Flow": None, "begin": "Flow", "one": "begin", "two": "begin", "three": "begin"}


async def test_one_event_object_may_queue_several_times(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def a(self, ctx: Context, ev: StartEvent) -> Round | Middle:
            self.shared = Middle(text="x")
            ctx.send_event(self.shared)
            ctx.send_event(self.shared)
            return Round(n=0)

        @step
        async def c(self, ev: Round) -> Middle:
            return self.shared

        @step(num_workers=1)
        async def b(self, ctx: Context, ev: Middle) -> StopEvent | None:
            await asyncio.sleep(1)
            return None if ctx.collect_events(ev, [Middle] * 3) is None else StopEvent()

    await Flow(hooks=[traces.hook]).run()
    assert [traces.above(span) for span in traces.all("b")] == ["a", "a", "c"]


async def test_an_answer_from_outside_descends_from_the_run(traces: Traces) -> None:
    handler = Ask(hooks=[traces.hook]).run()
    await asyncio.sleep(1)
    await handler.send_event(Answer(text="Ada"))
    assert await handler == "hello Ada"
    assert traces.tree() == {"Ask": None, "ask": "Ask", "greet": "Ask"}


async def test_what_a_task_sends_that_a_step_left_behind_descends_from_that_step(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Round | Middle:
            async def later() -> None:
                await asyncio.sleep(5)
                ctx.send_event(Middle(text="late"))

            self.task = asyncio.create_task(later())
            return Round(n=1)

        @step
        async def idle(self, ev: Round) -> StopEvent | None:
            return None

        @step
        async def end(self, ev: Middle) -> StopEvent:
            return StopEvent()

    await Flow(hooks=[traces.hook]).run()
    assert traces.tree() == {"Flow": None, "begin": "Flow", "idle": "begin", "end": "begin"}


@pytest.mark.usefixtures("forgetful")
async def test_much_may_happen_before_another_attempt(traces: Traces) -> None:
    class Flow(Workflow):
        tries = 0

        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Middle | Round:
            ctx.send_event(Middle(text="a"))
            return Middle(text="b")

        @step(retry_policy=Once())
        async def both(self, ctx: Context, ev: Middle) -> Round | StopEvent | None:
            if ctx.collect_events(ev, [Middle, Middle]) is None:
                return None
            self.tries += 1
            if self.tries == 1:
                ctx.send_event(Round(n=0))
                raise ValueError("once")
            return StopEvent()

        @step
        async def turn(self, ev: Round) -> Round | StopEvent | None:
            return None if ev.n == 100 else Round(n=ev.n + 1)

    await Flow(hooks=[traces.hook], timeout=None).run()
    waiting, failed, done = traces.all("both")
    assert linked(failed) == linked(done) == [key(waiting.context)]
    assert {traces.above(span) for span in (waiting, failed, done)} == {"begin"}
    assert len(traces.all("turn")) == 101


# -- what is kept ----------------------------------------------------------------------------------------------------


def kept() -> int:
    """How many contexts of spans there are in memory."""
    gc.collect()
    return sum(type(thing) in (SpanContext, Span) for thing in gc.get_objects())


@pytest.mark.usefixtures("forgetful")
async def test_a_long_run_keeps_little() -> None:
    counts = []

    class Long(Workflow):
        @step
        async def turn(self, ctx: Context, ev: StartEvent | Round) -> Round | Middle | StopEvent:
            n = ev.get("n", 0)
            if n % 500 == 499:
                counts.append(kept())
            if n == 1500:
                return StopEvent()
            ctx.send_event(Middle(text=""))  # for a step that puts nearly all of them aside, in buffers of pairs
            return Round(n=n + 1)

        @step
        async def pairs(self, ctx: Context, ev: Middle) -> None:
            ctx.collect_events(ev, [Middle, Middle])

    provider = TracerProvider(shutdown_on_exit=False)  # exports nothing, so keeps nothing
    before = kept()
    await Long(hooks=[OpenTelemetry(provider)], timeout=None).run()
    assert len(counts) == 3
    assert max(counts) - before < 60  # of the 3,000 there have been


async def test_what_a_run_kept_goes_with_it() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    hook = OpenTelemetry(provider)
    workflow = Fan(hooks=[hook])
    before = kept()
    with provider.get_tracer("user").start_as_current_span("request"):
        handlers = [workflow.run(count=20) for _ in range(5)]
    await asyncio.gather(*handlers)
    assert kept() - before < 5  # though the handlers are still there


@pytest.mark.usefixtures("forgetful")
async def test_attempts_that_failed_leave_little() -> None:
    class Fickle(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Round:
            self.failed = 0
            return Round(n=0)

        @step(retry_policy=Once())
        async def turn(self, ctx: Context, ev: Round) -> Round | StopEvent:
            if self.failed == ev.n:
                self.failed += 1
                ctx.collect_events(ev, [Round, Round])
                raise ValueError("once")  # and in the second attempt it puts nothing aside
            if ev.n == 200:
                counts.append(kept())
                return StopEvent()
            return Round(n=ev.n + 1)

    counts: list[int] = []
    before = kept()
    await Fickle(hooks=[OpenTelemetry(TracerProvider(shutdown_on_exit=False))], timeout=None).run()
    assert counts[0] - before < 60


@pytest.mark.usefixtures("forgetful")
async def test_what_nobody_gathers_is_let_go() -> None:
    class First(Workflow):
        @step
        async def split(self, ev: StartEvent | Round) -> list[Item]:
            return [Item(n=ev.get("n", 0)) for _ in range(4)]

        @step(num_workers=1)
        async def square(self, ev: Item) -> Result:
            return Result(n=ev.n)

        @step
        async def fastest(self, evs: Annotated[list[Result], Collect(Take(1))]) -> Round | StopEvent:
            if evs[0].n == 100:
                counts.append(kept())
                return StopEvent()
            return Round(n=evs[0].n + 1)

    counts: list[int] = []
    before = kept()
    history = Workflow._wfkit_recorder
    Workflow._wfkit_recorder = None  # which keeps the latest 10,000 records, and the events in them
    try:
        await First(hooks=[OpenTelemetry(TracerProvider(shutdown_on_exit=False))], timeout=None).run()
    finally:
        Workflow._wfkit_recorder = history
    assert counts[0] - before < 100  # of the 300 that came too late
