"""Spans of attempts, failures and cancellations."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from tests.flows import Answer, Ask, Fail, Line, Middle, Slow
from tests.traces import Round, Traces, key, noted
from wfkit import (
    Context,
    Event,
    Hook,
    StartEvent,
    StepCall,
    StopEvent,
    Workflow,
    WorkflowTimeoutError,
    step,
)
from wfkit.seam import Proceed


@pytest.fixture
def traces() -> Traces:
    return Traces()


# -- attempts, failures, cancellations -------------------------------------------------------------------------------


class Again:
    """Tries twice more, after a second each."""

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float | None:
        return 1.0 if attempts < 3 else None


class Flaky(Workflow):
    """Sends a note in each attempt, and fails as often as it is told to."""

    @step
    async def begin(self, ev: StartEvent) -> Middle:
        self.left = ev.failures
        return Middle(text="go")

    @step(retry_policy=Again())
    async def flaky(self, ctx: Context, ev: Middle) -> StopEvent | Round:
        await asyncio.sleep(1)
        if self.left:
            self.left -= 1
            ctx.send_event(Round(n=self.left))
            raise ValueError(f"{self.left} to come")
        return StopEvent()

    @step
    async def note(self, ev: Round) -> None:
        await asyncio.sleep(0.1)


async def test_each_attempt_has_its_span(traces: Traces) -> None:
    await Flaky(hooks=[traces.hook]).run(failures=2)
    attempts = traces.all("flaky")
    assert [noted(span)["wfkit.attempt"] for span in attempts] == [1, 2, 3]
    assert [noted(span)["wfkit.outcome"] for span in attempts] == ["failed", "failed", "done"]
    assert [noted(span).get("wfkit.retry_in") for span in attempts] == [1.0, 1.0, None]
    assert {noted(span)["wfkit.delivery"] for span in attempts} == {noted(attempts[0])["wfkit.delivery"]}
    assert {traces.above(span) for span in attempts} == {"begin"}
    codes = [span.status.status_code for span in attempts]
    assert codes == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert attempts[0].status.description == "ValueError: 1 to come"
    (event,) = attempts[0].events
    assert event.name == "exception"
    assert dict(event.attributes or {})["exception.message"] == "1 to come"
    assert traces.one("Flaky").status.status_code is StatusCode.UNSET


async def test_what_a_failed_attempt_has_sent_descends_from_that_attempt(traces: Traces) -> None:
    await Flaky(hooks=[traces.hook]).run(failures=1)
    (note,) = traces.all("note")
    assert key(note.parent) == key(traces.all("flaky")[0].context)


async def test_a_queued_event_descends_from_the_attempt_that_sent_it(traces: Traces) -> None:
    class Queue(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Middle | Round:
            ctx.send_event(Round(n=0))
            return Middle(text="go")

        @step(retry_policy=Again())
        async def flaky(self, ctx: Context, ev: Middle) -> Round | None:
            if not getattr(self, "tried", False):
                self.tried = True
                ctx.send_event(Round(n=1))
                raise ValueError("once")
            await asyncio.sleep(2)
            return None

        @step(num_workers=1)
        async def slow(self, ev: Round) -> StopEvent | None:
            await asyncio.sleep(2)  # the second of these starts while the second attempt is at work
            return StopEvent() if ev.n else None

    await Queue(hooks=[traces.hook]).run()
    by_end = traces.all("slow")
    assert [traces.above(span) for span in by_end] == ["begin", "flaky"]
    assert key(by_end[1].parent) == key(min(traces.all("flaky"), key=lambda span: span.start_time or 0).context)


async def test_a_failed_run_says_so(traces: Traces) -> None:
    with pytest.raises(ValueError, match="no good"):
        await Fail(hooks=[traces.hook]).run()
    run, fail = traces.one("Fail"), traces.one("fail")
    for span in (run, fail):
        assert noted(span)["wfkit.outcome"] == "failed"
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "ValueError: no good"
        assert [event.name for event in span.events] == ["exception"]
    assert "wfkit.retry_in" not in noted(fail)


async def test_an_error_that_cannot_be_spelled_is_still_an_error(traces: Traces) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("I have no words")

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise Mute

    with pytest.raises(Mute):
        await Flow(hooks=[traces.hook]).run()
    assert traces.one("go").status.description == "Mute"
    assert traces.one("Flow").status.status_code is StatusCode.ERROR


async def test_a_cancelled_run_and_its_steps_are_marked(traces: Traces) -> None:
    handler = Slow(hooks=[traces.hook], timeout=None).run(seconds=100)
    await asyncio.sleep(1)
    await handler.cancel_run()
    for name in ("Slow", "sleep"):
        assert noted(traces.one(name))["wfkit.outcome"] == "cancelled"
        assert traces.one(name).status.status_code is StatusCode.UNSET


async def test_a_run_that_takes_too_long_is_an_error_and_its_step_was_cancelled(traces: Traces) -> None:
    with pytest.raises(WorkflowTimeoutError):
        await Slow(hooks=[traces.hook], timeout=5).run(seconds=100)
    assert noted(traces.one("Slow"))["wfkit.outcome"] == "timed out"
    assert traces.one("Slow").status.status_code is StatusCode.ERROR
    assert noted(traces.one("sleep"))["wfkit.outcome"] == "cancelled"


async def test_a_step_that_does_not_let_itself_be_cancelled_has_its_span_ended(
    traces: Traces, caplog: pytest.LogCaptureFixture
) -> None:
    class Flow(Workflow):
        @step
        async def stubborn(self, ev: StartEvent) -> StopEvent:
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                await asyncio.sleep(10)
            assert trace.get_current_span() is not trace.INVALID_SPAN
            return StopEvent()

    handler = Flow(hooks=[traces.hook], timeout=None).run()
    await asyncio.sleep(1)
    await handler.cancel_run()
    await asyncio.sleep(20)
    assert noted(traces.one("stubborn"))["wfkit.outcome"] == "cancelled"
    assert traces.tree() == {"stubborn": "Flow", "Flow": None}
    assert "detach" not in caplog.text


async def test_a_restored_run_goes_on_with_spans_of_its_own(traces: Traces) -> None:
    workflow = Ask(hooks=[traces.hook])
    handler = workflow.run()
    await asyncio.sleep(1)
    snapshot = handler.ctx.to_dict()
    await handler.cancel_run()
    traces.exporter.clear()
    handler = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    await handler.send_event(Answer(text="Ada"))
    await handler
    assert traces.tree() == {"Ask": None, "greet": "Ask"}
    assert noted(traces.one("Ask"))["wfkit.restored"] is True


class Meddling(Hook):
    """Holds each step, gives the first another event and the second its result."""

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        with call.hold():
            await asyncio.sleep(2)
        if call.step.name == "first":
            call.replace(StartEvent(other=True))
            return await proceed(call)
        call.skipped()
        return StopEvent(result="given")


async def test_what_another_hook_does_to_a_step_is_noted(traces: Traces) -> None:
    assert await Line().run(hooks=[traces.hook, Meddling()]) == "given"
    for name, deeds in (("first", ["held", "released", "event replaced"]), ("second", ["held", "released", "skipped"])):
        assert [event.name for event in traces.one(name).events] == deeds
