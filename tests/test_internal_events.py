"""What a stream shows when internal events are asked for: made of the records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.flows import Answer, Count, Fail, Fan, Item, Line, Middle, Question, Result
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, WorkflowHandler, step
from wfkit.internal_events import (
    InternalDispatchEvent,
    StepState,
    StepStateChanged,
    Translator,
    UnhandledEvent,
    WorkflowIdleEvent,
)
from wfkit.testing import Probe, simulate


def brief(event: Event) -> Event | str:
    """Write an internal event in short."""
    if isinstance(event, StepStateChanged):
        made = f" -> {event.output_event_name}" if event.output_event_name else ""
        return f"{event.name} {event.worker_id} {event.step_state.value}: {event.input_event_name}{made}"
    if isinstance(event, UnhandledEvent):
        return f"{event.event_type} unhandled" + (" and idle" if event.idle else "")
    return "idle" if isinstance(event, WorkflowIdleEvent) else event


def translated(handler: WorkflowHandler, probe: Probe) -> list[Event]:
    translate = Translator(handler.__wfkit_plan__())
    return [event for record in probe.records for event in translate(record)]


async def shown(workflow: Workflow, **fields: Any) -> list[Event | str]:
    """Run a workflow to its end, however it ends, and return what a watcher is shown."""
    probe = Probe()
    handler = workflow.run(hooks=[probe], **fields)
    await asyncio.gather(handler, return_exceptions=True)
    return [brief(event) for event in translated(handler, probe)]


# -- steps ------------------------------------------------------------------------------------------------------------


async def test_a_step_is_shown_as_it_begins_and_as_it_ends() -> None:
    assert await shown(Line()) == [
        "first 0 running: StartEvent",
        "first 0 not_running: StartEvent -> Middle",
        "second 0 running: Middle",
        "second 0 not_running: Middle -> StopEvent",
    ]


async def test_what_the_run_streams_is_among_it() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(Item(n=1))
            return StopEvent()

    assert await shown(Flow()) == [
        "go 0 running: StartEvent",
        Item(n=1),
        "go 0 not_running: StartEvent -> StopEvent",
    ]


async def test_nothing_returned_has_no_name() -> None:
    class Flow(Workflow):
        @step
        async def note(self, ev: StartEvent) -> None:
            return None

        @step
        async def stop(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent()

    events = await shown(Flow())

    assert "note 0 not_running: StartEvent" in events


class Queue(Workflow):
    """Works on four items, two at a time."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(4):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=2)
    async def work(self, ev: Item) -> Result:
        await asyncio.sleep(1 + ev.n % 2)
        return Result(n=ev.n)

    @step
    async def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
        return None if ctx.collect_events(ev, [Result] * 4) is None else StopEvent()


async def test_an_event_that_finds_no_free_worker_is_shown_to_queue() -> None:
    events = [event for event in await shown(Queue()) if "work" in str(event)]

    assert events[:2] == ["work <enqueued> preparing: Item"] * 2
    assert sorted(map(str, events[2:4])) == ["work 0 running: Item", "work 1 running: Item"]
    assert len(events) == 2 + 4 * 2


def changes(events: Iterable[Event]) -> Iterator[StepStateChanged]:
    return (event for event in events if isinstance(event, StepStateChanged))


@pytest.mark.parametrize("seed", range(20))
def test_workers_are_as_many_as_there_are_and_do_one_thing_at_a_time(seed: int) -> None:
    async def run() -> list[Event]:
        probe = Probe()
        handler = Fan().run(count=12, hooks=[probe])
        await handler
        return translated(handler, probe)

    busy: set[tuple[str, str]] = set()
    most = queued = 0
    for change in changes(simulate(run(), seed).result):
        worker = change.name, change.worker_id
        if change.step_state is StepState.RUNNING:
            numbers = {int(number) for name, number in busy if name == change.name}
            assert int(change.worker_id) == min(set(range(5)) - numbers)  # the lowest that is free
            busy.add(worker)
        elif change.step_state is StepState.NOT_RUNNING:
            busy.remove(worker)
        else:
            queued += 1
        most = max(most, len([name for name, _ in busy if name == "square"]))
    assert (busy, 1 < most <= 4, queued) == (set(), True, 12 - 4)


async def test_a_step_that_fails_is_not_running_any_more() -> None:
    assert await shown(Fail()) == ["fail 0 running: StartEvent", "fail 0 not_running: StartEvent"]


async def test_each_attempt_is_shown() -> None:
    class Once:
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
            return 1.0 if attempts == 1 else None

    class Flow(Workflow):
        @step(retry_policy=Once())
        async def fail(self, ev: StartEvent) -> StopEvent:
            raise ValueError("no good")

    assert await shown(Flow()) == ["fail 0 running: StartEvent", "fail 0 not_running: StartEvent"] * 2


