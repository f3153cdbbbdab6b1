"""`@catch_error`: a step that is called when another has failed for good."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fans import Again, Squares, Task
from tests.flows import Answer, Left, Middle
from tests.moments import on_schedules
from tests.troubles import Both, Line, Scoped, Trouble, Wild
from wfkit import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowFailedEvent,
    WorkflowTimeoutError,
    catch_error,
    step,
)
from wfkit.records import StepFailed, StepStarted
from wfkit.testing import Probe

# -- who is called ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "fails", "expected"),
    [
        (Scoped, [], "made by first"),
        (Scoped, ["first"], "helped first"),
        (Wild, [], "made by first"),
        (Wild, ["first"], "wildcard for first"),
        (Wild, ["second"], "wildcard for second"),
        (Both, ["first"], "helped first"),
        (Both, ["second"], "wildcard for second"),
    ],
)
def test_the_scoped_handler_comes_before_the_wildcard(flow: type[Workflow], fails: list[str], expected: str) -> None:
    assert on_schedules(flow, fails=fails) == [expected]


async def test_a_step_that_no_handler_covers_fails_the_run() -> None:
    with pytest.raises(Trouble, match="second"):
        await Scoped().run(fails=["second"])


@pytest.mark.parametrize("options", [{}, {"for_steps": None}, {"max_recoveries": 3}])
async def test_a_handler_that_names_no_steps_is_for_all(options: dict[str, Any]) -> None:
    class Flow(Line):
        @catch_error(**options)
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result=ev.step_name)

    assert [await Flow().run(fails=[name]) for name in ("first", "second")] == ["first", "second"]


async def test_one_handler_may_be_for_several_steps() -> None:
    class Flow(Line):
        @catch_error(for_steps=["first", "second"])
        async def help_both(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result=ev.step_name)

    assert [await Flow().run(fails=[name]) for name in ("first", "second")] == ["first", "second"]


async def test_a_handler_may_be_a_plain_function_and_have_a_context() -> None:
    class Flow(Line):
        @step
        async def first(self, ctx: Context, ev: StartEvent) -> Middle:
            await ctx.store.set("word", "stored")
            raise Trouble

        @catch_error
        def help_all(self, ctx: Context, ev: StepFailedEvent, extra: int = 3) -> StopEvent:
            ctx.write_event_to_stream(Left())
            return StopEvent(result=(type(ev.exception), extra))

    handler = Flow().run(fails=[])
    shown = [type(event) async for event in handler.stream_events()]
    assert await handler == (Trouble, 3)
    assert shown == [Left, StopEvent]


async def test_a_free_function_may_be_a_handler_of_a_class_or_of_an_instance() -> None:
    class Flow(Line):
        pass

    @catch_error(workflow=Flow, for_steps=["first"])
    async def help_first(ev: StepFailedEvent) -> StopEvent:
        return StopEvent(result="free for first")

    workflow = Flow()

    @catch_error(workflow=workflow)
    async def help_all(ctx: Context, ev: StepFailedEvent) -> StopEvent:
        return StopEvent(result="free for this one")

    assert await Flow().run(fails=["first"]) == "free for first"
    assert await workflow.run(fails=["second"]) == "free for this one"
    with pytest.raises(Trouble):
        await Flow().run(fails=["second"])


async def test_a_subclass_inherits_handlers_and_may_replace_them() -> None:
    class Child(Both):
        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result="the child's")

    assert [await Child().run(fails=[name]) for name in ("first", "second")] == ["helped first", "the child's"]


async def test_handlers_work_without_validation_too() -> None:
    assert await Both(disable_validation=True).run(fails=["first"]) == "helped first"


# -- what it gets -----------------------------------------------------------------------------------------------------


async def test_the_event_tells_what_failed_on_what() -> None:
    got: list[StepFailedEvent] = []
    error = Trouble("on the third attempt")

    class Flow(Line):
        @step(retry_policy=Again())
        async def first(self, ev: StartEvent) -> Middle:
            await asyncio.sleep(1)
            raise error

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            got.append(ev)
            return StopEvent()

    await Flow().run(fails=[], text="hi")
    (ev,) = got
    assert (ev.step_name, ev.input_event, ev.attempts) == ("first", StartEvent(fails=[], text="hi"), 3)
    assert ev.exception is error
    assert ev.elapsed_seconds == 7, "three attempts of a second, two delays of two"
    assert isinstance(ev.failed_at, datetime)
    assert ev.failed_at.tzinfo == UTC
    assert abs(ev.failed_at - datetime.now(UTC)) < timedelta(hours=1)


async def test_a_step_without_a_policy_was_tried_once() -> None:
    class Flow(Line):
        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result=(ev.attempts, ev.elapsed_seconds, ev.input_event["text"]))

    assert await Flow().run(fails=["second"]) == (1, 0, "made by first")


async def test_a_handler_is_called_after_the_last_retry_only(probe: Probe) -> None:
    class Flow(Line):
        @step(retry_policy=Again())
        async def first(self, ctx: Context, ev: StartEvent) -> Middle:
            if ctx.retry_info().retry_number < ev.needed:
                raise Trouble
            return Middle(text="in the end", fails=[])

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result=f"gave up after {ev.attempts}")

    assert [await Flow().run(needed=n) for n in (1, 2, 3)] == ["in the end", "in the end", "gave up after 3"]
    assert asyncio.get_running_loop().time() == 2 + 4 + 4

    await Flow().run(needed=9, hooks=[probe])
    assert [record.retry_in for record in probe.of(StepFailed)] == [2, 2, None]
    assert probe.steps == ["first", "first", "first", "help_all"]
    handling = probe.of(StepStarted)[-1]
    assert isinstance(handling.event, StepFailedEvent)


async def test_a_wait_that_times_out_is_a_failure_like_any_other() -> None:
    class Flow(Line):
        @step
        async def first(self, ctx: Context, ev: StartEvent) -> Middle:
            await ctx.wait_for_event(Answer, timeout=3)
            return Middle(text="never")

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result=type(ev.exception))

    assert await Flow().run() is TimeoutError


# -- what it returns --------------------------------------------------------------------------------------------------


def test_a_handler_that_returns_none_lets_the_others_go_on() -> None:
    class Flow(Line):
        @step
        async def slow(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(3)
            return StopEvent(result="slow but sure")

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> None:
            return None

    assert on_schedules(Flow, fails=["first"]) == ["slow but sure"]


async def test_a_run_whose_only_way_on_was_dropped_times_out() -> None:
    class Flow(Line):
        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> None:
            return None

    with pytest.raises(WorkflowTimeoutError):
        await Flow(timeout=3).run(fails=["first"])


def test_a_handler_may_start_again() -> None:
    class Flow(Line):
        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StartEvent:
            return StartEvent(fails=[])

    for name in ("first", "second"):
        assert on_schedules(Flow, fails=[name]) == ["made by first"]


async def test_a_handler_may_send_wait_and_ask() -> None:
    class Flow(Line):
        @catch_error
        async def help_all(self, ctx: Context, ev: StepFailedEvent) -> None:
            answer = await ctx.wait_for_event(Answer, waiter_event=Middle(text="what now?"))
            ctx.send_event(Middle(text=answer.text, fails=[]))

    handler = Flow().run(fails=["first"])
    async for event in handler.stream_events():
        if event == Middle(text="what now?"):
            await asyncio.sleep(100)
            await handler.send_event(Answer(text="go on"))
    assert await handler == "go on"


async def test_a_handler_may_return_a_list() -> None:
    class Flow(Squares):
        @step
        async def split(self, ev: StartEvent) -> list[Task]:
            raise Trouble

        @catch_error
        async def instead(self, ev: StepFailedEvent) -> list[Task]:
            return [Task(n=n) for n in range(3)]

    assert await Flow().run() == [0, 1, 4]


async def test_a_handler_may_raise_and_then_the_run_fails_with_that() -> None:
    class Flow(Both):
        @catch_error(for_steps=["first"])
        async def help_first(self, ev: StepFailedEvent) -> Middle:
            raise LookupError("the handler itself")

    handler = Flow().run(fails=["first"])
    shown = [event async for event in handler.stream_events()]
    with pytest.raises(LookupError, match="the handler itself"):
        await handler
    assert [type(event) for event in shown] == [WorkflowFailedEvent]
    assert shown[0].step_name == "help_first"
    assert isinstance(shown[0].exception, LookupError)


async def test_a_handler_that_raises_the_steps_error_again_fails_the_run_with_it() -> None:
    error = Trouble("the very same")

    class Flow(Line):
        @step
        async def first(self, ev: StartEvent) -> Middle:
            raise error

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            raise ev.exception

    with pytest.raises(Trouble) as raised:
        await Flow().run()
    assert raised.value is error
