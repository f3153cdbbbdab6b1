"""Spans: which one is current in a step, after it, and in a run that it starts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import attach

from tests.flows import Answer, Fail, Fan, Line, Middle, Slow
from tests.traces import Round, Traces, key, linked, noted
from wfkit import (
    Context,
    Hook,
    StartEvent,
    StepCall,
    StopEvent,
    Workflow,
    observing,
    run_sync,
    step,
)
from wfkit.seam import Proceed


@pytest.fixture
def traces() -> Traces:
    return Traces()


# -- the current span ------------------------------------------------------------------------------------------------


async def test_spans_opened_in_a_step_are_its_children(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def outer(self, ev: StartEvent) -> Middle:
            with traces.tracer.start_as_current_span("work"):
                await asyncio.sleep(1)
                with traces.tracer.start_as_current_span("inner"):
                    pass
            return Middle(text="x")

        @step
        async def next(self, ev: Middle) -> StopEvent:
            with traces.tracer.start_as_current_span("more"):
                return StopEvent()

    await Flow(hooks=[traces.hook]).run()
    tree = {"Flow": None, "outer": "Flow", "work": "outer", "inner": "work", "next": "outer", "more": "next"}
    assert traces.tree() == tree


async def test_the_span_of_whoever_starts_a_run_is_above_it(traces: Traces) -> None:
    with traces.tracer.start_as_current_span("request") as request:
        await Line(hooks=[traces.hook]).run()
        assert trace.get_current_span() is request
    assert traces.tree() == {"request": None, "Line": "request", "first": "Line", "second": "first"}


async def test_a_run_that_queues_belongs_to_whoever_started_it(traces: Traces) -> None:
    workflow = Slow(hooks=[traces.hook], num_concurrent_runs=1)
    handlers = []
    for name in ("one", "two"):
        with traces.tracer.start_as_current_span(name):
            handlers.append(workflow.run(seconds=1))
    await asyncio.gather(*handlers)
    assert [traces.above(span) for span in traces.all("Slow")] == ["one", "two"]
    assert [traces.above(span) for span in traces.all("sleep")] == ["Slow", "Slow"]


async def test_a_run_called_off_before_its_turn_leaves_no_span(traces: Traces) -> None:
    workflow = Slow(hooks=[traces.hook], num_concurrent_runs=1)
    one, two = workflow.run(seconds=1), workflow.run(seconds=1)
    await two.cancel_run()
    await one
    assert traces.tree() == {"sleep": "Slow", "Slow": None}


async def test_nothing_of_a_step_is_current_in_the_next(traces: Traces) -> None:
    current: dict[str, Any] = {}

    class Flow(Workflow):
        @step
        async def careless(self, ev: StartEvent) -> Middle:
            current["careless"] = trace.get_current_span()
            attach(trace.set_span_in_context(traces.tracer.start_span("never detached")))
            return Middle(text="x")

        @step
        async def next(self, ev: Middle) -> StopEvent:
            current["next"] = trace.get_current_span()
            return StopEvent()

    with traces.tracer.start_as_current_span("request") as request:
        await Flow(hooks=[traces.hook]).run()
        assert trace.get_current_span() is request
    names = {name: key(span.get_span_context()) for name, span in current.items()}
    assert names == {name: key(traces.one(name).context) for name in ("careless", "next")}


async def test_after_a_step_what_was_current_before_is_current_again(traces: Traces) -> None:
    seen = []

    class Outside(Hook):
        rank = 1

        async def around_step(self, call: StepCall, proceed: Proceed) -> Any:
            before = trace.get_current_span()
            try:
                return await proceed(call)
            finally:
                seen.append((before, trace.get_current_span()))

    with traces.tracer.start_as_current_span("request") as request:
        await Line(hooks=[Outside(), traces.hook]).run()
        with pytest.raises(ValueError, match="no good"):
            await Fail(hooks=[Outside(), traces.hook]).run()
    assert seen == [(request, request)] * 3


async def test_a_hook_around_the_step_sees_the_steps_span(traces: Traces) -> None:
    class Elsewhere(Hook):
        rank = 30

        async def around_step(self, call: StepCall, proceed: Proceed) -> Any:
            with traces.tracer.start_as_current_span("call"):
                return StopEvent(result="from elsewhere")

    assert await Line(hooks=[Elsewhere(), traces.hook]).run() == "from elsewhere"
    assert traces.tree() == {"Line": None, "first": "Line", "call": "first"}


async def test_steps_that_wait_keep_their_own(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Round | None:
            for n in range(3):
                ctx.send_event(Round(n=n))
            return None

        @step(num_workers=3)
        async def wait(self, ctx: Context, ev: Round) -> Middle:
            own = trace.get_current_span()
            with traces.tracer.start_as_current_span(f"before {ev.n}"):
                answer = await ctx.wait_for_event(Answer, waiter_id=str(ev.n), requirements={"n": ev.n})
            assert trace.get_current_span() is own
            with traces.tracer.start_as_current_span(f"after {ev.n}"):
                return Middle(text=answer.text)

        @step
        async def end(self, ctx: Context, ev: Middle) -> StopEvent | None:
            return None if ctx.collect_events(ev, [Middle] * 3) is None else StopEvent()

    handler = Flow(hooks=[traces.hook]).run()
    for n in (2, 0, 1):
        await asyncio.sleep(1)
        await handler.send_event(Answer(text="x", n=n))
    await handler
    for n in range(3):
        before, after = traces.one(f"before {n}"), traces.one(f"after {n}")
        assert traces.above(before) == "wait"
        assert key(before.parent) == key(after.parent)
    assert len({key(traces.one(f"after {n}").parent) for n in range(3)}) == 3


async def test_a_plain_step_has_its_span_in_its_thread(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        def plain(self, ctx: Context, ev: StartEvent) -> Middle | Round:
            with traces.tracer.start_as_current_span("in a thread"):
                ctx.send_event(Round(n=1))
            return Middle(text="x")

        @step
        async def note(self, ev: Round) -> None: ...

        @step
        def end(self, ev: Middle) -> StopEvent:
            with traces.tracer.start_as_current_span("in another"):
                return StopEvent()

    await Flow(hooks=[traces.hook]).run()
    tree = {"Flow": None, "plain": "Flow", "in a thread": "plain", "note": "plain", "end": "plain", "in another": "end"}
    assert traces.tree() == tree


async def test_tasks_that_a_step_makes_are_inside_its_span(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def gather(self, ev: StartEvent) -> StopEvent:
            async def part(name: str) -> None:
                with traces.tracer.start_as_current_span(name):
                    await asyncio.sleep(1)

            await asyncio.gather(part("a"), part("b"))
            return StopEvent()

    await Flow(hooks=[traces.hook]).run()
    assert traces.tree() == {"Flow": None, "gather": "Flow", "a": "gather", "b": "gather"}


# -- several runs ----------------------------------------------------------------------------------------------------


async def test_a_run_started_in_a_step_is_its_child(traces: Traces) -> None:
    class Parent(Workflow):
        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Line().run())

    with observing(traces.hook):
        handler = Parent().run()
    assert await handler == "HELLO"
    assert traces.tree() == {"Parent": None, "call": "Parent", "Line": "call", "first": "Line", "second": "first"}


async def test_a_run_started_in_a_plain_step_is_its_child(traces: Traces) -> None:
    class Parent(Workflow):
        @step
        def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=run_sync(Line(hooks=[traces.hook])))

    assert await Parent(hooks=[traces.hook]).run() == "HELLO"
    assert traces.tree() == {"Parent": None, "call": "Parent", "Line": "call", "first": "Line", "second": "first"}


async def test_a_child_run_that_is_not_traced_leaves_no_spans(traces: Traces) -> None:
    class Parent(Workflow):
        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Line().run())

    await Parent().run(hooks=[traces.hook])
    assert traces.tree() == {"Parent": None, "call": "Parent"}


async def test_one_hook_watches_many_runs_at_once(traces: Traces) -> None:
    workflow = Fan(hooks=[traces.hook])
    await asyncio.gather(*(workflow.run(run_id=f"r{n}", count=5) for n in range(10)))
    runs = {key(span.context)[0]: noted(span)["wfkit.run_id"] for span in traces.all("Fan")}
    assert set(runs.values()) == {f"r{n}" for n in range(10)}
    for span in traces.spans:
        assert noted(span)["wfkit.run_id"] == runs[key(span.context)[0]]
    for span in traces.all("tally"):
        assert all(trace_id == key(span.context)[0] for trace_id, _ in linked(span))
    assert len(traces.spans) == 10 * (1 + 1 + 5 + 5)
