"""Records, and the seam at which hooks see them and stand around steps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.flows import Answer, Ask, Fail, Join, Left, Line, Loop, Middle, Question, Right, Slow
from wfkit import (
    Context,
    Event,
    Hook,
    Recorder,
    StartEvent,
    StepCall,
    StopEvent,
    Workflow,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    observing,
    step,
)
from wfkit.records import (
    EventBuffered,
    EventsCollected,
    EventSent,
    EventStreamed,
    Record,
    RunEnded,
    RunIdle,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepStarted,
    as_dict,
    spell,
)
from wfkit.seam import Proceed
from wfkit.testing import Probe


def kinds(recorder: Recorder) -> list[str]:
    """Return the classes of the records, in order."""
    return [type(record).__name__ for record in recorder.records]


async def test_the_last_records_come_without_the_others() -> None:
    recorder = Recorder()
    await Line().run(hooks=[recorder])
    for count in (0, 1, 3, len(recorder), len(recorder) + 1):
        assert recorder.latest(count) == recorder.records[len(recorder) - min(count, len(recorder)) :]
    assert recorder.latest(-1) == ()


# -- what is recorded -------------------------------------------------------------------------------------------------


async def test_a_line_leaves_exactly_these_records(probe: Probe) -> None:
    await Line().run(run_id="x", text="hi", hooks=[probe])
    first, second = probe.of(StepStarted)
    start, middle, stop = StartEvent(text="hi"), Middle(text="hi"), StopEvent(result="HI")

    assert probe.records == (
        RunStarted(0, "x", "Line", False),
        EventSent(0, start, None, 0, 0, ("first",)),
        StepStarted(0, first.id, "first", start, 0, 0, 1),
        StepFinished(0, first.id, "first", middle),
        EventSent(0, middle, "first", first.id, 0, ("second",)),
        StepStarted(0, second.id, "second", middle, first.id, 0, 1),
        StepFinished(0, second.id, "second", stop),
        EventSent(0, stop, "second", second.id, 0, ()),
        RunEnded(0, "done", stop, None),
    )


async def test_a_join_tells_what_waits_and_what_is_taken(probe: Probe) -> None:
    await Join().run(hooks=[probe])
    left, right, *together = probe.of(StepStarted)

    assert [record.step for record in (left, right, *together)] == ["left", "right", "together", "together"]
    (buffered,), (collected,) = probe.of(EventBuffered), probe.of(EventsCollected)
    assert buffered[1:] == (together[0].id, "together", "default", Left())
    assert collected.ids == (together[1].id, together[0].id)


async def test_an_event_that_is_sent_comes_from_the_step_that_sent_it(probe: Probe) -> None:
    class Flow(Workflow):
        @step
        async def first(self, ctx: Context, ev: StartEvent) -> Left | Right | None:
            ctx.send_event(Left())
            await asyncio.sleep(1)
            ctx.send_event(Right())
            return None

        @step
        async def second(self, ev: Left) -> None: ...

        @step
        async def third(self, ev: Right) -> StopEvent:
            return StopEvent()

    await Flow().run(hooks=[probe])

    started = {record.step: record for record in probe.of(StepStarted)}
    id = started["first"].id
    assert [(record.source, record.parent, record.n) for record in probe.of(EventSent)][1:3] == [
        ("first", id, 0),
        ("first", id, 1),
    ]
    assert [(started[name].parent, started[name].n) for name in ("second", "third")] == [(id, 0), (id, 1)]


async def test_a_question_is_streamed_and_its_answer_comes_from_outside(probe: Probe) -> None:
    handler = Ask().run(hooks=[probe])
    await asyncio.sleep(3)
    await handler.send_event(Answer(text="Ada"))
    await handler

    assert [record.event for record in probe.of(EventStreamed)] == [Question(text="What is your name?")]
    (idle,) = probe.of(RunIdle)
    assert (idle.stuck, idle.waiting_for) == (
        False,
        "It waits for a person's answer to Question: await handler.send_event(Answer(...)).",
    )
    sent = probe.of(EventSent)[2]
    assert (sent.time, sent.event, sent.source, sent.parent, sent.n) == (3, Answer(text="Ada"), None, 0, 1)


async def test_a_failure_is_recorded_with_its_error(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no good") as raised:
        await Fail().run(hooks=[probe])

    (failed,) = probe.of(StepFailed)
    assert (failed.step, failed.error, failed.attempt, failed.retry_in) == ("fail", raised.value, 1, None)
    end = probe.records[-1]
    assert isinstance(end, RunEnded)
    assert (end.outcome, end.error, type(end.event)) == ("failed", raised.value, WorkflowFailedEvent)


async def test_a_cancelled_run_records_its_steps_before_its_end(probe: Probe) -> None:
    handler = Slow().run(seconds=9, hooks=[probe])
    await asyncio.sleep(1)
    await handler.cancel_run()

    cancelled, end = probe.records[-2:]
    assert isinstance(cancelled, StepCancelled)
    assert isinstance(end, RunEnded)
    assert (cancelled.step, cancelled.time, end.outcome, end.event) == (
        "sleep",
        1,
        "cancelled",
        WorkflowCancelledEvent(),
    )


class Stubborn:
    """Tries three times, with a delay of two seconds."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return 2.0 if attempts < 3 else None


