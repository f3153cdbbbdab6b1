"""The one source of time: the running loop's, unless another clock is put in place."""

from __future__ import annotations

import ast
import asyncio
import time
from pathlib import Path

import pytest

from tests.flows import Slow
from wfkit import WorkflowTimeoutError
from wfkit.clock import LoopClock, current_clock, use_clock
from wfkit.testing import FakeClock

PACKAGE = Path(__file__).resolve().parent.parent / "wfkit"


async def test_the_default_clock_reads_the_virtual_time_of_the_loop() -> None:
    clock = current_clock()
    before = clock.now()
    await asyncio.sleep(100)
    assert clock.now() - before == 100


def test_the_default_clock_reads_real_time_on_a_real_loop() -> None:
    async def main() -> None:
        clock = LoopClock()
        before = time.monotonic()
        assert before <= clock.now() <= time.monotonic()
        assert abs(clock.now() - asyncio.get_running_loop().time()) < 1

    with asyncio.Runner() as runner:
        runner.run(main())


async def test_a_call_comes_when_it_is_due() -> None:
    clock, calls = current_clock(), []
    clock.call_later(5, lambda: calls.append(clock.now()))
    begin = clock.now()
    await asyncio.sleep(4)
    assert calls == []
    await asyncio.sleep(2)
    assert calls == [begin + 5]


async def test_a_cancelled_call_does_not_come() -> None:
    clock, calls = current_clock(), []
    timer = clock.call_later(5, lambda: calls.append(1))
    timer.cancel()
    timer.cancel()
    await asyncio.sleep(10)
    assert calls == []


def test_without_a_loop_there_is_no_default_clock() -> None:
    with pytest.raises(RuntimeError):
        current_clock()


def test_a_clock_is_in_place_inside_its_block_only() -> None:
    outer, inner = FakeClock(), FakeClock()
    with use_clock(outer) as given:
        assert given is outer
        with use_clock(inner):
            assert current_clock() is inner
        assert current_clock() is outer
    with pytest.raises(RuntimeError):
        current_clock()


def test_a_block_that_raises_puts_the_clock_back() -> None:
    with pytest.raises(KeyError), use_clock(FakeClock()):
        raise KeyError
    with pytest.raises(RuntimeError):
        current_clock()


async def test_tasks_started_inside_the_block_live_by_its_clock() -> None:
    async def ask() -> object:
        await asyncio.sleep(1)
        return current_clock()

    with use_clock(FakeClock()) as clock:
        task = asyncio.create_task(ask())
    assert await task is clock


async def test_a_run_keeps_the_clock_it_began_with() -> None:
    with use_clock(FakeClock()) as clock:
        handler = Slow(timeout=10).run(seconds=1_000)
    await asyncio.sleep(500)
    assert not handler.is_done()
    await clock.advance(9)
    assert not handler.is_done()
    await clock.advance(1)
    with pytest.raises(WorkflowTimeoutError):
        await handler


def test_no_other_module_of_the_core_imports_time() -> None:
    """A delay and the moment it is measured from must come from the same clock."""
    offenders = [
        path.name
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name == "time" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "time")
    ]
    assert offenders == ["clock.py"]
