"""The debugger in JupyterLab, led by clicks and keys as a person leads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, Opener, OpenNotebook

pytestmark = pytest.mark.browser

FLOW = """
import asyncio
from wfkit import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit.widgets.debugger import debug

class Number(Event):
    n: int
    password: str = "hunter2"

class Total(Event):
    n: int

class Question(InputRequiredEvent):
    text: str

class Reply(HumanResponseEvent):
    word: str

class CountFlow(Workflow):
    @step
    async def first(self, ctx: Context, ev: StartEvent) -> Number:
        await ctx.store.set("seen", ev.n)
        return Number(n=ev.n)

    @step
    async def double(self, ev: Number) -> Total:
        return Total(n=2 * ev.n)

    @step
    async def last(self, ctx: Context, ev: Total) -> StopEvent:
        return StopEvent(result=[ev.n, await ctx.store.get("seen")])

class AskFlow(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Question:
        return Question(text=ev.text)

    @step
    async def hear(self, ev: Reply) -> StopEvent:
        return StopEvent(result=ev.word)
"""
DEBUG = "panel = debug(CountFlow(timeout=None), n=3)\npanel"
RESULT = "print(await panel.handler)"


def shown(page: Page, place: int = 0) -> Locator:
    """Return the panel that is the how-manyth on the page."""
    return page.locator(".wfd-face").nth(place)


def state(panel: Locator) -> Locator:
    """Return what the panel's head says."""
    return panel.locator(".wfd-state")


def press(panel: Locator, name: str) -> None:
    """Click a button of the panel."""
    panel.locator(f".wfd-bar .wfd-{name}").click()


def begin(lab: Lab, open_notebook: Opener, name: str, *cells: str) -> OpenNotebook:
    """Open a notebook and run its first two cells, the second of which shows a panel."""
    notebook = open_notebook(lab.write(name, FLOW, *cells))
    notebook.run(0)
    notebook.run(1)
    return notebook


def test_a_run_is_led_by_clicks(lab: Lab, open_notebook: Opener, tmp_path: Path) -> None:
    notebook = begin(lab, open_notebook, "debug", DEBUG, RESULT)
    panel = shown(notebook.page)
    expect(state(panel)).to_have_text("HELD before first")
    panel.locator("#wf-double").click()
    expect(panel.locator(".wfd-point")).to_contain_text("double")
    panel.press("c")
    expect(state(panel)).to_have_text("HELD before double")
    expect(panel.locator(".wfd-next")).to_contain_text("step gives Number to double")
    assert "hunter2" not in panel.inner_text()

    panel.locator(".wfd-held .wf-form-control").first.fill("20")
    expect(panel.locator(".wfd-step")).to_contain_text("step as edited")
    notebook.page.screenshot(path=tmp_path / "edited.png")
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before last")
    expect(panel.locator(".wfd-held .wf-form-control").first).to_have_value("40")
    row = panel.locator(".wfd-leaf", has_text="seen")
    row.hover()
    row.get_by_role("button", name="edit").click()
    notebook.page.keyboard.press("ControlOrMeta+a")
    notebook.page.keyboard.type("4")
    notebook.page.keyboard.press("Enter")
    expect(row.locator(".wfd-value")).to_contain_text("4was 3")
    panel.focus()
    for key in ("x", "d", "d", "z"):  # with these JupyterLab would cut the cell
        notebook.page.keyboard.press(key)
    press(panel, "continue")
    expect(panel).to_have_count(0)
    expect(notebook.page.locator(".jp-Cell").nth(1).locator("iframe")).to_be_visible()
    notebook.run(2)
    assert notebook.text(2) == "[40, 4]\n"
    outputs = notebook.outputs(1)
    assert [output["data"]["text/plain"][:16] for output in outputs] == ["Run of CountFlow", "Debugged with 4 "]
    assert "widget-view" not in str(outputs), "a saved notebook would look for its model"


def test_an_earlier_stop_is_looked_at_and_forked(lab: Lab, open_notebook: Opener, tmp_path: Path) -> None:
    notebook = begin(lab, open_notebook, "fork", DEBUG, RESULT, "fork = panel.debugger\nfork.forked_at")
    panel = shown(notebook.page)
    expect(state(panel)).to_have_text("HELD before first")
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before double")
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before last")
    press(panel, "rewind")
    expect(state(panel)).to_have_text("STOP 2")
    panel.locator(".wfd-held .wf-form-control").first.fill("5")
    press(panel, "fork")
    expect(panel.locator(".wfd-run").nth(1)).to_have_text("fork 1 from 2")
    expect(state(panel)).to_have_text("HELD before double")
    expect(panel.locator(".wfd-held .wf-form-control").first).to_have_value("5")
    notebook.page.screenshot(path=tmp_path / "fork.png")
    notebook.run(3)
    assert notebook.text(3) == "2"
    press(panel, "continue")
    expect(state(panel)).to_have_text("DONE")
    notebook.run(2)
    assert notebook.text(2) == "[10, 3]\n"
    panel.locator(".wfd-run").first.click()
    expect(state(panel)).to_have_text("HELD before last")
    press(panel, "continue")
    expect(panel).to_have_count(0)


def test_a_question_is_answered_and_a_step_is_skipped(lab: Lab, open_notebook: Opener) -> None:
    ask = (
        "panel = debug(AskFlow(timeout=None), breakpoints=['hear'], text='<img src=x onerror=alert(1)> &amp;?')\npanel"
    )
    notebook = begin(lab, open_notebook, "ask", ask, RESULT)
    panel = shown(notebook.page)
    expect(state(panel)).to_have_text("WAITING")
    expect(panel.locator(".wfd-text")).to_have_text("<img src=x onerror=alert(1)> &amp;?")
    panel.locator(".wfd-asked .wf-form-control").fill("yes")
    panel.get_by_role("button", name="answer").click()
    expect(state(panel)).to_have_text("HELD before hear")
    panel.get_by_role("button", name="skip with a result…").click()
    panel.locator(".wfd-held .wf-form-control:visible").first.fill('"skipped"')
    panel.get_by_role("button", name="skip", exact=True).click()
    expect(panel).to_have_count(0)
    notebook.run(2)
    assert notebook.text(2) == "skipped\n"


def test_the_handler_is_awaited_in_the_same_cell(lab: Lab, open_notebook: Opener) -> None:
    awaited = "panel = debug(CountFlow(timeout=None), n=3)\ndisplay(panel)\nprint(await panel.handler)"
    notebook = open_notebook(lab.write("await", FLOW, awaited, "1 + 1", RESULT))
    notebook.run(0)
    notebook.start(1)
    panel = shown(notebook.page)
    expect(state(panel)).to_have_text("HELD before first")
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before double")
    notebook.interrupt()  # the wait is cut short, the run is not
    notebook.wait_until_done(5)
    assert "goes on in the background" in notebook.text(1)
    notebook.run(2)
    assert notebook.text(2) == "2"
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before last")
    notebook.start(3)
    press(panel, "continue")
    notebook.wait_until_done(10)
    assert notebook.text(3) == "[6, 3]\n"


def test_two_debuggers_on_one_page_and_a_restart(lab: Lab, open_notebook: Opener, tmp_path: Path) -> None:
    other = "other = debug(CountFlow(timeout=None), n=100)\nother"
    notebook = begin(lab, open_notebook, "two", DEBUG, other)
    page = notebook.page
    notebook.run(2)
    first, second = shown(page, 0), shown(page, 1)
    expect(state(second)).to_have_text("HELD before first")
    second.locator("#wf-last").click()
    expect(second.locator(".wfd-point")).to_have_count(1)
    press(first, "step")
    expect(state(first)).to_have_text("HELD before double")
    expect(state(second)).to_have_text("HELD before first")
    expect(first.locator(".wfd-point")).to_have_count(0)
    second.press("c")
    expect(state(second)).to_have_text("HELD before last")
    expect(second.locator(".wfd-held .wf-form-control").first).to_have_value("200")
    notebook.set_theme(light=False)
    page.screenshot(path=tmp_path / "two-dark.png")
    notebook.set_theme(light=True)

    silence = page.locator(".wfkit-silence").first
    expect(silence).to_be_hidden()
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(silence).to_contain_text("after a restart, run the cell again")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    notebook.run(0)
    notebook.run(1)
    panel = page.locator(".jp-Cell").nth(1).locator(".wfd-face")
    expect(state(panel)).to_have_text("HELD before first")
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before double")


def test_a_notebook_that_is_saved_while_the_run_is_held_shows_where(
    lab: Lab, open_notebook: Opener, tmp_path: Path
) -> None:
    notebook = begin(lab, open_notebook, "saved", DEBUG)
    page = notebook.page
    panel = shown(page)
    expect(state(panel)).to_have_text("HELD before first")
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before double")
    still = page.locator(".wfkit-still")
    expect(still).to_contain_text("CountFlow: HELD before double")
    expect(still).to_be_hidden()
    notebook.save()
    page.reload()  # the run goes on, and so does the panel
    expect(state(panel)).to_have_text("HELD before double", timeout=30_000)
    press(panel, "step")
    expect(state(panel)).to_have_text("HELD before last")
    reader = OpenNotebook(lab, page, "saved.ipynb", kernel=False)
    cell = reader.cell(1)
    expect(cell.locator(".wfkit-still img")).to_be_visible()
    expect(cell.get_by_text("model not found")).to_be_hidden()
    page.screenshot(path=tmp_path / "saved.png")
