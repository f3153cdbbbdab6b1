"""Life in a notebook: what a cell shows, what a failure says, what the stop button, a second run of a
cell and a run without `await` do."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, Opener

pytestmark = pytest.mark.browser

GREETING = """
import asyncio
from wfkit import Event, StartEvent, StopEvent, Workflow, step

class Greeting(Event):
    text: str

class GreetFlow(Workflow):
    @step
    async def greet(self, ev: StartEvent) -> Greeting:
        return Greeting(text=f"Hello, {ev.name}!")

    @step
    async def finish(self, ev: Greeting) -> StopEvent:
        return StopEvent(result=ev.text)
"""


@pytest.mark.parametrize("trouble", ["fetch('http://outside.invalid/x').catch(() => 0)", "console.error('outside')"])
def test_trouble_on_a_page_is_noticed(trouble: str, page: Page, problems: list[str]) -> None:
    page.evaluate(f"() => {{ {trouble} }}")
    page.wait_for_timeout(100)
    assert problems
    assert all("outside" in problem for problem in problems)
    problems.clear()


def test_the_last_value_of_a_cell_is_shown(lab: Lab, open_notebook: Opener) -> None:
    cells = [
        "GreetFlow",
        "GreetFlow(timeout=10)",
        "handler = GreetFlow(timeout=10).run(name='you')\nhandler",
        "await handler\nhandler",
    ]
    notebook = open_notebook(lab.write("shown", GREETING, *cells))
    notebook.run_all()
    for index in range(1, len(cells) + 1):
        assert "GreetFlow" in notebook.text(index)
        (output,) = notebook.outputs(index)
        assert "text/html" in output["data"], f"cell {index} shows no HTML"
        area = notebook.cell(index).locator(".jp-OutputArea-output")
        expect(area).to_be_visible()
        size = area.bounding_box()
        assert size is not None
        assert size["height"] > 15
    assert "Hello, you!" in notebook.text(len(cells))


def test_a_run_that_fails_in_the_background_shows_its_error(lab: Lab, open_notebook: Opener) -> None:
    failing = """
class FailingFlow(Workflow):
    @step
    async def dig(self, ev: StartEvent) -> StopEvent:
        raise ValueError("no treasure here")

handler = FailingFlow(timeout=10).run()
"""
    notebook = open_notebook(lab.write("failing", GREETING, failing, "'next'"))
    notebook.run_all()
    shown = notebook.page.locator(".jp-OutputArea-output", has_text="no treasure here")
    expect(shown.first).to_be_visible(timeout=5_000)
    assert shown.count() == 1
    assert "dig" in shown.inner_text()


def test_the_stop_button_ends_the_cell_and_not_the_run(lab: Lab, open_notebook: Opener) -> None:
    slow = """
class SlowFlow(Workflow):
    @step
    async def work(self, ev: StartEvent) -> StopEvent:
        print("working")
        await asyncio.sleep(3)
        return StopEvent(result="worked to the end")

handler = SlowFlow(timeout=30).run()
await handler
"""
    notebook = open_notebook(lab.write("stopped", GREETING, slow, "print(handler.is_done())", "print(await handler)"))
    notebook.run(0)
    notebook.start(1)
    expect(notebook.page.locator(".jp-OutputArea-output", has_text="working")).to_be_visible()
    before = time.monotonic()
    notebook.interrupt()
    notebook.wait_until_done(5)
    assert time.monotonic() - before < 1.5
    assert "cancel" in notebook.text(1)
    notebook.run(2)
    assert notebook.text(2).strip() == "False"
    notebook.run(3)
    assert notebook.text(3).strip() == "worked to the end"


def test_the_stop_button_ends_a_cell_that_reads_the_stream_of_a_waiting_run(lab: Lab, open_notebook: Opener) -> None:
    asking = """
from wfkit import Context, HumanResponseEvent

class AskFlow(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answer = await ctx.wait_for_event(HumanResponseEvent)
        return StopEvent(result=answer.text)
"""
    read = "handler = AskFlow().run()\nprint('reading')\nasync for event in handler.stream_events():\n    print(event)"
    reply = "await handler.send_event(HumanResponseEvent(text='still here'))\nprint(await handler)"
    notebook = open_notebook(lab.write("reading", GREETING, asking, read, reply))
    notebook.run(0)
    notebook.run(1)
    notebook.start(2)
    expect(notebook.page.locator(".jp-OutputArea-output", has_text="reading")).to_be_visible()
    notebook.interrupt()
    notebook.wait_until_done(5)
    notebook.run(3)
    assert notebook.text(3).strip() == "still here"


def test_the_cells_of_event_classes_and_free_steps_can_be_run_again(lab: Lab, open_notebook: Opener) -> None:
    event = "class Word(Event):\n    text: str"
    make = "flow = Workflow(timeout=5)"
    steps = """
@step(workflow=flow)
async def say(ev: StartEvent) -> Word:
    return Word(text="ahoy")

@step(workflow=flow)
async def end(ev: Word) -> StopEvent:
    return StopEvent(result=ev.text)
"""
    run = "print(await flow.run(), await GreetFlow(timeout=5).run(name='you'))"
    notebook = open_notebook(lab.write("again", GREETING, event, make, steps, run))
    notebook.run_all()
    assert notebook.text(4).strip() == "ahoy Hello, you!"
    for again in ([1], [3], [1, 3], [0], [0, 1]):
        for index in (*again, 4):
            notebook.run(index)
        assert notebook.text(4).strip() == "ahoy Hello, you!", f"after running cells {again} again"


def test_run_sync_lets_the_cells_after_it_run(lab: Lab, open_notebook: Opener) -> None:
    cells = [
        "from wfkit import run_sync\nflow = GreetFlow(timeout=5)",
        "print(run_sync(flow, name='thread'))",
        "print(run_sync(flow, nested=True, name='nested loop'))",
        "print(await flow.run(name='cell'))",
    ]
    notebook = open_notebook(lab.write("sync", GREETING, *cells))
    notebook.run_all()
    assert [notebook.text(index).strip() for index in (2, 3, 4)] == [
        "Hello, thread!",
        "Hello, nested loop!",
        "Hello, cell!",
    ]
