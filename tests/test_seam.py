"""The one place to attach: who gets which records in which form, and which hooks a run has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.flows import Line, Middle
from wfkit import Event, Hook, Recorder, StartEvent, StepCall, StopEvent, Workflow, observing, step
from wfkit.errors import WorkflowCancelledByUser
from wfkit.records import (
    EventReplaced,
    Record,
    RunEnded,
    RunIdle,
    RunStarted,
    StepCancelled,
    StepHeld,
    StepReleased,
    StepSkipped,
    StepStarted,
)
from wfkit.seam import Proceed, emitter, observers, overrides
from wfkit.steps import spec_of

FIELDS = (RunIdle, 1.0, "why", True)
RECORD = RunIdle(1.0, "why", True)


class Watcher(Hook):
    """Keeps what it sees."""

    def __init__(self) -> None:
        self.seen: list[Record] = []

    def on_record(self, record: Record) -> None:
        self.seen.append(record)


class Unmade(Hook):
    """Takes records as they leave the engine."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, ...]] = []
        self.on_unmade_record = self.taken.append


class Broken(Hook):
    """Raises at its first record."""

    def __init__(self) -> None:
        self.calls = 0

    def on_record(self, record: Record) -> None:
        self.calls += 1
        raise RuntimeError("broken hook")


class Quiet(Hook):
    """Overrides nothing."""


# -- overrides ---------------------------------------------------------------------------------------------------


def test_only_what_a_hook_overrides_counts() -> None:
    assert not overrides(Quiet(), "on_record")
    assert not overrides(Hook(), "around_step")
    assert overrides(Watcher(), "on_record")
    assert not overrides(Watcher(), "around_step")


def test_a_method_put_on_the_instance_counts_too() -> None:
    hook, watcher = Quiet(), Watcher()
    hook.on_record = watcher.on_record  # type: ignore[method-assign]
    assert overrides(hook, "on_record")
    emit = emitter([hook])
    assert emit is not None
    emit(FIELDS)
    assert watcher.seen == [RECORD]


def test_an_inherited_override_counts() -> None:
    class Heir(Watcher):
        pass

    assert overrides(Heir(), "on_record")


# -- emitter -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hooks", [[], [Quiet()], [Hook(), Quiet()]])
def test_without_an_observer_there_is_nothing_to_call(hooks: list[Hook]) -> None:
    assert emitter(hooks) is None


def test_a_hook_gets_records_made() -> None:
    watcher = Watcher()
    emit = emitter([watcher])
    assert emit is not None
    emit(FIELDS)
    assert watcher.seen == [RECORD]
    assert type(watcher.seen[0]) is RunIdle


@pytest.mark.parametrize("company", [[], [Quiet()], [Quiet(), Hook()]])
def test_a_lone_recorder_costs_no_frame_of_its_own(company: list[Hook]) -> None:
    recorder = Recorder()
    assert emitter([*company, recorder]) is recorder.on_unmade_record


def test_several_that_take_them_unmade_get_them_unmade() -> None:
    hooks = [Unmade(), Unmade()]
    emit = emitter(hooks)
    assert emit is not None
    emit(FIELDS)
    assert [hook.taken for hook in hooks] == [[FIELDS], [FIELDS]]


def test_made_and_unmade_go_side_by_side() -> None:
    watcher, unmade, recorder = Watcher(), Unmade(), Recorder()
    emit = emitter([watcher, unmade, recorder])
    assert emit is not None
    emit(FIELDS)
    assert watcher.seen == [RECORD]
    assert unmade.taken == [FIELDS]
    assert recorder.records == (RECORD,)


def test_all_watchers_get_the_same_record() -> None:
    one, two = Watcher(), Watcher()
    emit = emitter([one, two])
    assert emit is not None
    emit(FIELDS)
    assert one.seen[0] is two.seen[0]


def test_a_hook_that_raises_is_logged_and_removed_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    before, broken, after = Watcher(), Broken(), Watcher()
    emit = emitter([before, broken, after])
    assert emit is not None
    for _ in range(3):
        emit(FIELDS)
    assert broken.calls == 1
    assert before.seen == after.seen == [RECORD] * 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "was removed; the run goes on" in caplog.text
    assert "broken hook" in caplog.text


async def test_a_run_survives_a_hook_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    watcher = Watcher()
    assert await Line(hooks=[Broken(), watcher]).run() == "HELLO"
    assert type(watcher.seen[-1]) is RunEnded
    assert len(caplog.records) == 1