class Retried(Workflow):
    """Fails until the third attempt."""

    tries = 0

    @step(retry_policy=Stubborn())
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        self.tries += 1
        ctx.write_event_to_stream(Middle(text="trying"))
        if self.tries < ev.needs:
            raise ValueError(f"try {self.tries}")
        return StopEvent(result=self.tries)


async def test_each_attempt_is_recorded(probe: Probe) -> None:
    assert await Retried().run(needs=3, hooks=[probe]) == 3

    assert [(record.time, record.attempt) for record in probe.of(StepStarted)] == [(0, 1), (2, 2), (4, 3)]
    assert [(record.attempt, record.retry_in) for record in probe.of(StepFailed)] == [(1, 2.0), (2, 2.0)]
    assert len({record.id for record in probe.of(StepStarted)}) == 1


async def test_when_no_attempt_is_left_the_last_error_is_raised(probe: Probe) -> None:
    with pytest.raises(ValueError, match="try 3"):
        await Retried().run(needs=9, hooks=[probe])

    assert [record.retry_in for record in probe.of(StepFailed)] == [2.0, 2.0, None]


async def test_two_runs_have_the_same_ids() -> None:
    first, second = Probe(), Probe()
    for probe in (first, second):
        await Loop().run(hooks=[probe])

    assert [record.id for record in first.of(StepStarted)] == [record.id for record in second.of(StepStarted)]
    assert len({record.id for record in first.of(StepStarted)}) == 5


def test_records_can_be_spelt_and_made_dictionaries() -> None:
    assert spell(0x0123456789ABCDEF) == "01234567"
    assert spell(1) == "00000000"
    assert as_dict(RunStarted(1.5, "x", "Flow", False)) == {
        "kind": "RunStarted",
        "time": 1.5,
        "run_id": "x",
        "workflow": "Flow",
        "restored": False,
    }


# -- the recorder -----------------------------------------------------------------------------------------------------


async def test_a_bounded_recorder_forgets_the_oldest() -> None:
    everything, few = Recorder(limit=None), Recorder(limit=4)
    await Loop().run(times=50, hooks=[everything, few])

    assert few.records == everything.records[-4:]
    assert (len(few), few.complete, everything.complete) == (4, False, True)
    assert list(few) == list(few.records)
    assert repr(few) == "Recorder(4 records)"


async def test_the_latest_run_is_always_recorded() -> None:
    workflow = Line()
    handler = workflow.run(text="one")
    await handler
    await workflow.run(text="two")

    mine, latest = handler.__wfkit_records__(), workflow.__wfkit_records__()
    assert mine is not None
    assert latest is not None
    assert [mine[-1].event.result, latest[-1].event.result] == ["ONE", "TWO"]  # type: ignore[union-attr]


# -- hooks ------------------------------------------------------------------------------------------------------------


class Named(Hook):
    """Notes when a step passes by."""

    def __init__(self, name: str, trail: list[str], rank: int = 50) -> None:
        self.name, self.trail, self.rank = name, trail, rank  # type: ignore[misc]

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        self.trail.append(f"{self.name} in")
        result = await proceed(call)
        self.trail.append(f"{self.name} out")
        return result


async def test_the_lowest_rank_stands_outermost() -> None:
    trail: list[str] = []
    workflow = Fail(hooks=[Named("remote", trail, 30), Named("debugger", trail, 10)])
    with pytest.raises(ValueError, match="no good"), observing(Named("other", trail)):
        await workflow.run(hooks=[Named("journal", trail, 20)])

    assert trail == ["debugger in", "journal in", "remote in", "other in"]


class Around(Hook):
    """Does around each step what it is told."""

    def __init__(self, body: Any) -> None:
        self.body = body

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        result: Event | None = await self.body(call, proceed)
        return result


async def test_a_hook_may_skip_a_step() -> None:
    async def skip(call: StepCall, proceed: Proceed) -> Event | None:
        return Middle(text="instead") if call.step.name == "first" else await proceed(call)

    assert await Line().run(hooks=[Around(skip)]) == "INSTEAD"


