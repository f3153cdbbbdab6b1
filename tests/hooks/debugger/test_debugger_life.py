"""A debugger beside other things: time, other runs, other threads, memory, and what goes wrong."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from typing import Any

import pytest

from tests.flows import Answer, Ask, Fail, Fan, Item, Line, Loop, Middle, Result, Slow
from tests.shapes import Number, ThreeTimes
from tests.stepping import result_of
from wfkit import Context, Event, Hook, StartEvent, StopEvent, Workflow, WorkflowTimeoutError, step
from wfkit.errors import WorkflowRuntimeError
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.stops import Stop
from wfkit.records import Record
from wfkit.testing import Probe


async def held(workflow: Workflow[Any], **fields: Any) -> Debugger:
    """Start a run that is held at its start."""
    debugger = Debugger(break_at_start=True)
    workflow.run(hooks=[debugger], **fields)
    await debugger.stopped()
    return debugger


# -- time --------------------------------------------------------------------------------------------------------


async def test_no_timeout_runs_while_something_is_held() -> None:
    debugger = await held(Line(timeout=5))
    for _ in range(3):
        await asyncio.sleep(100)
        assert debugger.status == "held"
        if debugger.stops[-1].number < 2:
            await debugger.step()
    assert await debugger.continue_() is None
    assert await debugger.handler == "HELLO"


async def test_the_timeout_runs_again_afterwards() -> None:
    debugger = await held(Slow(timeout=5), seconds=6)
    await asyncio.sleep(100)
    start = asyncio.get_running_loop().time()
    assert await debugger.continue_() is None
    assert asyncio.get_running_loop().time() - start == pytest.approx(5)
    with pytest.raises(WorkflowTimeoutError):
        await debugger.handler


async def test_a_step_that_waits_only_so_long_does_not_wait_while_another_is_held() -> None:
    class Waits(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            begun = asyncio.get_running_loop().time()
            try:
                await ctx.wait_for_event(Number, timeout=5)
            except TimeoutError:
                return StopEvent(result=asyncio.get_running_loop().time() - begun)
            return StopEvent(result=None)

        @step
        async def other(self, ev: StartEvent) -> Middle | None:
            await asyncio.sleep(1)
            return Middle(text="")

        @step
        async def third(self, ev: Middle) -> StopEvent | None:
            return None

    debugger = Debugger()
    handler = Waits().run(hooks=[debugger])
    debugger.break_at("third")
    assert await debugger.stopped() is not None
    await asyncio.sleep(100)
    debugger.continue_()
    assert await handler == pytest.approx(105)


async def test_retries_do_not_count_held_time() -> None:
    class OnceMore:
        def next(
            self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None
        ) -> float | None:
            return 1.0 if elapsed_time < 10 and attempts < 3 else None

    class Retried(Workflow):
        @step(retry_policy=OnceMore())
        async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            if ctx.retry_info().retry_number == 0:
                raise ValueError
            return StopEvent(result=ctx.retry_info().elapsed_seconds)

    debugger = await held(Retried())
    await asyncio.sleep(100)
    assert await debugger.step() is not None
    await asyncio.sleep(100)
    assert await debugger.continue_() is None
    assert await debugger.handler == pytest.approx(1)


async def test_what_is_held_stops_neither_other_runs_nor_the_loop() -> None:
    workflow = Line()
    debugger = await held(workflow)
    assert await workflow.run(text="other") == "OTHER"
    await asyncio.sleep(5)
    assert debugger.status == "held"
    await debugger.cancel()


async def test_several_debuggers_watch_several_runs() -> None:
    workflow = ThreeTimes()
    debuggers = [await held(workflow) for _ in range(3)]
    stops: list[Stop | None] = [debugger.stop for debugger in debuggers]
    order = [0, 1, 2, 1, 0]
    for which in order:
        stops[which] = await debuggers[which].step()
    assert [stop.number for stop in stops if stop is not None] == [3, 3, 2]
    for debugger in debuggers:
        await debugger.continue_()
    assert [await debugger.handler for debugger in debuggers] == [3, 3, 3]


async def test_a_run_that_queues_is_stopped_when_its_turn_has_come() -> None:
    workflow = Line(num_concurrent_runs=1)
    first = await held(workflow)
    second = Debugger(break_at_start=True)
    workflow.run(text="second", hooks=[second])
    await asyncio.sleep(1)
    assert (second.status, second.stop) == ("queued", None)
    coming = second.pause()
    assert await first.continue_() is None
    assert await coming is not None
    assert second.status == "held"
    await second.continue_()
    assert await second.handler == "SECOND"


# -- attaching ---------------------------------------------------------------------------------------------------


async def test_an_idle_debugger_stands_around_no_step_and_sees_no_record() -> None:
    debugger = Debugger()
    handler = Loop().run(times=3, hooks=[debugger])
    run = handler.__wfkit_run__()
    alone = Loop().run(times=3)
    assert run.around == []
    assert run.emit == handler._history.on_unmade_record
    assert await handler == await alone == 3
    assert debugger.stops == []


async def test_it_stands_around_the_steps_only_while_it_has_something_to_do() -> None:
    class Marks(Hook):
        rank = 5

        async def around_step(self, call: Any, proceed: Any) -> Event | None:
            result: Event | None = await proceed(call)
            return result

    outer, inner = Marks(), Marks()
    inner.rank = 15  # type: ignore[misc]  # this one stands further in
    debugger = Debugger()
    handler = Loop().run(times=5, hooks=[inner, debugger, outer])
    around = handler.__wfkit_run__().around
    assert around == [outer, inner]
    point = debugger.break_at("turn", when="n == 2")
    assert around == [outer, debugger, inner]
    assert await debugger.stopped() is not None
    debugger.clear(point)
    debugger.continue_()
    await asyncio.sleep(1)
    assert around == [outer, inner]
    assert await handler == 5


async def test_a_debugger_that_is_armed_late_knows_who_sent_what_before() -> None:
    class Sleeps(Fan):
        @step
        async def square(self, ev: Item) -> Result:
            await asyncio.sleep(1)
            return Result(n=ev.n)

    debugger = Debugger()
    handler = Sleeps().run(count=2, hooks=[debugger])
    await asyncio.sleep(0.5)
    stop = await debugger.pause()
    assert stop is not None
    assert [(found.step, found.source) for found in stop.running] == [("square", "split")] * 2
    assert stop.record == len(debugger.records)
    assert await debugger.continue_() is None
    assert sorted(await handler) == [0, 1]


# -- ends --------------------------------------------------------------------------------------------------------


async def test_a_run_that_is_cancelled_from_outside_while_held_tells_the_debugger() -> None:
    debugger = await held(Fan(), count=3)
    await debugger.step()
    coming = debugger.pause()
    assert await coming is not None
    coming = debugger.step("square")
    await debugger.handler.cancel_run()
    assert await coming is None
    assert debugger.status == "cancelled"
    assert debugger._holds == {}


async def test_a_run_that_ends_beside_what_is_held_lets_go_of_it(probe: Probe) -> None:
    debugger = await held(Fan(), count=3)
    await debugger.step()
    assert await debugger.skip(0, StopEvent(result="over")) is None
    assert await debugger.handler == "over"
    assert debugger.now.ready == ()


async def test_a_failed_run_has_a_stop_just_before_even_if_nobody_asked() -> None:
    debugger = Debugger()
    handler = Fail().run(hooks=[debugger])
    with pytest.raises(ValueError, match="no good"):
        await handler
    stop = debugger.stop
    assert stop is not None
    assert (stop.why, [found.step for found in stop.ready]) == ("failed: ValueError", ["fail"])
    assert repr(stop.ready[0].error) == "ValueError('no good')"
    assert stop.snapshot is not None


async def test_an_error_of_a_step_begins_in_the_step() -> None:
    debugger = await held(Fail())
    debugger.break_at(failure=True)
    await debugger.step()
    await debugger.give_up()
    with pytest.raises(ValueError, match="no good") as caught:
        await debugger.handler
    frames = [str(entry.path) for entry in caught.traceback]
    assert [name for name in frames if "/wfkit/hooks/" in name] == []


async def test_a_cell_that_waits_for_a_held_run_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wfkit.hooks.debugger.debugger.in_notebook", lambda: True)
    debugger = await held(Line())
    waiting = asyncio.ensure_future(result_of(debugger.handler))
    await asyncio.sleep(1)
    told = "The run of Line is held by its debugger, and this cell waits for it. Use step() or continue_() of the"
    assert told in capsys.readouterr().err
    await debugger.continue_()
    assert await waiting == "HELLO"
    idle = Debugger()
    assert await Line().run(hooks=[idle]) == "HELLO"
    assert capsys.readouterr().err == ""


async def test_a_program_that_waits_long_for_a_held_run_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    debugger = await held(Line())
    waiting = [asyncio.ensure_future(result_of(debugger.handler)) for _ in range(2)]
    await asyncio.sleep(1)
    assert capsys.readouterr().err == ""
    await asyncio.sleep(10)
    assert capsys.readouterr().err.count("is held by its debugger, and this program waits for it.") == 1
    await debugger.continue_()
    assert await asyncio.gather(*waiting) == ["HELLO"] * 2


# -- threads -----------------------------------------------------------------------------------------------------


def test_commands_from_another_thread() -> None:
    debugger = Debugger(break_at_start=True)
    told: list[Any] = []

    def lead() -> None:
        try:
            stop = debugger.pause().result(10)
            assert stop is not None
            told.append(debugger.edit(text="thread"))
            try:
                debugger.edit("nowhere", text="")
            except WorkflowRuntimeError as error:
                told.append(str(error)[:30])
            point = debugger.break_at("second", when="text == 'from'")
            told.append(debugger.step(text="from").result(10))
            told.append(point.hits)
            fork = debugger.fork(1, text="fork")
            told.append(fork.continue_().result(10))
            told.append(fork.status)
            told.append(debugger.continue_().result(10))
        except BaseException as error:
            told.append(error)

    async def main() -> Any:
        handler = Line().run(hooks=[debugger])
        thread = threading.Thread(target=lead)
        thread.start()
        result = await handler
        await asyncio.to_thread(thread.join)
        return result

    assert asyncio.run(main()) == "FROM"
    edited, missing, stop, hits, fork, status, end = told
    assert edited == StartEvent(text="thread")
    assert missing == "No held delivery is nowhere. H"
    assert isinstance(stop, Stop)
    assert (stop.why, hits, fork, status, end) == ("breakpoint: second if text == 'from'", 1, None, "done", None)


def test_a_loop_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wfkit.hooks.debugger.handover.PATIENCE", 0.05)
    debugger = Debugger(break_at_start=True)
    told: list[BaseException] = []

    def lead() -> None:
        try:
            debugger.continue_()
        except BaseException as error:
            told.append(error)

    async def main() -> None:
        handler = Line().run(hooks=[debugger])
        await debugger.stopped()
        thread = threading.Thread(target=lead)
        thread.start()
        time.sleep(0.2)  # noqa: ASYNC251  # this is what is tested
        thread.join()
        assert debugger.status == "held"
        await handler.cancel_run()

    asyncio.run(main())
    assert [type(error) for error in told] == [TimeoutError]
    assert "has not answered for 0.05 s" in str(told[0])


# -- memory ------------------------------------------------------------------------------------------------------


async def test_so_many_stops_are_kept_and_it_says_so() -> None:
    debugger = Debugger(break_at_start=True, keep=3)
    Loop().run(times=10, hooks=[debugger])
    while await debugger.step():
        pass
    assert [stop.number for stop in debugger.stops] == [10, 11, 12]
    assert debugger.rewind(-1).number == debugger.rewind(12).number == 12
    assert debugger.memory.startswith("3 stops kept, ")
    with pytest.raises(ValueError, match="Stop 9 is not kept any more; 3 stops kept"):
        debugger.rewind(9)
    for wrong in (0, 13, -4):
        with pytest.raises(ValueError, match=f"There is no stop {wrong}"):
            debugger.rewind(wrong)


async def test_snapshots_have_only_so_many_bytes() -> None:
    debugger = Debugger(break_at_start=True, keep_bytes=1_000)
    Loop().run(times=30, hooks=[debugger])
    while await debugger.step():
        assert sum(stop.size for stop in debugger.stops) <= 1_000
    assert 1 < len(debugger.stops) < 10


async def test_a_snapshot_that_alone_is_too_large_is_left_out() -> None:
    debugger = Debugger(break_at_start=True, keep_bytes=1_000)
    handler = Line().run(text="x" * 2_000, hooks=[debugger])
    stop = await debugger.stopped()
    assert stop is not None
    assert stop.snapshot is None
    assert "keep_bytes=1,000 keeps none so large" in stop.problem
    with pytest.raises(ValueError, match=r"Stop 1 has no snapshot to go on from\. The snapshot has"):
        debugger.fork()
    await debugger.continue_()
    assert await handler == "X" * 2_000


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"keep": True}, {"keep_bytes": -1}, {"keep": "many"}])
def test_bounds_are_whole_numbers(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is a whole number from 1 on; it is"):
        Debugger(**wrong)


async def test_a_snapshot_that_cannot_be_taken_is_said_and_harmless() -> None:
    class Lock(Workflow):
        @step
        async def first(self, ctx: Context, ev: StartEvent) -> Middle:
            await ctx.store.set("lock", threading.Lock())
            return Middle(text="locked")

        @step
        async def second(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

    debugger = await held(Lock())
    stop = await debugger.step()
    assert stop is not None
    assert (stop.snapshot, stop.state, stop.size) == (None, None, 0)
    assert stop.problem.startswith("No snapshot: ContextSerdeError: Failed to serialize state value for key lock")
    assert "problem  No snapshot" in str(stop)
    with pytest.raises(ValueError, match=r"Stop 2 has no snapshot to go on from\. No snapshot: "):
        debugger.fork()
    assert await debugger.continue_() is None
    assert await debugger.handler == "locked"


async def test_a_debugger_and_its_run_are_let_go_together() -> None:
    class Marked(Debugger):
        alive = 0

        def __init__(self) -> None:
            super().__init__(break_at_start=True)
            Marked.alive += 1

        def __del__(self) -> None:
            Marked.alive -= 1

    async def one() -> None:
        debugger = Marked()
        Line().run(hooks=[debugger])
        while await debugger.step():
            pass

    for _ in range(3):
        await one()
    await asyncio.sleep(2)
    gc.collect()
    assert Marked.alive == 0


# -- what goes wrong inside --------------------------------------------------------------------------------------


async def test_a_mistake_in_the_debugger_never_reaches_the_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("broken inside")

    debugger = await held(Fan(), count=2)
    monkeypatch.setattr("wfkit.hooks.debugger.scribe.queued", broken)
    with caplog.at_level(logging.ERROR):
        stop = await debugger.step()
    assert stop is not None
    assert stop.problem == "RuntimeError('broken inside')"
    assert "could not take down" in caplog.text
    monkeypatch.undo()
    monkeypatch.setattr(Debugger, "_shall_hold", broken)
    await debugger.continue_()
    assert sorted(await debugger.handler) == [0, 1]


async def test_a_mistake_at_a_record_never_reaches_the_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("broken inside")

    monkeypatch.setattr(Debugger, "_state_changed", broken)
    debugger = await held(Fan(), count=2)
    assert await debugger.continue_() is None
    assert sorted(await debugger.handler) == [0, 1]
    assert "failed at a record" in caplog.text


async def test_records_and_the_log_tell_what_the_debugger_did() -> None:
    debugger = await held(Ask())
    debugger.edit(text="changed")
    await debugger.step()
    await debugger.answer(Answer(text="Ada"))
    await debugger.step(text="Bob")
    log = "\n".join(debugger.log)
    for line in (
        "> edited StartEvent of ask",
        "> stepped ask",
        "> sent Answer",
        "run ends: done",
        "greet starts on Answer",
    ):
        assert line in log
    assert len(debugger.records) == sum(1 for line in debugger.log if ">" not in line)
    records: tuple[Record, ...] = debugger.records
    assert records
