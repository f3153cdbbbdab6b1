"""Faults that workflow engines have had, 10 and 22: events that nobody takes, bare timeouts. Here they work."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

import pytest

from tests.flows import Answer, Ask, Item, Left, Right
from tests.schedules import every_schedule
from wfkit import (
    Context,
    Event,
    StartEvent,
    StopEvent,
    UnhandledEvent,
    Workflow,
    WorkflowIdleEvent,
    WorkflowTimedOutEvent,
    WorkflowTimeoutError,
    step,
)

# -- 10: events that nobody takes -------------------------------------------------------------------------------------


class Wanted(Event):
    """Taken by a step."""


class Special(Wanted):
    """Is one, and yet another type."""


class Stray(Event):
    """Taken by nobody."""


def sending(event: Event, plain: bool = False, timeout: float | None = 10) -> Workflow:
    """Return a workflow that returns an event, from a coroutine function or from a plain one."""

    class Sends(Workflow):
        if plain:

            @step
            def send(self, ev: StartEvent) -> Wanted:
                return event  # type: ignore[return-value]  # what the flow promises and does not keep

        else:

            @step
            async def send(self, ev: StartEvent) -> Wanted:  # type: ignore[misc]  # the same in another kind of step
                return event  # type: ignore[return-value]

        @step
        async def take(self, ev: Wanted) -> StopEvent:
            return StopEvent(result="taken")

    return Sends(timeout=timeout)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("kind", [Stray, Special])
@every_schedule
async def test_defect_10_an_event_that_nobody_takes_is_named_at_once_and_in_the_end(
    kind: type[Event], plain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    handler = sending(kind(), plain).run()
    await asyncio.sleep(2)
    words = f"No step takes {kind.__name__}. The steps take StartEvent, Wanted."
    near = " Special is a subclass of Wanted: @step(accept_event_subclasses=True) takes both."
    assert (handler.status, handler.waiting_for) == ("stuck", words + (near if kind is Special else ""))
    assert words in caplog.text
    assert caplog.records[0].levelno == logging.WARNING
    with pytest.raises(WorkflowTimeoutError, match=f"No steps active. {words}"):
        await handler
    assert len(caplog.records) == 1


@every_schedule
async def test_defect_10b_without_a_timeout_it_is_said_too_and_an_event_from_outside_helps() -> None:
    handler = sending(Stray(), timeout=None).run()
    await asyncio.sleep(1_000_000)
    assert handler.status == "stuck"
    await handler.send_event(Wanted())
    assert await handler == "taken"


@every_schedule
async def test_defect_10c_the_stream_tells_of_it() -> None:
    handler = sending(Special()).run()
    found = []
    async for event in handler.stream_events(expose_internal=True):
        if isinstance(event, (UnhandledEvent, WorkflowIdleEvent)):
            found.append(event)
        if isinstance(event, WorkflowIdleEvent):
            break
    await handler.cancel_run()
    assert [type(event) for event in found] == [UnhandledEvent, WorkflowIdleEvent]
    assert (found[0].event_type, found[0].idle) == ("Special", True)
    assert found[0].qualified_name.endswith("test_defects_silence.Special")


@every_schedule
async def test_defect_10d_a_subclass_is_taken_by_a_step_that_welcomes_them() -> None:
    class Welcomes(Workflow):
        @step
        async def send(self, ev: StartEvent) -> Wanted:
            return Special()

        @step(accept_event_subclasses=True)
        async def take(self, ev: Wanted) -> StopEvent:
            return StopEvent(result=type(ev).__name__)

    assert await Welcomes().run() == "Special"


def defined_again() -> tuple[type[Event], type[Event]]:
    """Return what a notebook has when the cell of an event class was run twice."""

    def cell() -> type[Event]:
        class Again(Event):
            n: int

        return Again

    return cell(), cell()


@every_schedule
async def test_defect_10e_an_event_of_a_class_defined_again_is_taken() -> None:
    Old, New = defined_again()
    for sent, taken in ((Old, New), (New, Old)):
        flow = Workflow(timeout=10)

        @step(workflow=flow)
        async def send(ev: StartEvent, kind: type[Event] = sent) -> Old:  # type: ignore[valid-type]
            return kind(n=1)

        async def take(ev: Event) -> StopEvent:
            return StopEvent(result=ev.n)

        take.__annotations__ = {"ev": taken, "return": StopEvent}
        flow.add_step(step(workflow=flow)(take))
        assert await flow.run() == 1


@every_schedule
async def test_defect_10f_what_is_half_collected_or_sent_twice_is_told() -> None:
    class Half(Workflow):
        @step
        async def send(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(3):
                ctx.send_event(Item(n=n))
                ctx.send_event(Stray())
            return None

        @step
        def gather(self, ctx: Context, ev: Item) -> StopEvent | None:
            return StopEvent() if ctx.collect_events(ev, [Item] * 5) else None

    with pytest.raises(WorkflowTimeoutError) as caught:
        await Half(timeout=10).run()
    assert "No step takes Stray (3 times)." in str(caught.value)
    assert "Step 'gather' has collected 3 Item and waits for 2 Item." in str(caught.value)


@every_schedule
async def test_defect_10g_an_event_that_is_let_go_is_not_let_go_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    class Early(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            for n in range(1600):
                ctx.send_event(Answer(text="", n=n))
            await asyncio.sleep(1)
            count = 0
            with suppress(TimeoutError):
                while True:
                    await ctx.wait_for_event(Answer, timeout=1)
                    count += 1
            return StopEvent(result=count)

    caplog.clear()
    assert await Early(timeout=None).run() == 1600 or "Answer" in caplog.text


# -- 22: a timeout says why -------------------------------------------------------------------------------------------


async def words_of(flow: Workflow, **fields: Any) -> str:
    """Return the message of the timeout that a run ends with; the stream must end, too."""
    handler = flow.run(**fields)
    shown = [event async for event in handler.stream_events()]
    with pytest.raises(WorkflowTimeoutError) as caught:
        await handler
    last = shown[-1]
    assert isinstance(last, WorkflowTimedOutEvent)
    assert last.timeout == 10
    return str(caught.value)


NOTHING_ACTIVE = "Operation timed out after 10 seconds. No steps active. "


@pytest.mark.parametrize("plain", [False, True])
@every_schedule
async def test_defect_22_a_timeout_names_the_event_that_nobody_took(plain: bool) -> None:
    assert await words_of(sending(Stray(), plain)) == (
        NOTHING_ACTIVE + "No step takes Stray. The steps take StartEvent, Wanted."
    )


@every_schedule
async def test_defect_22b_it_names_what_a_set_lacks() -> None:
    class Half(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Left | Right | None:
            for _ in range(ev.lefts):
                ctx.send_event(Left())
            return None

        @step
        async def gather(self, ctx: Context, ev: Left | Right) -> StopEvent | None:
            return StopEvent() if ctx.collect_events(ev, [Left, Right, Right]) else None

    assert await words_of(Half(timeout=10), lefts=2) == (
        NOTHING_ACTIVE + "Step 'gather' has collected 2 Left and waits for 2 Right."
    )


@every_schedule
async def test_defect_22c_it_names_a_step_that_returned_nothing_and_a_stop_that_was_only_sent() -> None:
    class Nothing(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            if ev.get("sends"):
                ctx.send_event(StopEvent())
            return None

    assert await words_of(Nothing(timeout=10)) == (
        NOTHING_ACTIVE + "Every step has returned and no StopEvent was among what they returned."
    )
    assert "A StopEvent ends the run only when a step returns it." in await words_of(Nothing(timeout=10), sends=True)


@every_schedule
async def test_defect_22d_it_names_the_steps_at_work() -> None:
    class Busy(Workflow):
        @step
        async def b_first(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(100)
            return StopEvent()

        @step
        async def a_second(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(100)
            return StopEvent()

    assert await words_of(Busy(timeout=10)) == (
        "Operation timed out after 10 seconds. Currently active steps: a_second, b_first"
    )


@every_schedule
async def test_defect_22e_a_question_to_a_person_is_named_while_it_is_open() -> None:
    handler = Ask(timeout=10).run()
    await asyncio.sleep(1000)  # while a person is asked, the time stands still
    assert (handler.status, "Question" in handler.waiting_for) == ("waiting", True)
    await handler.send_event(Answer(text="Ada"))
    assert await handler == "hello Ada"


@every_schedule
async def test_defect_22f_of_a_step_that_only_waits_it_says_for_what() -> None:
    class Forlorn(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(Stray())
            await ctx.wait_for_event(Wanted)
            return StopEvent()

    words = await words_of(Forlorn(timeout=10))
    assert words.startswith("Operation timed out after 10 seconds. Currently active steps: ask. ")
    assert "Step 'ask' waits for Wanted." in words
    assert "No step takes Stray." in words
