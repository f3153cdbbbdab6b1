"""Watching a debugger: what a panel needs of it, from the event loop and from other threads."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from tests.flows import Answer, Ask, Fan, Line, Loop, Slow
from wfkit import Context, Recorder, Workflow
from wfkit.context import CURRENT
from wfkit.hooks.debugger import Debugger


async def held(workflow: Workflow[Any], **fields: Any) -> Debugger:
    """Start a run that is held at its start."""
    debugger = Debugger(break_at_start=True)
    workflow.run(hooks=[debugger], **fields)
    await debugger.stopped()
    return debugger


# -- changes -----------------------------------------------------------------------------------------------------


async def test_who_watches_is_called_when_something_has_changed_and_only_then() -> None:
    debugger = Debugger(break_at_start=True)
    calls: list[Any] = []
    leave = debugger.watch(lambda: calls.append((debugger.status, debugger.current)))
    handler = Fan().run(count=3, hooks=[debugger])
    stop = await debugger.stopped()
    await asyncio.sleep(1)
    assert calls[-1] == ("held", stop)
    assert len(calls) < 6

    async def told(do: Any) -> bool:
        before = len(calls)
        do()
        await asyncio.sleep(1)
        return len(calls) == before + 1

    assert await told(lambda: debugger.edit(count=2))
    assert await told(lambda: debugger.break_at("tally"))
    assert await told(debugger.clear)
    assert not await told(lambda: None)
    assert not await told(lambda: debugger.now)
    fork = debugger.fork()
    assert debugger.forks == (fork,)
    await fork.stopped()
    await fork.cancel()
    await debugger.step()
    await asyncio.sleep(1)
    assert calls[-1] == ("held", debugger.stop)
    leave()
    leave()
    count = len(calls)
    await debugger.continue_()
    assert sorted(await handler) == [0, 1]
    assert len(calls) == count


async def test_the_end_of_a_run_that_was_never_held_is_seen() -> None:
    debugger = Debugger()
    seen: list[str] = []
    debugger.watch(lambda: seen.append(debugger.status))
    assert await Loop().run(times=500, hooks=[debugger]) == 500
    await asyncio.sleep(0)
    assert seen[-1] == "done"
    assert len(seen) < 250  # one call for a turn of the event loop, not for each of its 1,500 records


async def test_a_watcher_that_raises_reaches_nobody(caplog: pytest.LogCaptureFixture) -> None:
    debugger = Debugger()
    seen: list[int] = []

    def fails() -> None:
        raise RuntimeError("broken")

    debugger.watch(fails)
    debugger.watch(lambda: seen.append(1))
    with caplog.at_level(logging.ERROR):
        assert await Line().run(hooks=[debugger]) == "HELLO"
        await asyncio.sleep(0)
    assert seen
    assert "raised while watching a debugger; the run goes on" in caplog.text


async def test_what_a_watcher_does_is_not_done_by_a_step() -> None:
    debugger = Debugger()
    places: list[Any] = []
    debugger.watch(lambda: places.append(CURRENT.get()))
    await Line().run(hooks=[debugger])
    await asyncio.sleep(0)
    assert set(places) == {None}


# -- the log -----------------------------------------------------------------------------------------------------


async def test_the_tail_of_the_log_is_its_end() -> None:
    debugger = await held(Loop(), times=20)
    debugger.edit(times=10)
    for _ in range(4):
        await debugger.step()
    assert [text for _, text in debugger.notes] == [
        "edited StartEvent of begin",
        "stepped begin",
        *["stepped turn"] * 3,
    ]
    for most in (1, 3, 7, 1_000):
        assert debugger.log_tail(most) == debugger.log[-most:]
    await debugger.continue_()
    assert debugger.log_tail(2) == debugger.log[-2:]
    assert "run ends: done" in debugger.log_tail(1)[0]


async def test_numbers_of_records_hold_when_the_recorder_has_let_some_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorder, "DEFAULT_LIMIT", 12)
    debugger = Debugger()
    debugger.break_at("turn", when="n == 12")
    handler = Loop().run(times=20, hooks=[debugger])
    stop = await debugger.stopped()
    assert stop is not None
    assert stop.record > 30
    before = debugger.records
    assert debugger.led_to(1) == before
    assert debugger.log[0].split()[0] == str(stop.record - 12 + 1)
    fork = debugger.fork()
    assert await fork.stopped() is not None
    debugger.step()
    await asyncio.sleep(1)
    led = debugger.led_to(1)
    assert led == before[-len(led) :]
    assert len(led) < len(before)
    assert fork.history == (*led, *fork.records)
    await debugger.continue_()
    assert debugger.led_to(1) == ()
    await fork.continue_()
    assert await handler == await fork.handler == 20


# -- other threads -----------------------------------------------------------------------------------------------


async def test_a_thread_sets_the_state_and_awaits_in_a_loop_of_its_own() -> None:
    debugger = await held(Ask())
    store = debugger.handler.ctx.store
    places: list[Any] = []
    tell = store.on_change
    assert tell is not None

    def tell_where(change: Any, keys: Any) -> None:
        places.append(threading.current_thread())
        tell(change, keys)

    store.on_change = tell_where

    async def lead() -> Any:
        await debugger.set_state("user", "Ada")
        stop = await debugger.stopped()
        debugger.continue_()
        waits = await debugger.stopped()
        debugger.answer(Answer(text="Bob"))
        await asyncio.wait_for(debugger.stopped(), 5)
        return stop, waits

    stop, waits = await asyncio.to_thread(lambda: asyncio.run(lead()))
    assert (stop.why, stop.state) == ("set user", {"user": "Ada"})
    assert waits.why.startswith("waits: ")
    assert set(places) == {threading.current_thread()}
    assert await debugger.handler == "hello Bob"


async def test_a_thread_cancels_the_run() -> None:
    debugger = await held(Line())
    await asyncio.to_thread(lambda: asyncio.run(debugger.cancel()))
    assert debugger.status == "cancelled"


async def test_result_does_not_block_the_loop_that_the_run_needs() -> None:
    debugger = await held(Slow(), seconds=5)
    coming = debugger.step()
    with pytest.raises(RuntimeError, match=r"would stop the event loop that the run needs.*Await this\."):
        coming.result()
    assert await coming is None
    assert coming.result() is None  # what has come is there


def test_a_debugger_is_watched_after_its_loop_is_gone() -> None:
    debugger = Debugger(break_at_start=True)

    async def main() -> None:
        Line().run(hooks=[debugger])
        await debugger.stopped()
        debugger.watch(lambda: None)
        await debugger.cancel()

    asyncio.run(main())
    debugger.clear()
    debugger.break_at("first")
    assert debugger.log
    assert isinstance(debugger.handler.ctx, Context)
