"""A handler as the value of a cell while its run goes on: it moves, in its own cell, and ends as the picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, Opener

pytestmark = pytest.mark.browser

FLOW = """
import asyncio
from wfkit import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit import ProgressEvent

class Page(Event):
    number: int

class Ready(InputRequiredEvent):
    text: str

class Go(HumanResponseEvent):
    pass

gate = asyncio.Semaphore(0)

class ReadFlow(Workflow):
    @step
    async def open(self, ev: StartEvent) -> Page:
        return Page(number=3)

    @step
    async def read(self, ctx: Context, ev: Page) -> Ready:
        for done in range(1, ev.number + 1):
            ctx.write_event_to_stream(ProgressEvent(done=done, total=ev.number, message=f"page <b>{done}</b>"))
            await gate.acquire()
        return Ready(text="Is that <i>all</i>?")

    @step
    async def close(self, ev: Go) -> StopEvent:
        return StopEvent(result="read to the end")
"""
SHOW = "handler = ReadFlow(timeout=None).run()\nhandler"
RELEASE = "gate.release()"
ANSWER = "await handler.send_event(Go())\nprint(await handler)"
LIVE = ".wfkit-live"


def size(shown: Locator) -> tuple[float, float]:
    """Return the width and the height of something on the page."""
    box = shown.bounding_box()
    assert box is not None
    return box["width"], box["height"]


def ground(page: Page) -> str:
    """Return the colour behind the status."""
    colour: str = page.locator(LIVE).first.evaluate("element => getComputedStyle(element).backgroundColor")
    return colour


def test_a_run_is_seen_to_move_and_ends_as_its_picture(lab: Lab, open_notebook: Opener, tmp_path: Path) -> None:
    notebook = open_notebook(lab.write("live", FLOW, SHOW, RELEASE, "handler", ANSWER, "handler"))
    page = notebook.page
    notebook.run(0)
    notebook.run(1)
    shown = page.locator(".jp-Cell").nth(1).locator(LIVE)
    expect(shown.locator(".wfkit-amount")).to_have_text("1 of 3")
    expect(shown.locator(".wfkit-message")).to_have_text("page <b>1</b>")
    expect(shown.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "33")
    before = size(shown)
    notebook.run(2)
    expect(shown.locator(".wfkit-amount")).to_have_text("2 of 3")
    assert size(shown) == before, "the status jumps"
    assert notebook.outputs(2) == [], "an update went to another cell"

    notebook.run(3)  # shown in a second cell, too
    expect(page.locator(LIVE)).to_have_count(2)
    notebook.run(2)
    expect(page.locator(f"{LIVE} .wfkit-amount", has_text="3 of 3")).to_have_count(2)
    notebook.run(2)
    expect(shown.locator(".wfkit-question")).to_contain_text("Ready text='Is that <i>all</i>?'")

    notebook.set_theme(light=True)
    page.screenshot(path=tmp_path / "live.png")
    light = ground(page)
    notebook.set_theme(light=False)
    assert ground(page) != light
    notebook.set_theme(light=True)

    notebook.run(4)
    assert notebook.text(4).strip() == "read to the end"
    expect(page.locator(LIVE)).to_have_count(0)
    notebook.run(5)
    ended, also, shown_later = (notebook.outputs(index) for index in (1, 3, 5))
    assert len(ended) == len(also) == len(shown_later) == 1
    assert ended[0]["data"] == also[0]["data"] == shown_later[0]["data"]
    assert "result: 'read to the end'" in notebook.text(1)


def test_a_run_that_is_interrupted_or_fails_goes_on_being_shown(
    lab: Lab, open_notebook: Opener, tmp_path: Path
) -> None:
    failing = """
class FailFlow(Workflow):
    @step
    async def dig(self, ev: StartEvent) -> Page:
        await asyncio.sleep(0.5)
        return Page(number=1)

    @step
    async def look(self, ev: Page) -> StopEvent:
        await gate.acquire()
        raise ValueError("no <treasure> here")

handler = FailFlow(timeout=30).run()
display(handler)
await handler
"""
    notebook = open_notebook(lab.write("live_failing", FLOW, failing, RELEASE, "await handler"))
    page = notebook.page
    notebook.run(0)
    notebook.start(1)
    row = page.locator(f"{LIVE} .wfkit-row", has_text="look")
    expect(row).to_contain_text("1 running")
    notebook.interrupt()
    notebook.wait_until_done(5)
    expect(row).to_contain_text("1 running")
    notebook.run(2)
    told = page.locator(".jp-Cell").nth(1).locator(".wfkit-failure")
    expect(told).to_contain_text("ValueError: no <treasure> here")
    expect(told).to_contain_text("In step look, working on Page")
    expect(told).to_contain_text("StartEvent → dig → Page → look")
    assert "File" not in told.inner_text(), "the traceback is to be folded"
    told.locator("summary").click()
    expect(told.locator("pre")).to_contain_text("Cell In[")
    page.screenshot(path=tmp_path / "failure.png")
    notebook.run(3)
    error = page.locator(".jp-Cell").nth(3)
    expect(error).to_contain_text(
        "In step 'look' of FailFlow, working on Page. The way there: StartEvent -> dig -> Page."
    )