async def test_a_hook_removed_from_one_run_is_there_in_the_next(caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken()
    workflow = Line(hooks=[broken])
    await workflow.run()
    await workflow.run()
    assert broken.calls == 2


# -- observing ---------------------------------------------------------------------------------------------------


def test_blocks_nest_and_close() -> None:
    one, two, three = Watcher(), Watcher(), Watcher()
    assert observers() == ()
    with observing(one, two):
        assert observers() == (one, two)
        with observing(three):
            assert observers() == (one, two, three)
        assert observers() == (one, two)
    assert observers() == ()


def test_a_block_that_raises_is_closed() -> None:
    with pytest.raises(KeyError), observing(Watcher()):
        raise KeyError
    assert observers() == ()


async def test_runs_started_inside_are_watched_to_their_end() -> None:
    watcher = Watcher()
    with observing(watcher):
        handler = Line().run()
    outside = Line().run()
    await handler
    await outside
    kinds = [type(record) for record in watcher.seen]
    assert kinds.count(RunStarted) == kinds.count(RunEnded) == 1


async def test_tasks_started_inside_are_inside() -> None:
    watcher = Watcher()

    async def later() -> None:
        await asyncio.sleep(1)
        await Line().run()

    with observing(watcher):
        task = asyncio.create_task(later())
    await task
    assert len(watcher.seen) > 2


async def test_a_child_run_of_an_observed_run_is_observed() -> None:
    class Parent(Workflow):
        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Line().run())

    watcher = Watcher()
    with observing(watcher):
        handler = Parent().run()
    assert await handler == "HELLO"
    assert [record.workflow for record in watcher.seen if isinstance(record, RunStarted)] == ["Parent", "Line"]


# -- around a step -----------------------------------------------------------------------------------------------


class Named(Hook):
    """Says when it is passed on the way in and on the way out."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        self.log.append(f"{self.name} in {call.step.name}")
        result = await proceed(call)
        self.log.append(f"{self.name} out")
        return result


class Early(Named):
    """Stands further out."""

    rank = 10


class Late(Named):
    """Stands further in."""

    rank = 90


class One(Workflow):
    """A single step."""

    @step
    async def only(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.get("n"))


async def test_the_rank_decides_who_stands_outside_and_then_the_order() -> None:
    log: list[str] = []
    hooks = [Late("late", log), Named("a", log), Early("early", log), Named("b", log)]
    await One().run(hooks=hooks)
    assert log == ["early in only", "a in only", "b in only", "late in only", "late out", "b out", "a out", "early out"]


async def test_a_hook_may_change_the_event_and_the_result() -> None:
    class Changes(Hook):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
            call.event = StartEvent(n=5)
            result = await proceed(call)
            assert isinstance(result, StopEvent)
            return StopEvent(result=result.result * 2)

    assert await One().run(n=1, hooks=[Changes()]) == 10


async def test_a_hook_may_leave_the_step_out() -> None:
    class Instead(Hook):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
            return StopEvent(result="instead")

    assert await One().run(hooks=[Instead()]) == "instead"


async def test_an_error_of_a_hook_around_a_step_fails_the_step() -> None:
    class Refuses(Hook):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
            raise PermissionError("not today")

    with pytest.raises(PermissionError, match="not today"):
        await One().run(hooks=[Refuses()])


async def test_the_call_knows_the_step_the_delivery_and_the_attempt() -> None:
    calls: list[StepCall] = []

    class Keeps(Watcher):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
            calls.append(call)
            return await proceed(call)

    hook = Keeps()
    await Line().run(hooks=[hook])
    started = [record for record in hook.seen if isinstance(record, StepStarted)]
    assert [(call.step.name, call.id, call.attempt) for call in calls] == [
        (record.step, record.id, record.attempt) for record in started
    ]
    assert [type(call.event) for call in calls] == [StartEvent, Middle]
    assert all(call.context.is_running is False for call in calls)


def test_holding_goes_through_to_the_run() -> None:
    log = []

    @contextmanager
    def hold() -> Iterator[None]:
        log.append("held")
        yield
        log.append("let go")

    spec = spec_of(One.only)
    assert spec is not None
    with StepCall(spec, StartEvent(), None, 1, 1, hold).hold():
        assert log == ["held"]
    assert log == ["held", "let go"]


class Holds(Watcher):
    """Holds each step before its body, and once more after it."""

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        with call.hold():
            await asyncio.sleep(5)
        result = await proceed(call)
        with call.hold():
            await asyncio.sleep(2)
        return result


def held(records: list[Record]) -> list[tuple[str, float]]:
    """Return when somebody held a step or let go of it."""
    return [(type(record).__name__, record.time) for record in records if isinstance(record, (StepHeld, StepReleased))]


async def test_records_tell_when_a_step_is_held() -> None:
    hook = Holds()
    await One().run(hooks=[hook])
    found = held(hook.seen)
    start = found[0][1]
    assert [(kind, time - start) for kind, time in found] == [
        ("StepHeld", 0),
        ("StepReleased", 5),
        ("StepHeld", 5),
        ("StepReleased", 7),
    ]
    started = next(record for record in hook.seen if isinstance(record, StepStarted))
    assert {(r.id, r.step) for r in hook.seen if isinstance(r, (StepHeld, StepReleased))} == {(started.id, "only")}


async def test_a_step_that_was_held_when_its_run_ended_is_cancelled_not_released() -> None:
    hook = Holds()
    run = One().run(hooks=[hook])
    await asyncio.sleep(1)
    await run.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await run
    kinds = [type(record) for record in hook.seen]
    assert StepHeld in kinds
    assert StepReleased not in kinds
    assert kinds[-2:] == [StepCancelled, RunEnded]


async def test_a_step_given_up_while_it_is_held_is_released() -> None:
    class GivesUp(Watcher):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
            with call.hold():
                raise ValueError("no more")

    hook = GivesUp()
    with pytest.raises(ValueError, match="no more"):
        await One().run(hooks=[hook])
    assert [kind for kind, _ in held(hook.seen)] == ["StepHeld", "StepReleased"]


class Meddles(Watcher):
    """Gives the first step another event, and the second one's result."""

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        if call.step.name == "first":
            call.replace(StartEvent(other=True))
            return await proceed(call)
        call.skipped()
        return StopEvent(result="given")