async def test_a_step_that_the_end_of_the_run_cancels_is_not_running_any_more() -> None:
    class Flow(Workflow):
        @step
        async def quick(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent()

        @step
        async def slow(self, ev: StartEvent) -> None:
            await asyncio.sleep(10)

    events = await shown(Flow())

    assert events[2:] == ["quick 0 not_running: StartEvent -> StopEvent", "slow 0 not_running: StartEvent"]


async def test_a_returned_list_is_named_by_what_is_in_it() -> None:
    class Flow(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Item | Count]:
            return [Item(n=0), Count(n=1), Item(n=2)]

        @step(num_workers=1)
        async def work(self, ev: Item | Count) -> Result:
            return Result(n=ev.n)

        @step(num_workers=1)
        async def gather(self, evs: list[Result]) -> list[Middle]:
            return []

        @step
        async def finish(self, evs: list[Middle]) -> StopEvent:
            return StopEvent()

    events = await shown(Flow())

    assert events[1] == "split 0 not_running: StartEvent -> Item, Count"
    assert events[2:4] == ["work <enqueued> preparing: Count", "work <enqueued> preparing: Item"]
    # Its three events make one call: none of them queues.
    assert [event for event in events if str(event).startswith("gather")] == [
        "gather 0 running: CollectionReleaseEvent",
        "gather 0 not_running: CollectionReleaseEvent",
    ]


# -- waits ------------------------------------------------------------------------------------------------------------


class Interview(Workflow):
    """Asks in one step, which can work on one event at a time."""

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(ev.get("count", 1)):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=1)
    async def talk(self, ctx: Context, ev: Item) -> StopEvent | None:
        if ev.n > 0:
            await asyncio.sleep(1)
            return None
        answer = await ctx.wait_for_event(Answer, waiter_event=Question(text="name?"), requirements={"text": "Ada"})
        return StopEvent(result=answer.text)


async def test_a_step_that_waits_gives_its_number_back_and_takes_one_when_it_goes_on() -> None:
    probe = Probe()
    handler = Interview().run(count=2, hooks=[probe])
    await asyncio.sleep(0.5)
    await handler.send_event(Answer(text="Ada"))  # while the other event has the only worker
    await handler

    assert [brief(event) for event in translated(handler, probe)][2:] == [
        "begin 0 not_running: StartEvent",
        "talk 0 running: Item",
        Question(text="name?"),
        "talk 0 not_running: Item",
        "talk 0 running: Item",
        "talk 0 not_running: Item",
        "talk 0 running: Item",
        "talk 0 not_running: Item -> StopEvent",
    ]


async def test_an_event_that_a_wait_takes_is_not_unhandled_and_one_that_it_refuses_is() -> None:
    probe = Probe()
    handler = Interview().run(hooks=[probe])
    for text in ("Bob", "Ada"):
        await asyncio.sleep(1)
        await handler.send_event(Answer(text=text))
    await handler

    assert [brief(event) for event in translated(handler, probe)][3:] == [
        Question(text="name?"),
        "talk 0 not_running: Item",
        "idle",
        "Answer unhandled and idle",
        "idle",
        "talk 0 running: Item",
        "talk 0 not_running: Item -> StopEvent",
    ]


async def test_a_wait_that_is_given_up_lets_the_step_run_again() -> None:
    class Flow(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            try:
                await ctx.wait_for_event(Answer, timeout=1)
            except TimeoutError:
                return StopEvent(result="nobody there")
            return StopEvent()

    assert await shown(Flow()) == [
        "ask 0 running: StartEvent",
        "ask 0 not_running: StartEvent",
        "idle",
        "ask 0 running: StartEvent",
        "ask 0 not_running: StartEvent -> StopEvent",
    ]


async def test_a_step_with_two_waits_runs_again_when_both_have_ended() -> None:
    class Flow(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await asyncio.gather(ctx.wait_for_event(Answer), ctx.wait_for_event(Middle))
            return StopEvent()

    probe = Probe()
    handler = Flow().run(hooks=[probe])
    for event in (Middle(text="there"), Answer(text="Ada")):
        await asyncio.sleep(1)
        await handler.send_event(event)
    await handler

    assert [brief(event) for event in translated(handler, probe)] == [
        "ask 0 running: StartEvent",
        "ask 0 not_running: StartEvent",
        "idle",
        "idle",
        "ask 0 running: StartEvent",
        "ask 0 not_running: StartEvent -> StopEvent",
    ]


async def test_a_step_that_ends_while_a_task_of_its_waits_was_at_work() -> None:
    class Flow(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            task = asyncio.create_task(ctx.wait_for_event(Answer))
            await asyncio.sleep(1)
            task.cancel()
            return StopEvent()

    events = await shown(Flow())

    assert events[:2] == ["ask 0 running: StartEvent", "ask 0 not_running: StartEvent"]
    assert events[-2:] == ["ask 0 running: StartEvent", "ask 0 not_running: StartEvent -> StopEvent"]


async def test_a_step_that_is_cancelled_as_it_waits_is_not_shown_again() -> None:
    probe = Probe()
    handler = Interview().run(hooks=[probe])
    await asyncio.sleep(1)
    await handler.cancel_run()

    assert [brief(event) for event in translated(handler, probe)][-2:] == ["talk 0 not_running: Item", "idle"]


# -- the events themselves --------------------------------------------------------------------------------------------


def test_internal_events_have_a_base_of_their_own() -> None:
    for kind in (StepStateChanged, UnhandledEvent, WorkflowIdleEvent):
        assert issubclass(kind, InternalDispatchEvent)


def test_a_state_is_a_word() -> None:
    change = StepStateChanged(name="go", step_state=StepState.RUNNING, worker_id="0", input_event_name="StartEvent")

    assert change.step_state == "running"
    assert change.output_event_name is None
    assert StepStateChanged.model_validate_json(change.model_dump_json()) == change
