"""A cell that awaits a held run: it waits where clicks come, and ends with an error where they do not."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from tests.widgets.panels import CountFlow, FakePage
from wfkit import WouldDeadlock
from wfkit.errors import WorkflowError
from wfkit.widgets import base, guard
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
    await page.click("hello", page="p")
    began = panel._loop.time()
    with pytest.raises(WouldDeadlock) as raised:
        await panel.handler
    assert panel._loop.time() - began <= 3.2
    assert "held before first, and clicks cannot come while this cell waits" in str(raised.value)
    assert isinstance(raised.value, (WorkflowError, RuntimeError))
    assert panel.debugger.status == "held"
    await page.click("continue")
    assert await panel.handler == [6, 3]


async def test_a_panel_that_nobody_sees_is_said_to_be_so() -> None:
    page, panel = await held_page(answers=False)
    with pytest.raises(WouldDeadlock, match=r"held before first, and its panel is not shown\."):
        await panel.handler
    await page.click("continue")
    assert await panel.handler == [6, 3]


CELL: ContextVar[str] = ContextVar("cell", default="")


@pytest.mark.parametrize("read", [False, True])
async def test_the_last_picture_is_an_output_of_the_cell_that_awaits(
    monkeypatch: pytest.MonkeyPatch, read: bool
) -> None:
    published: list[tuple[str, str]] = []
    monkeypatch.setattr(base, "in_notebook", lambda: True)
    monkeypatch.setattr(base, "_publish", lambda bundle, *_: published.append((CELL.get(), bundle["text/plain"][:8])))
    CELL.set("first")
    panel = debug(CountFlow(timeout=None), breakpoints=["last"], n=3)
    panel._ipython_display_()

    async def cell() -> None:
        CELL.set("second")
        panel.debugger.clear()
        panel.debugger.continue_()
        if read:
            assert [event async for event in panel.handler.stream_events()]
        else:
            await panel.handler

    await asyncio.ensure_future(cell())
    assert published[2:] == [("second", "Run of C"), ("second", "Debugged")], "and not later"
    await asyncio.sleep(10)
    assert len(published) == 4


async def test_one_panel_of_several_that_can_be_clicked_is_enough() -> None:
    _, gone = await held_page(answers=False)
    other = FakePage(DebuggerPanel(gone.debugger))
    waiting = asyncio.ensure_future(gone.handler._result())
    await asyncio.sleep(30)
    assert not waiting.done()
    assert other.asked == 1
    await other.click("continue")
    assert await waiting == [6, 3]


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