async def test_to_set_the_event_of_a_call_is_to_replace_it() -> None:
    class Sets(Watcher):
        async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
            call.event = StartEvent(other=True)
            assert call.event == StartEvent(other=True)
            return await proceed(call)

    hook = Sets()
    await One().run(hooks=[hook])
    assert [record.event for record in hook.seen if isinstance(record, EventReplaced)] == [StartEvent(other=True)]


async def test_records_tell_what_a_hook_has_changed() -> None:
    hook = Meddles()
    assert await Line().run(hooks=[hook]) == "given"
    first, second = (record for record in hook.seen if isinstance(record, StepStarted))
    changed = [record for record in hook.seen if isinstance(record, (EventReplaced, StepSkipped))]
    assert changed == [
        EventReplaced(first.time, first.id, "first", StartEvent(other=True)),
        StepSkipped(second.time, second.id, "second"),
    ]


# -- a hook for each run -----------------------------------------------------------------------------------------


class PerRun(Hook):
    """Makes another hook for each run."""

    def __init__(self) -> None:
        self.made: list[Apart] = []

    def for_run(self) -> Hook:
        self.made.append(Apart())
        return self.made[-1]


class Apart(Watcher):
    """Keeps what it sees, and which steps it stands around."""

    rank = 10

    def __init__(self) -> None:
        super().__init__()
        self.around: list[str] = []

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        self.around.append(call.step.name)
        return await proceed(call)


async def test_a_hook_may_make_another_for_each_run() -> None:
    hook = PerRun()
    with observing(hook):
        one = One().run(run_id="one")
    two = Line(hooks=[hook]).run(run_id="two", hooks=[])
    await asyncio.gather(one, two)
    assert [[r.run_id for r in made.seen if isinstance(r, RunStarted)] for made in hook.made] == [["one"], ["two"]]
    assert [made.around for made in hook.made] == [["only"], ["first", "second"]]
    assert all(type(made.seen[-1]) is RunEnded for made in hook.made)


async def test_the_hook_of_a_run_has_its_own_rank() -> None:
    log: list[str] = []
    hook, named = PerRun(), Named("named", log)
    seen: list[list[str]] = []
    named.on_record = lambda record: seen.append([type(r).__name__ for r in hook.made[0].seen])  # type: ignore[method-assign]
    await One().run(hooks=[named, hook])
    assert [names[-1] for names in seen][:2] == ["RunStarted", "EventSent"]


async def test_a_hook_may_tell_the_runs_of_a_workflow_from_one_that_it_is_given_to() -> None:
    asked: list[str] = []

    class Tells(Watcher):
        def for_run(self) -> Hook:
            asked.append("run")
            return self

        def for_each_run(self) -> Hook:
            asked.append("each")
            return self

    hook = Tells()
    await One(hooks=[hook]).run()
    with observing(hook):
        await One().run()
    await One().run(hooks=[hook])
    assert asked == ["each", "each", "run"]


def test_a_hook_is_its_own_for_every_run() -> None:
    hook = Quiet()
    assert hook.for_run() is hook
