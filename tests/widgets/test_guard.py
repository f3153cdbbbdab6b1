"""A cell that awaits a held run: it waits where clicks come, and ends with an error where they do not."""

from __future__ import annotations

import asyncio

import pytest

from tests.widgets.panels import CountFlow, FakePage
from wfkit import WouldDeadlock
from wfkit.errors import WorkflowError
from wfkit.widgets import guard
from wfkit.widgets.debugger import DebuggerPanel, debug


@pytest.fixture(autouse=True)
def in_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look as if this were a cell of a notebook."""
    monkeypatch.setattr(guard, "in_notebook", lambda: True)


async def held_page(answers: bool) -> tuple[FakePage, DebuggerPanel]:
    panel = debug(CountFlow(timeout=None), n=3)
    page = FakePage(panel, answers=answers)
    await page.settled()
    return page, panel


async def test_where_clicks_do_not_come_the_cell_ends_and_the_run_lives_on() -> None:
    page, panel = await held_page(answers=False)
    began = panel._loop.time()
    with pytest.raises(WouldDeadlock) as raised:
        await panel.handler
    assert panel._loop.time() - began <= 3.2
    assert "held before first, and clicks cannot come while this cell waits" in str(raised.value)
    assert isinstance(raised.value, (WorkflowError, RuntimeError))
    assert panel.debugger.status == "held"
    await page.click("continue")
    assert await panel.handler == [6, 3]


async def test_where_clicks_come_the_cell_waits_for_them() -> None:
    page, panel = await held_page(answers=True)
    waiting = asyncio.ensure_future(panel.handler._result())
    await asyncio.sleep(60)
    assert not waiting.done()
    await page.click("continue")
    assert await waiting == [6, 3]


async def test_a_breakpoint_that_comes_later_is_noticed_too() -> None:
    panel = debug(CountFlow(timeout=None), breakpoints=["last"], n=3)
    FakePage(panel, answers=False)
    with pytest.raises(WouldDeadlock, match="held before last"):
        await panel.handler
    panel.debugger.continue_()
    assert await panel.handler == [6, 3]


async def test_a_run_that_python_leads_on_meanwhile_is_awaited_to_its_end() -> None:
    _, panel = await held_page(answers=False)
    panel._loop.call_later(1, panel.debugger.continue_)
    assert await panel.handler == [6, 3]


async def test_an_interrupted_wait_leaves_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    page, panel = await held_page(answers=False)
    waiting = asyncio.ensure_future(panel.handler._result())
    await asyncio.sleep(0.5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert "goes on in the background" in capsys.readouterr().err
    await page.click("continue")
    assert await panel.handler == [6, 3]


async def test_reading_the_stream_does_not_deadlock_either() -> None:
    page, panel = await held_page(answers=False)
    with pytest.raises(WouldDeadlock):
        async for _ in panel.handler.stream_events():
            pass
    await page.click("continue")
    assert [type(event).__name__ async for event in panel.handler.stream_events()] == ["StopEvent"]