async def test_a_hook_may_put_another_event_in() -> None:
    async def edit(call: StepCall, proceed: Proceed) -> Event | None:
        if isinstance(call.event, Middle):
            call.event = Middle(text="edited")
        return await proceed(call)

    assert await Line().run(hooks=[Around(edit)]) == "EDITED"


async def test_a_hook_may_replace_the_result() -> None:
    async def replace(call: StepCall, proceed: Proceed) -> Event | None:
        result = await proceed(call)
        return StopEvent(result="replaced") if isinstance(result, StopEvent) else result

    assert await Line().run(hooks=[Around(replace)]) == "replaced"


async def test_a_hook_may_run_a_step_twice() -> None:
    async def twice(call: StepCall, proceed: Proceed) -> Event | None:
        await proceed(call)
        return await proceed(call)

    workflow = Retried()
    assert await workflow.run(needs=0, hooks=[Around(twice)]) == 2


async def test_a_hook_that_raises_around_a_step_fails_the_step(probe: Probe) -> None:
    async def fail(call: StepCall, proceed: Proceed) -> Event | None:
        raise LookupError("in the way")

    with pytest.raises(LookupError, match="in the way"):
        await Line().run(hooks=[Around(fail), probe])
    assert [record.step for record in probe.of(StepFailed)] == ["first"]


async def test_a_hook_sees_what_the_call_is_about() -> None:
    seen: list[Any] = []

    async def look(call: StepCall, proceed: Proceed) -> Event | None:
        seen.append((call.step.name, call.attempt, call.event, call.context.is_running))
        return await proceed(call)

    probe = Probe()
    await Retried().run(needs=2, hooks=[Around(look), probe])

    assert seen == [("go", 1, StartEvent(needs=2), True), ("go", 2, StartEvent(needs=2), True)]


async def test_the_timeout_stands_still_while_a_hook_holds_a_step() -> None:
    async def hold(call: StepCall, proceed: Proceed) -> Event | None:
        with call.hold():
            await asyncio.sleep(1_000)
        return await proceed(call)

    assert await Slow(timeout=10).run(seconds=9, hooks=[Around(hold)]) == "rested"


async def test_a_plain_step_passes_through_hooks_as_well() -> None:
    trail: list[str] = []

    class Flow(Workflow):
        @step
        def go(self, ev: StartEvent) -> StopEvent:
            trail.append("body")
            return StopEvent()

    await Flow().run(hooks=[Named("hook", trail)])

    assert trail == ["hook in", "body", "hook out"]


class Watcher(Hook):
    """Notes every record, and raises at the third."""

    def __init__(self, faulty: bool = False) -> None:
        self.seen: list[Record] = []
        self.faulty = faulty

    def on_record(self, record: Record) -> None:
        self.seen.append(record)
        if self.faulty and len(self.seen) == 3:
            raise LookupError("a faulty hook")


async def test_a_watcher_that_raises_is_removed_and_the_run_goes_on(
    probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    faulty, sound = Watcher(faulty=True), Watcher()

    assert await Line().run(hooks=[faulty, sound, probe]) == "HELLO"

    assert len(faulty.seen) == 3
    assert tuple(sound.seen) == probe.records
    (record,) = caplog.records
    assert "raised while watching a run and was removed; the run goes on" in record.getMessage()


async def test_observing_attaches_to_every_run_begun_in_the_block() -> None:
    inside, outer = Probe(), Probe()
    with observing(outer):
        await Line().run()
        with observing(inside):
            later = Line().run()
        await later
    await Line().run()

    assert (kinds(inside).count("RunStarted"), kinds(outer).count("RunStarted")) == (1, 2)
    assert kinds(inside)[-1] == "RunEnded"


async def test_observing_reaches_the_runs_that_steps_begin(probe: Probe) -> None:
    class Parent(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Line().run())

    with observing(probe):
        await Parent().run()

    assert probe.steps == ["go", "first", "second"]


async def test_every_run_keeps_as_much_of_itself_as_the_class_says(monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = Line()
    monkeypatch.setattr(Recorder, "DEFAULT_LIMIT", 3)
    handler = workflow.run()
    await handler
    assert [type(record) for record in handler.__wfkit_records__() or ()][-1] is RunEnded
    assert len(handler.__wfkit_records__() or ()) == 3
    assert len(Recorder(limit=None)._ring) == 0
    assert Recorder(limit=None)._ring.maxlen is None


@pytest.mark.parametrize("limit", [-1, True, "10", 2.5])
def test_a_senseless_limit_is_refused(limit: Any) -> None:
    with pytest.raises(ValueError, match="limit is a whole number of records from 0 on"):
        Recorder(limit=limit)
