"""Internal events that tell of an event that nobody takes."""

from __future__ import annotations

import asyncio

from tests.flows import Answer, Ask, Count, Item, Middle, Question
from tests.test_internal_events import brief, shown, translated
from wfkit import Context, StartEvent, StopEvent, Workflow, step
from wfkit.internal_events import UnhandledEvent, WorkflowIdleEvent
from wfkit.testing import Probe


class Lossy(Workflow):
    """Returns an event that nobody takes, and sends one."""

    @step
    async def lose(self, ctx: Context, ev: StartEvent) -> Middle:
        ctx.send_event(Item(n=1))
        return Middle(text="lost")

    @step
    async def stop(self, ev: Answer) -> StopEvent:
        return StopEvent()


async def test_an_event_that_nobody_takes_is_unhandled() -> None:
    probe = Probe()
    handler = Lossy(disable_validation=True).run(hooks=[probe])
    await asyncio.sleep(1)
    await handler.send_event(Count(n=1))
    await handler.send_event(Answer(text="enough"))
    await handler

    events = translated(handler, probe)
    assert [event for event in events if isinstance(event, UnhandledEvent)] == [
        UnhandledEvent(event_type="Item", qualified_name="tests.flows.Item", step_name="lose", idle=False),
        UnhandledEvent(event_type="Middle", qualified_name="tests.flows.Middle", step_name="lose", idle=True),
        UnhandledEvent(event_type="Count", qualified_name="tests.flows.Count", step_name=None, idle=True),
    ]
    assert events.index(WorkflowIdleEvent()) == 4


async def test_a_question_is_shown_once_and_is_not_unhandled() -> None:
    probe = Probe()
    handler = Ask().run(hooks=[probe])
    await asyncio.sleep(1)
    await handler.send_event(Answer(text="Ada"))
    await handler

    assert [brief(event) for event in translated(handler, probe)] == [
        "ask 0 running: StartEvent",
        "ask 0 not_running: StartEvent -> Question",
        Question(text="What is your name?"),
        "idle",
        "greet 0 running: Answer",
        "greet 0 not_running: Answer -> StopEvent",
    ]


async def test_a_stop_event_is_unhandled_only_where_it_ends_nothing() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(StopEvent(result="sent"))
            return StopEvent(result="returned")

    assert [event for event in await shown(Flow()) if "unhandled" in str(event)] == ["StopEvent unhandled"]


async def test_a_question_that_is_sent_is_not_unhandled() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(Question(text="?"))
            return StopEvent()

    assert await shown(Flow()) == ["go 0 running: StartEvent", "go 0 not_running: StartEvent -> StopEvent"]
