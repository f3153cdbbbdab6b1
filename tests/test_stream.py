"""`handler.stream_events()`: what a run tells whoever watches it."""

from __future__ import annotations

import asyncio

import pytest

from tests.flows import Answer, Ask, Fail, Item, Line, Question, Slow
from wfkit import (
    Context,
    Event,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowHandler,
    WorkflowRuntimeError,
    WorkflowTimedOutEvent,
    step,
)


class Telling(Workflow):
    """Shows three items, one a second."""

    @step
    async def tell(self, ctx: Context, ev: StartEvent) -> StopEvent:
        for n in range(3):
            ctx.write_event_to_stream(Item(n=n))
            await asyncio.sleep(1)
        return StopEvent(result="told")


ITEMS = [Item(n=0), Item(n=1), Item(n=2)]
ALL = [*ITEMS, StopEvent(result="told")]


async def read(handler: WorkflowHandler) -> list[Event]:
    return [event async for event in handler.stream_events()]


async def test_events_come_as_they_are_written_and_the_stop_comes_last() -> None:
    handler = Telling().run()
    seen = [(asyncio.get_running_loop().time(), event) async for event in handler.stream_events()]

    assert seen == list(zip(range(4), ALL, strict=True))
    assert await handler == "told"


async def test_what_nobody_read_is_kept_until_after_the_end() -> None:
    handler = Telling().run()
    await handler

    assert await read(handler) == ALL


async def test_a_second_loop_goes_on_where_the_first_broke_off() -> None:
    handler = Telling().run()
    async for event in handler.stream_events():
        assert event == ITEMS[0]
        break

    assert await read(handler) == ALL[1:]


async def test_a_stream_is_read_once() -> None:
    handler = Telling().run()
    await read(handler)

    with pytest.raises(WorkflowRuntimeError, match="All the streamed events have already been consumed"):
        await read(handler)


async def test_a_reader_that_is_cancelled_makes_room_for_the_next() -> None:
    handler = Telling().run()
    first = asyncio.create_task(read(handler))
    await asyncio.sleep(0.5)
    first.cancel()
    await asyncio.wait([first])

    assert await read(handler) == ALL[1:]


async def test_a_question_that_a_step_returns_is_shown() -> None:
    handler = Ask().run()
    seen: list[Event] = []
    async for event in handler.stream_events():
        seen.append(event)
        if isinstance(event, Question):
            await handler.send_event(Answer(text="Ada"))

    assert seen == [Question(text="What is your name?"), StopEvent(result="hello Ada")]


async def test_other_events_are_not_shown() -> None:
    assert await read(Line().run()) == [StopEvent(result="HELLO")]


async def test_a_stop_written_by_hand_does_not_end_the_stream() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(StopEvent(result="a child's"))
            ctx.write_event_to_stream(Item(n=1))
            return StopEvent(result="mine")

    assert await read(Flow().run()) == [StopEvent(result="a child's"), Item(n=1), StopEvent(result="mine")]


async def test_an_event_with_the_same_content_is_shown_twice() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(Item(n=1))
            ctx.write_event_to_stream(Item(n=1))
            return StopEvent()

    assert await read(Flow().run()) == [Item(n=1), Item(n=1), StopEvent()]


async def test_none_is_not_shown() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(None)
            ctx.write_event_to_stream(Item(n=1))
            return StopEvent()

    assert await read(Flow().run()) == [Item(n=1), StopEvent()]


# -- abnormal ends ----------------------------------------------------------------------------------------------------


async def test_a_failure_ends_the_stream_with_its_error() -> None:
    handler = Fail().run()
    (last,) = await read(handler)

    assert isinstance(last, WorkflowFailedEvent)
    assert (last.step_name, repr(last.exception), last.attempts) == ("fail", "ValueError('no good')", 1)
    with pytest.raises(ValueError, match="no good") as error:
        await handler
    assert error.value is last.exception


async def test_a_timeout_ends_the_stream_with_the_active_steps() -> None:
    handler = Slow(timeout=5).run(seconds=10)

    assert await read(handler) == [WorkflowTimedOutEvent(timeout=5, active_steps=["sleep"])]
    await asyncio.wait([asyncio.ensure_future(handler.stop_event_result())])


async def test_a_cancelled_run_says_so() -> None:
    handler = Slow().run(seconds=10)
    await asyncio.sleep(1)
    await handler.cancel_run()

    assert await read(handler) == [WorkflowCancelledEvent()]


async def test_what_was_written_before_a_failure_comes_first() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(Item(n=1))
            raise ValueError("then this")

    first, last = await read(handler := Flow().run())

    assert (first, type(last)) == (Item(n=1), WorkflowFailedEvent)
    with pytest.raises(ValueError, match="then this"):
        await handler


async def test_a_step_that_lives_on_after_the_end_is_not_shown() -> None:
    class Flow(Workflow):
        @step
        async def quick(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent(result="quick")

        @step
        async def stubborn(self, ctx: Context, ev: StartEvent) -> None:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                ctx.write_event_to_stream(Item(n=1))
                raise

    assert await read(Flow().run()) == [StopEvent(result="quick")]
